//! A `dealwire up` of a test's own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::{ApiAnswer, ApiClient, MockReceiver, wait_until};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

pub(super) const DEADLINE: Duration = Duration::from_secs(20);

/// A running program; killed when dropped.
pub(super) struct Up {
    pub(super) api: ApiClient,
    pub(super) base: String,
    child: Child,
    folder: PathBuf,
}

/// The program with nothing of this machine's configuration.
pub(super) fn dealwire() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dealwire"));
    command.env_remove("RUST_LOG").kill_on_drop(true);
    command
}

/// Runs a command on a data folder: the exit status and all that was said.
pub(super) async fn run(arguments: &[&str], folder: &Path) -> (Option<i32>, String) {
    let mut command = dealwire();
    command.args(arguments).arg("--data-dir").arg(folder);
    let output = command.output().await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

impl Up {
    pub(super) async fn start(home: &TempDir) -> Self {
        Self::start_with(dealwire(), home.path()).await
    }

    /// `program` is `dealwire`, or a shell that becomes it.
    pub(super) async fn start_with(mut program: Command, home: &Path) -> Self {
        let folder = home.join("data");
        let mut child = program
            .arg("up")
            .arg("--data-dir")
            .arg(&folder)
            .args(["--http", "127.0.0.1:0", "--allow-network", "127.0.0.0/8"])
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let base = announced_url(&mut child).await;
        let token = std::fs::read_to_string(folder.join("admin.token")).unwrap();
        let up = Self {
            api: ApiClient::new(&base, token.trim()),
            base,
            child,
            folder,
        };
        wait_until(DEADLINE, || async {
            up.api.get("/readyz").await.status.as_u16() == 200
        })
        .await;
        up
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// kill -9.
    pub(super) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// SIGTERM; returns the exit code.
    pub(super) async fn terminate(mut self) -> Option<i32> {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").arg(pid).status().await.unwrap();
        assert!(sent.success());
        let status = tokio::time::timeout(DEADLINE, self.child.wait())
            .await
            .unwrap()
            .unwrap();
        status.code()
    }

    /// Another account's client, made by the operator's commands.
    pub(super) async fn other_account(&self) -> ApiClient {
        let created = self
            .operator(&["account", "create", "--name", "Other"])
            .await;
        let account = created
            .split(|c: char| !c.is_ascii_digit())
            .find(|digits| !digits.is_empty())
            .unwrap()
            .to_owned();
        let scopes = ["records", "webhooks", "admin"];
        let mut arguments = vec!["token", "create", "--account", &account];
        let scopes: Vec<String> = scopes.iter().map(|name| format!("{name}:write")).collect();
        for scope in &scopes {
            arguments.extend(["--scope", scope]);
        }
        let token = self.operator(&arguments).await;
        let token = token
            .split_whitespace()
            .find(|word| word.matches('.').count() == 2 && word.starts_with("ey"))
            .unwrap();
        self.api.with_token(token)
    }

    /// Runs a command of the operator on the same data folder.
    pub(super) async fn operator(&self, arguments: &[&str]) -> String {
        let output = dealwire()
            .args(arguments)
            .arg("--data-dir")
            .arg(&self.folder)
            .output()
            .await
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// A webhook for `events` to `url`, on a short retry schedule.
    pub(super) async fn webhook(&self, url: &str, format: &str, events: &[&str]) -> ApiAnswer {
        self.api
            .post(
                "/api/v1/webhooks",
                json!({ "name": "test", "url": url, "format": format, "events": events }),
            )
            .await
            .expect(201)
    }

    pub(super) async fn create(&self, resource: &str, body: Value) -> i64 {
        self.api
            .post(&format!("/api/v1/{resource}"), body)
            .await
            .expect(201)
            .id()
    }
}

/// The base URL from the line that says where it listens.
async fn announced_url(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let url = loop {
        let line = tokio::time::timeout(DEADLINE, lines.next_line())
            .await
            .unwrap()
            .unwrap()
            .expect("the program says where it listens before it ends");
        if let Some(start) = line.find("http://127.0.0.1:") {
            let rest = &line[start..];
            let end = rest
                .char_indices()
                .skip("http://127.0.0.1:".len())
                .find(|(_, c)| !c.is_ascii_digit())
                .map_or(rest.len(), |(at, _)| at);
            break rest[..end].to_owned();
        }
    };
    // Keep the pipe open and empty, so that the program can go on printing.
    tokio::spawn(async move {
        let mut sink = Vec::new();
        let _ = lines.into_inner().read_to_end(&mut sink).await;
    });
    url
}

/// All nine switches.
pub(super) const ALL_EVENTS: [&str; 9] = [
    "order.add",
    "order.edit",
    "order.delete",
    "task.add",
    "task.edit",
    "task.delete",
    "client.add",
    "client.edit",
    "client.delete",
];

/// The bodies that came, the test request left out.
pub(super) fn bodies(receiver: &MockReceiver) -> Vec<String> {
    receiver
        .requests()
        .iter()
        .map(|request| request.text().to_owned())
        .filter(|body| body != "test=test" && body != r#"{"test":"test"}"#)
        .collect()
}
