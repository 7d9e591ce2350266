//! The servers of `scripts/infra`: a private PostgreSQL and RabbitMQ.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::process::Program;
use crate::servers::Servers;

/// Variables that name other servers; nothing here may touch those.
const FOREIGN: [&str; 3] = [
    "TEST_DATABASE_URL",
    "TEST_AMQP_URL",
    "TEST_AMQP_MANAGEMENT_URL",
];

/// A pair of servers under a name of its own.
#[derive(Debug, Clone)]
pub struct Infra {
    name: String,
    script: Program,
}

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// PostgreSQL.
    Postgres,
    /// RabbitMQ.
    RabbitMq,
}

impl Server {
    /// The name that `scripts/infra` has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::RabbitMq => "rabbitmq",
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Infra {
    /// The servers of that name; nothing runs yet. `script` is `scripts/infra`.
    pub fn new(script: &Path, name: &str) -> Self {
        let mut program = Program::new(script);
        for variable in FOREIGN {
            program = program.without(variable);
        }
        Self {
            name: name.to_owned(),
            script: program,
        }
    }

    /// The same servers with PostgreSQL's data in this empty folder: a disk of its own.
    #[must_use]
    pub fn with_database_in(mut self, folder: &Path) -> Self {
        let folder = folder.to_string_lossy();
        self.script = self.script.with("DEALWIRE_INFRA_DATABASE_DIR", folder);
        self
    }

    /// Starts fresh servers; those that an earlier run left are removed.
    ///
    /// # Errors
    /// They do not start; the error shows what the script said.
    pub async fn start(&self) -> anyhow::Result<()> {
        self.remove().await?;
        self.run("up", &[]).await.map(drop)
    }

    /// Where they listen.
    ///
    /// # Errors
    /// One of them does not run.
    pub async fn servers(&self) -> anyhow::Result<Servers> {
        let text = self.run("env", &[]).await?;
        let value = |variable: &str| {
            let prefix = format!("export {variable}=");
            text.lines()
                .find_map(|line| line.strip_prefix(&prefix))
                .map(|value| value.trim_matches('\'').to_owned())
                .with_context(|| format!("scripts/infra env does not say {variable}"))
        };
        Servers::parse(
            &value("TEST_DATABASE_URL")?,
            &value("TEST_AMQP_URL")?,
            &value("TEST_AMQP_MANAGEMENT_URL")?,
        )
    }

    /// Kills all processes of a server with SIGKILL.
    ///
    /// # Errors
    /// It does not run.
    pub async fn kill(&self, server: Server) -> anyhow::Result<()> {
        self.run("kill", &[server.as_str()]).await.map(drop)
    }

    /// Stops a server as an operator does.
    ///
    /// # Errors
    /// It does not run.
    pub async fn stop(&self, server: Server) -> anyhow::Result<()> {
        self.run("stop", &[server.as_str()]).await.map(drop)
    }

    /// Starts a killed server on the same data and port.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start_again(&self, server: Server) -> anyhow::Result<()> {
        self.run("start", &[server.as_str()]).await.map(drop)
    }

    /// Stops all processes of a server where they are (SIGSTOP).
    ///
    /// # Errors
    /// It does not run.
    pub async fn pause(&self, server: Server) -> anyhow::Result<()> {
        self.run("pause", &[server.as_str()]).await.map(drop)
    }

    /// Lets a stopped server go on (SIGCONT).
    ///
    /// # Errors
    /// It does not run.
    pub async fn resume(&self, server: Server) -> anyhow::Result<()> {
        self.run("resume", &[server.as_str()]).await.map(drop)
    }

    /// Stops both and removes their data.
    ///
    /// # Errors
    /// The script failed.
    pub async fn remove(&self) -> anyhow::Result<()> {
        self.run("down", &[]).await.map(drop)
    }

    /// The topmost process of a server.
    ///
    /// # Errors
    /// It does not run.
    pub async fn pid(&self, server: Server) -> anyhow::Result<u32> {
        let line = self.status(server).await?;
        let pid = line.split_once("pid ").and_then(|(_, rest)| {
            let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
            digits.parse().ok()
        });
        pid.with_context(|| format!("scripts/infra names no process: {line}"))
    }

    /// The folder with a server's data and logs.
    ///
    /// # Errors
    /// The server was never started.
    pub async fn folder(&self, server: Server) -> anyhow::Result<PathBuf> {
        let line = self.status(server).await?;
        let folder = line
            .rsplit_once(" in ")
            .map(|(_, folder)| PathBuf::from(folder));
        folder.with_context(|| format!("scripts/infra names no folder: {line}"))
    }

    async fn status(&self, server: Server) -> anyhow::Result<String> {
        let text = self.run("status", &[]).await?;
        let prefix = format!("{server}:");
        let line = text.lines().find(|line| line.starts_with(&prefix));
        Ok(line
            .with_context(|| format!("scripts/infra status does not tell about {server}"))?
            .to_owned())
    }

    async fn run(&self, verb: &str, rest: &[&str]) -> anyhow::Result<String> {
        let mut arguments = vec!["--name", &self.name, verb];
        arguments.extend(rest);
        self.script.run(&arguments).await
    }
}
