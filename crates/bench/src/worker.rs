//! The process that delivers, to kill it or to stop it, and to start it again.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rig::{Connection, Process, Product};

/// How long a start may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// The first delivery worker, or the only process.
#[derive(Debug)]
pub(crate) struct Worker<'a> {
    pub(crate) process: &'a mut Process,
    address: SocketAddr,
}

impl<'a> Worker<'a> {
    pub(crate) fn of(product: &'a mut Product) -> anyhow::Result<Self> {
        let addresses = product.webhooks();
        let address = *addresses.first().context("no process delivers")?;
        let delivers = |process: &&mut Process| {
            let name = process.name();
            name.starts_with("delivery-worker") || name.starts_with("up")
        };
        let process = product.processes_mut().find(delivers);
        Ok(Self {
            process: process.context("no process delivers")?,
            address,
        })
    }

    /// Starts it again; how long until it is ready.
    pub(crate) async fn start(&mut self) -> anyhow::Result<Duration> {
        let started = Instant::now();
        self.process.start_again()?;
        let address = self.address;
        self.process
            .wait_until(DEADLINE, async || Connection::is_ready(address).await)
            .await?;
        Ok(started.elapsed())
    }
}
