//! A `dealwire` process whose output is read line by line.

use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// Far more than anything here takes; reached only by a defect.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

/// A command with no settings from the machine it runs on.
pub(crate) fn dealwire(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dealwire"));
    command.env_clear().args(args).kill_on_drop(true);
    command
}

/// Runs to the end.
pub(crate) async fn output(command: &mut Command) -> Output {
    tokio::time::timeout(DEADLINE, command.output())
        .await
        .expect("the process ends")
        .unwrap()
}

impl Process {
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::spawn(dealwire(args))
    }

    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line of standard output.
    pub(crate) async fn line(&mut self) -> String {
        tokio::time::timeout(DEADLINE, self.lines.next_line())
            .await
            .expect("a line is printed")
            .unwrap()
            .expect("the process still runs")
    }

    /// The lines up to the empty one that ends a block.
    pub(crate) async fn block(&mut self) -> Vec<String> {
        let mut block = Vec::new();
        loop {
            match self.line().await {
                line if line.is_empty() => return block,
                line => block.push(line),
            }
        }
    }

    /// kill -9.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks the process to stop; its remaining output and its status.
    pub(crate) async fn stop(mut self) -> (Vec<String>, ExitStatus) {
        let pid = self.child.id().unwrap().to_string();
        let kill = Command::new("kill").args(["-TERM", &pid]).status().await;
        assert!(kill.unwrap().success());
        let ended = async {
            let mut rest = Vec::new();
            while let Some(line) = self.lines.next_line().await.unwrap() {
                rest.push(line);
            }
            (rest, self.child.wait().await.unwrap())
        };
        tokio::time::timeout(DEADLINE, ended)
            .await
            .expect("the process stops")
    }
}
