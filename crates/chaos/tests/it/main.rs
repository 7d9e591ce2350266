//! The tool's command line. That it finds what is lost is shown by running it:
//! `scripts/chaos`.

use std::process::Command;

#[test]
fn a_program_that_is_not_there_is_named_before_anything_is_started() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_chaos"))
        .args(["--program", "/nowhere/dealwire", "--quick"])
        .arg("--dir")
        .arg(folder.path())
        .args(["--infra", "/nowhere/infra"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(error, "chaos: there is no program /nowhere/dealwire\n");
}
