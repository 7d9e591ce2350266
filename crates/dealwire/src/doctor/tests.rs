use std::path::Path;

use super::*;

fn patient(folder: &Path) -> Patient {
    let mut settings = Settings::load(None).unwrap();
    settings.data_dir = folder.to_owned();
    Patient {
        installation: Installation::Folder(folder.to_owned()),
        settings,
        urls: Vec::new(),
    }
}

#[test]
fn a_finding_says_what_to_do() {
    let well = Finding::well("broker", "connected");
    assert_eq!(well.to_string(), "ok     broker           connected");
    let wrong = Finding::wrong("broker", "no answer", "start it");
    assert_eq!(
        wrong.to_string(),
        "WRONG  broker           no answer\n                        → start it"
    );
    assert!(well.is_well() && !wrong.is_well());
}

#[tokio::test]
async fn a_folder_that_nobody_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent");
    let findings = examine(&patient(&absent)).await;
    let wrong: Vec<String> = findings
        .iter()
        .filter(|finding| !finding.is_well() && finding.what == "data folder")
        .map(ToString::to_string)
        .collect();
    assert_eq!(wrong.len(), 1, "{findings:?}");
    assert!(wrong[0].contains("entity.db") && wrong[0].contains("dealwire up"));
}

#[tokio::test]
async fn a_receiver_is_looked_up_and_judged() {
    let folder = tempfile::tempdir().unwrap();
    let mut patient = patient(folder.path());
    patient.urls = ["http://127.0.0.1:9/x", "ftp://example.com"]
        .map(str::to_owned)
        .to_vec();
    let findings = network::examine(&patient).await;
    let told: Vec<&str> = findings.iter().map(|finding| &*finding.told).collect();
    assert!(told[0].contains("may not be called"), "{told:?}");
    assert!(told[1].contains("begins with http://"), "{told:?}");
    assert!(findings.iter().all(|finding| !finding.is_well()));

    patient.settings.delivery.allow_networks = vec!["127.0.0.0/8".parse().unwrap()];
    let findings = network::examine(&patient).await;
    assert_eq!(
        findings[0],
        Finding::well("receiver", "http://127.0.0.1:9/x is 127.0.0.1")
    );
}
