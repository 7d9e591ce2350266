//! The logs of a run: what they must not hold, and where they are kept.

use std::path::Path;

use rig::{Infra, Server};

/// What each log says, in short, and whether a line in it is alarming by itself.
pub(crate) fn read(folder: &Path) -> anyhow::Result<(Vec<String>, Vec<String>)> {
    let (mut summary, mut alarms) = (Vec::new(), Vec::new());
    let mut files: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    files.sort_by_key(std::fs::DirEntry::file_name);
    for file in files {
        let path = file.path();
        if path.extension().is_none_or(|extension| extension != "log") {
            continue;
        }
        let text = String::from_utf8_lossy(&std::fs::read(&path)?).into_owned();
        let count = |word: &str| text.lines().filter(|line| line.contains(word)).count();
        let name = file.file_name();
        let name = name.to_string_lossy();
        let (lines, warnings, errors) = (text.lines().count(), count(" WARN "), count(" ERROR "));
        summary.push(format!(
            "{name}: {lines} lines, {warnings} warnings, {errors} errors"
        ));
        let panicked = text.lines().filter(|line| line.contains("panicked at"));
        alarms.extend(panicked.map(|line| format!("{name}: {line}")));
    }
    Ok((summary, alarms))
}

/// Copies what the servers logged to the other logs, before the servers go.
pub(crate) async fn keep_server_logs(infra: &Infra, folder: &Path) {
    for server in [Server::Postgres, Server::RabbitMq] {
        let Ok(from) = infra.folder(server).await else {
            // It never ran.
            continue;
        };
        let log = from.join("log");
        let entries = std::fs::read_dir(&log).into_iter().flatten().flatten();
        let files = entries.map(|entry| entry.path()).chain([log]);
        for file in files.filter(|file| file.is_file()) {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let to = folder.join(format!("{server}-{name}"));
            if let Err(error) = std::fs::copy(&file, &to) {
                eprintln!("chaos: {} is not kept: {error}", file.display());
            }
        }
    }
}
