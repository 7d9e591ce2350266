//! The program under measurement, as a child process.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tokio::process::{Child, Command};

use crate::api::Api;

/// Far longer than a start or a stop may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// A running `dealwire up`.
#[derive(Debug)]
pub(crate) struct Product {
    child: Child,
    address: SocketAddr,
    folder: PathBuf,
}

/// Resident memory, in KiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) now_kib: u64,
    pub(crate) peak_kib: u64,
}

impl Product {
    /// Starts on `folder` and waits until it is ready; how long that took.
    pub(crate) async fn start(program: &Path, folder: &Path) -> anyhow::Result<(Self, Duration)> {
        let address = free_address()?;
        let log_path = folder.with_extension("log");
        let log = File::options().create(true).append(true).open(&log_path)?;
        let started = Instant::now();
        let child = Command::new(program)
            .arg("up")
            .arg("--data-dir")
            .arg(folder)
            .arg("--http")
            .arg(address.to_string())
            .args(["--allow-network", "127.0.0.0/8"])
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut product = Self {
            child,
            address,
            folder: folder.to_owned(),
        };
        product
            .become_ready(started)
            .await
            .with_context(|| format!("its log is {}", log_path.display()))?;
        Ok((product, started.elapsed()))
    }

    async fn become_ready(&mut self, started: Instant) -> anyhow::Result<()> {
        while started.elapsed() < DEADLINE {
            if let Some(status) = self.child.try_wait()? {
                bail!("the program ended early, {status}");
            }
            if Api::is_ready(self.address).await {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        bail!("the program was not ready within {DEADLINE:?}")
    }

    /// A connection with the first account's token.
    pub(crate) async fn connect(&self) -> anyhow::Result<Api> {
        let file = self.folder.join("admin.token");
        let token = std::fs::read_to_string(&file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        Api::connect(self.address, token.trim()).await
    }

    /// Resident memory now and at its highest.
    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        let pid = self.child.id().context("the program has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let field = |name: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name)?.split_whitespace().next())
                .and_then(|number| number.parse::<u64>().ok())
                .with_context(|| format!("/proc/{pid}/status has no {name}"))
        };
        Ok(Memory {
            now_kib: field("VmRSS:")?,
            peak_kib: field("VmHWM:")?,
        })
    }

    /// Asks it to stop and waits; how long that took.
    pub(crate) async fn stop(mut self) -> anyhow::Result<Duration> {
        let pid = self.child.id().context("the program has ended")?;
        let started = Instant::now();
        let kill = Command::new("kill").arg(pid.to_string()).status().await?;
        ensure!(kill.success(), "the program could not be asked to stop");
        let status = tokio::time::timeout(DEADLINE, self.child.wait())
            .await
            .context("the program did not stop")??;
        ensure!(status.success(), "the program stopped with {status}");
        Ok(started.elapsed())
    }
}

fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?)
}
