//! An installation of a test's own: databases, a virtual host, keys, and the
//! processes that use them.

use std::path::Path;
use std::process::ExitStatus;

use database::DatabaseConfig;
use tempfile::TempDir;
use test_support::{ApiClient, TestBroker, TestDatabase, wait_until};
use tokio::process::Command;

use crate::process::{DEADLINE, Process, dealwire, output};

/// The servers and keys that processes share.
pub(super) struct Site {
    home: TempDir,
    pub(super) entity_url: String,
    pub(super) intake_url: String,
    pub(super) delivery_url: String,
    pub(super) broker_url: String,
    _databases: [TestDatabase; 3],
    _broker: TestBroker,
}

/// One running process.
pub(super) struct Role {
    pub(super) base: String,
    process: Process,
}

impl Site {
    /// `None` where the tests are not given servers of both kinds.
    pub(super) async fn prepare() -> Option<Self> {
        let databases = [
            TestDatabase::start().await,
            TestDatabase::start().await,
            TestDatabase::start().await,
        ];
        let urls: Vec<String> = databases
            .iter()
            .filter_map(|database| match database.config() {
                DatabaseConfig::Postgres { url, .. } => Some(url),
                DatabaseConfig::Sqlite { .. } => None,
            })
            .collect();
        let broker = TestBroker::start().await;
        let broker_url = broker.url()?.to_owned();
        let [entity_url, intake_url, delivery_url] = <[String; 3]>::try_from(urls).ok()?;
        let site = Self {
            home: keys().await,
            entity_url,
            intake_url,
            delivery_url,
            broker_url,
            _databases: databases,
            _broker: broker,
        };
        Some(site)
    }

    /// A command with this installation's settings.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = dealwire(arguments);
        command
            .current_dir(self.home.path())
            .env("DEALWIRE__BROKER__URL", &self.broker_url)
            .env("DEALWIRE__ENTITY_SERVICE__DATABASE_URL", &self.entity_url)
            .env("DEALWIRE__INTAKE_SERVICE__DATABASE_URL", &self.intake_url)
            .env(
                "DEALWIRE__DELIVERY_WORKER__DATABASE_URL",
                &self.delivery_url,
            )
            .env("DEALWIRE__DELIVERY__ALLOW_NETWORKS", "127.0.0.0/8");
        command
    }

    /// Starts a role on a free port.
    pub(super) async fn start(&self, role: &str) -> Role {
        Role::start(self.command(&[role, "--http", "127.0.0.1:0"])).await
    }

    /// Runs a command of the operator; what it printed.
    pub(super) async fn operator(&self, arguments: &[&str]) -> String {
        let result = output(&mut self.command(arguments)).await;
        assert!(result.status.success(), "{result:?}");
        String::from_utf8(result.stdout).unwrap()
    }

    /// A token of the first account with all rights.
    pub(super) async fn token(&self) -> String {
        let scopes = [
            "records:write",
            "leads:write",
            "webhooks:write",
            "admin:write",
        ];
        let mut arguments = vec!["token", "create", "--account", "1"];
        for scope in scopes {
            arguments.extend(["--scope", scope]);
        }
        self.operator(&arguments).await.trim().to_owned()
    }
}

/// A folder with keys in `dealwire-data`.
pub(super) async fn keys() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let mut command = dealwire(&["keys", "create"]);
    let made = output(command.current_dir(home.path())).await;
    assert!(made.status.success(), "{made:?}");
    home
}

impl Role {
    /// Starts `command`, which is a role on a free port.
    pub(super) async fn start(command: Command) -> Self {
        let mut process = Process::spawn(command);
        let line = process.line().await;
        let at = line.find("http://").expect("the address is announced");
        let base = line[at..].trim().to_owned();
        Self { base, process }
    }

    pub(super) fn api(&self, token: &str) -> ApiClient {
        ApiClient::new(&self.base, token)
    }

    /// What `path` answers without a token.
    pub(super) async fn status(&self, path: &str) -> u16 {
        self.api("").get(path).await.status.as_u16()
    }

    pub(super) async fn until_ready(&self) {
        wait_until(DEADLINE, || async { self.status("/readyz").await == 200 }).await;
    }

    /// kill -9.
    pub(super) async fn kill(self) {
        self.process.kill().await;
    }

    /// SIGTERM.
    pub(super) async fn stop(self) -> ExitStatus {
        self.process.stop().await.1
    }
}

/// A command that needs servers which are not there: nothing listens on port 1.
pub(super) fn without_servers(home: &Path, role: &str) -> Command {
    let mut command = dealwire(&[role, "--http", "127.0.0.1:0"]);
    command
        .current_dir(home)
        .env(
            "DEALWIRE__BROKER__URL",
            "amqp://guest:hush-broker@127.0.0.1:1",
        )
        .env(
            "DEALWIRE__ENTITY_SERVICE__DATABASE_URL",
            "postgres://user:hush-database@127.0.0.1:1/entity",
        )
        .env(
            "DEALWIRE__INTAKE_SERVICE__DATABASE_URL",
            "postgres://user:hush-database@127.0.0.1:1/intake",
        )
        .env(
            "DEALWIRE__DELIVERY_WORKER__DATABASE_URL",
            "postgres://user:hush-database@127.0.0.1:1/delivery",
        );
    command
}
