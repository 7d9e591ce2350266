//! A program as a child process that is started, signalled, killed and started again.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tokio::process::{Child, Command};

/// Far longer than a stop or a short command may take.
const DEADLINE: Duration = Duration::from_secs(240);

/// A program with its environment: what all its processes have in common.
#[derive(Debug, Clone)]
pub struct Program {
    file: PathBuf,
    /// A variable without a value is removed.
    environment: Vec<(String, Option<String>)>,
}

/// A running process. It is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    /// What people know it by.
    name: String,
    program: Program,
    arguments: Vec<String>,
    log: PathBuf,
    child: Child,
}

impl Program {
    /// The program in `file`, with this process's environment.
    pub fn new(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            environment: Vec::new(),
        }
    }

    /// Adds an environment variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), Some(value.into())));
        self
    }

    /// Takes an environment variable away.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.environment.push((name.to_owned(), None));
        self
    }

    /// Runs it to its end and returns what it printed. It goes on if this is not waited for.
    ///
    /// # Errors
    /// It cannot be started, takes too long, or fails; the error shows its standard error.
    pub async fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let (status, text) = self.run_to_end(arguments).await?;
        ensure!(
            status.success(),
            "{arguments:?} ended with {status}: {text}"
        );
        Ok(text)
    }

    /// Runs it to its end; how it ended and what it printed, errors where it failed.
    ///
    /// # Errors
    /// It cannot be started or takes too long.
    pub async fn run_to_end(&self, arguments: &[&str]) -> anyhow::Result<(ExitStatus, String)> {
        let output = self.command().args(arguments).output();
        let output = tokio::time::timeout(DEADLINE, output)
            .await
            .with_context(|| format!("{arguments:?} did not end within {DEADLINE:?}"))?
            .with_context(|| format!("cannot run {}", self.file.display()))?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            text.push_str(&String::from_utf8_lossy(&output.stderr));
        }
        Ok((output.status, text.trim_end().to_owned()))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.file);
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
            .stdin(Stdio::null())
            // A Ctrl-C at the terminal is for the tool alone, which ends its children itself.
            .process_group(0);
        command
    }
}

impl Process {
    /// Starts it; what it prints is appended to `log`.
    ///
    /// # Errors
    /// The program or its log cannot be opened.
    pub fn start(
        name: &str,
        program: &Program,
        arguments: &[&str],
        log: &Path,
    ) -> anyhow::Result<Self> {
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        Ok(Self {
            name: name.to_owned(),
            child: spawn(program, &arguments, log)?,
            program: program.clone(),
            arguments,
            log: log.to_owned(),
        })
    }

    /// What people know it by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its output goes.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Its process id.
    ///
    /// # Errors
    /// It has ended and was seen to have.
    pub fn pid(&self) -> anyhow::Result<u32> {
        let pid = self.child.id();
        pid.with_context(|| format!("{} has ended, its log is {}", self.name, self.log.display()))
    }

    /// Waits until `ready` holds.
    ///
    /// # Errors
    /// The process ended, or was not ready in time.
    pub async fn wait_until<F: AsyncFn() -> bool>(
        &mut self,
        deadline: Duration,
        ready: F,
    ) -> anyhow::Result<()> {
        let started = Instant::now();
        while started.elapsed() < deadline {
            if let Some(status) = self.ended()? {
                let log = self.log.display();
                bail!("{} ended early, {status}; its log is {log}", self.name);
            }
            if ready().await {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let log = self.log.display();
        bail!(
            "{} was not ready within {deadline:?}; its log is {log}",
            self.name
        )
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// The system does not say.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Kills it with SIGKILL and waits until it is gone.
    ///
    /// # Errors
    /// It had ended by itself.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.still_runs()?;
        self.child.kill().await?;
        Ok(())
    }

    /// Stops it where it is (SIGSTOP) until it is resumed.
    ///
    /// # Errors
    /// It had ended by itself.
    pub async fn pause(&mut self) -> anyhow::Result<()> {
        self.signal("STOP").await
    }

    /// Lets it go on (SIGCONT).
    ///
    /// # Errors
    /// It had ended by itself.
    pub async fn resume(&mut self) -> anyhow::Result<()> {
        self.signal("CONT").await
    }

    /// Starts it again with the same arguments and log, after a kill.
    ///
    /// # Errors
    /// The program or its log cannot be opened.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        self.child = spawn(&self.program, &self.arguments, &self.log)?;
        Ok(())
    }

    /// Sets a variable for the next start, or takes it away.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        let program = self.program.clone();
        self.program = match value {
            Some(value) => program.with(name, value),
            None => program.without(name),
        };
    }

    /// Asks it to stop (SIGTERM) and waits; how long that took.
    ///
    /// # Errors
    /// It had ended by itself, does not end, or fails.
    pub async fn stop(mut self) -> anyhow::Result<Duration> {
        self.end().await
    }

    /// The same, to be started again.
    ///
    /// # Errors
    /// As [`Process::stop`].
    pub async fn end(&mut self) -> anyhow::Result<Duration> {
        let started = Instant::now();
        self.signal("TERM").await?;
        let status = tokio::time::timeout(DEADLINE, self.child.wait())
            .await
            .with_context(|| format!("{} did not stop", self.name))??;
        ensure!(status.success(), "{} stopped with {status}", self.name);
        Ok(started.elapsed())
    }

    async fn signal(&mut self, signal: &str) -> anyhow::Result<()> {
        self.still_runs()?;
        let pid = self.pid()?.to_string();
        let sent = Command::new("kill")
            .args(["-s", signal, &pid])
            .status()
            .await?;
        ensure!(sent.success(), "{} cannot be sent {signal}", self.name);
        Ok(())
    }

    fn still_runs(&mut self) -> anyhow::Result<()> {
        match self.ended()? {
            Some(status) => {
                let log = self.log.display();
                bail!("{} ended by itself, {status}; its log is {log}", self.name)
            }
            None => Ok(()),
        }
    }
}

fn spawn(program: &Program, arguments: &[String], log: &Path) -> anyhow::Result<Child> {
    let log = File::options()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("cannot write to {}", log.display()))?;
    program
        .command()
        .args(arguments)
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {}", program.file.display()))
}
