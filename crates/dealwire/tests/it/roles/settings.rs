//! What a role says when its settings are incomplete or wrong.

use super::site::{keys, without_servers};
use crate::process::{dealwire, output};

/// The reason that a command which cannot start gives.
async fn refusal(mut command: tokio::process::Command) -> String {
    let result = output(&mut command).await;
    assert_eq!(result.status.code(), Some(1), "{result:?}");
    String::from_utf8(result.stderr).unwrap()
}

#[tokio::test]
async fn a_missing_setting_is_named_with_the_variable_that_sets_it() {
    let home = keys().await;
    for (role, variable) in [
        ("entity-service", "DEALWIRE__ENTITY_SERVICE__DATABASE_URL"),
        ("intake-service", "DEALWIRE__INTAKE_SERVICE__DATABASE_URL"),
        ("delivery-worker", "DEALWIRE__DELIVERY_WORKER__DATABASE_URL"),
    ] {
        let mut command = dealwire(&[role]);
        command.current_dir(home.path());
        let reason = refusal(command).await;
        assert!(reason.contains(variable), "{reason}");

        let mut command = without_servers(home.path(), role);
        command.env_remove("DEALWIRE__BROKER__URL");
        let reason = refusal(command).await;
        assert!(reason.contains("DEALWIRE__BROKER__URL"), "{reason}");
    }
}

#[tokio::test]
async fn a_missing_key_is_named_with_what_makes_it() {
    let empty = tempfile::tempdir().unwrap();
    for (role, setting) in [
        ("entity-service", "keys.token_private_file"),
        ("intake-service", "keys.token_public_file"),
        ("delivery-worker", "keys.token_public_file"),
    ] {
        let reason = refusal(without_servers(empty.path(), role)).await;
        assert!(reason.contains(setting), "{reason}");
        assert!(reason.contains("dealwire keys create"), "{reason}");
    }
}

#[tokio::test]
async fn a_wrong_url_is_refused_and_its_password_is_not_shown() {
    let home = keys().await;
    for (variable, url, named) in [
        (
            "DEALWIRE__ENTITY_SERVICE__DATABASE_URL",
            "mysql://user:hush@127.0.0.1/x",
            "entity_service.database_url",
        ),
        (
            "DEALWIRE__BROKER__URL",
            "http://user:hush@127.0.0.1",
            "broker.url",
        ),
        (
            "DEALWIRE__BROKER__URL",
            "amqp://user:hush@127.0.0.1:notaport/",
            "broker.url",
        ),
    ] {
        let mut command = without_servers(home.path(), "entity-service");
        command.env(variable, url);
        let reason = refusal(command).await;
        assert!(reason.contains(named), "{reason}");
        assert!(!reason.contains("hush"), "{reason}");
    }
}

#[tokio::test]
async fn services_do_not_share_a_database() {
    let home = keys().await;
    for other in ["INTAKE_SERVICE", "DELIVERY_WORKER"] {
        let mut command = without_servers(home.path(), "entity-service");
        command.env(
            format!("DEALWIRE__{other}__DATABASE_URL"),
            "postgres://user:hush-database@127.0.0.1:1/entity",
        );
        let reason = refusal(command).await;
        let named = format!("{}.database_url", other.to_lowercase());
        for part in ["each service needs its own", &named] {
            assert!(reason.contains(part), "{part}: {reason}");
        }
    }
}

#[tokio::test]
async fn migrate_needs_a_database_and_says_when_it_is_not_reached() {
    let home = keys().await;
    let mut command = dealwire(&["migrate"]);
    command.current_dir(home.path());
    std::fs::create_dir_all(home.path().join("dealwire-data")).unwrap();
    let reason = refusal(command).await;
    assert!(reason.contains("entity_service.database_url"), "{reason}");

    let mut command = without_servers(home.path(), "migrate");
    command = {
        let mut bare = dealwire(&["migrate", "--wait", "0"]);
        bare.current_dir(home.path()).envs(
            command
                .as_std_mut()
                .get_envs()
                .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))),
        );
        bare
    };
    let reason = refusal(command).await;
    assert!(reason.contains("127.0.0.1:1/entity"), "{reason}");
    assert!(!reason.contains("hush"), "{reason}");
}
