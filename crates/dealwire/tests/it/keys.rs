//! `dealwire keys create`, and the settings every subcommand shares.

use std::os::unix::fs::PermissionsExt as _;

use crate::process::{dealwire, output};

#[tokio::test]
async fn makes_keys_once_for_the_owner_alone() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    let folder_arg = folder.to_str().unwrap();
    let mut contents = Vec::new();
    for expected in ["created", "kept"] {
        let result = output(&mut dealwire(&["keys", "create", "--data-dir", folder_arg])).await;
        assert!(result.status.success(), "{result:?}");
        let said = String::from_utf8(result.stdout).unwrap();
        assert_eq!(said.matches(expected).count(), 3, "{said}");
        let files =
            ["token-key.pem", "token-key.pub.pem", "master.key"].map(|name| folder.join(name));
        for file in &files {
            assert!(said.contains(file.to_str().unwrap()), "{said}");
            let mode = file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        contents.push(files.map(|file| std::fs::read(file).unwrap()));
    }
    assert_eq!(contents[0], contents[1]);
}

#[tokio::test]
async fn refuses_a_key_that_others_may_read() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("master.key");
    std::fs::write(&key, "x").unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let folder_arg = folder.path().to_str().unwrap();
    let result = output(&mut dealwire(&["keys", "create", "--data-dir", folder_arg])).await;
    assert_eq!(result.status.code(), Some(1));
    let reason = String::from_utf8(result.stderr).unwrap();
    assert!(reason.contains("chmod 600"), "{reason}");
}

#[tokio::test]
async fn printed_settings_are_a_usable_file() {
    let folder = tempfile::tempdir().unwrap();
    let printed = output(&mut dealwire(&["settings"])).await.stdout;
    let file = folder.path().join("dealwire.toml");
    std::fs::write(&file, printed).unwrap();
    let mut command = dealwire(&["keys", "create"]);
    command
        .env("DEALWIRE_CONFIG", &file)
        .current_dir(folder.path());
    let result = output(&mut command).await;
    assert!(result.status.success(), "{result:?}");
    assert!(folder.path().join("dealwire-data/master.key").exists());
}

#[tokio::test]
async fn an_unknown_setting_is_refused_by_name() {
    let mut command = dealwire(&["keys", "create"]);
    let result = output(command.env("DEALWIRE__HTTP__LISTNE", "x")).await;
    assert_eq!(result.status.code(), Some(1));
    let reason = String::from_utf8(result.stderr).unwrap();
    assert!(reason.contains("listne"), "{reason}");
}
