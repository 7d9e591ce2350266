//! Dealwire as it runs: one process or several.

mod installation;
mod wires;

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::connection::Connection;
use crate::ports::free_address;
use crate::process::{Process, Program};

pub use installation::{Installation, Layout};
pub use wires::{ServerWires, Wires};

/// Far longer than a start may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// Receivers on this machine may be called.
const LOOPBACK: &str = "127.0.0.0/8";

/// All running processes of one Dealwire.
#[derive(Debug)]
pub struct Product {
    parts: Vec<Part>,
    token: String,
}

#[derive(Debug)]
struct Part {
    process: Process,
    address: SocketAddr,
    role: Role,
    /// Where its wires can be broken.
    wires: Option<Wires>,
}

/// What a process answers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Everything,
    EntityService,
    IntakeService,
    DeliveryWorker,
}

impl Product {
    /// Starts `dealwire up` on `folder` and waits until it is ready; how long that took.
    ///
    /// # Errors
    /// It cannot be started, or is not ready in time.
    pub async fn up(file: &Path, folder: &Path) -> anyhow::Result<(Self, Duration)> {
        Self::start_up(file, folder, &folder.with_extension("log"), false).await
    }

    /// The same with the log in a file of its own and wires that can be broken.
    ///
    /// # Errors
    /// As [`Product::up`].
    pub async fn up_wired(file: &Path, folder: &Path, log: &Path) -> anyhow::Result<Self> {
        let (product, _took) = Self::start_up(file, folder, log, true).await?;
        Ok(product)
    }

    async fn start_up(
        file: &Path,
        folder: &Path,
        log: &Path,
        is_wired: bool,
    ) -> anyhow::Result<(Self, Duration)> {
        let started = Instant::now();
        let program = Program::new(file);
        let address = free_address()?;
        let mut part = Part::start(Role::Everything, 1, address, &program, Some(folder), log)?;
        if is_wired {
            part.wires = Some(Wires::of_clients(address).await?);
        }
        part.become_ready().await?;
        let took = started.elapsed();
        let path = folder.join("admin.token");
        let token = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let product = Self {
            parts: vec![part],
            token: token.trim().to_owned(),
        };
        Ok((product, took))
    }

    /// Where orders, tasks and clients are made; a replica each.
    pub fn records(&self) -> Vec<SocketAddr> {
        self.addresses(Role::EntityService)
    }

    /// Where sources are set and leads come in; a replica each.
    pub fn leads(&self) -> Vec<SocketAddr> {
        self.addresses(Role::IntakeService)
    }

    /// Where webhooks are set and deliveries listed; a worker each.
    pub fn webhooks(&self) -> Vec<SocketAddr> {
        self.addresses(Role::DeliveryWorker)
    }

    /// The token of the first account, with all rights.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Its processes.
    pub fn processes(&self) -> impl Iterator<Item = &Process> {
        self.parts.iter().map(|part| &part.process)
    }

    /// Its processes, to signal them.
    pub fn processes_mut(&mut self) -> impl Iterator<Item = &mut Process> {
        self.parts.iter_mut().map(|part| &mut part.process)
    }

    /// The wires of a process, if it has any.
    pub fn wires(&self, process: &str) -> Option<&Wires> {
        let mut parts = self.parts.iter();
        let part = parts.find(|part| part.process.name() == process)?;
        part.wires.as_ref()
    }

    /// Stops all processes, one after the other; how long that took.
    ///
    /// # Errors
    /// One had ended by itself, does not end, or fails.
    pub async fn stop(self) -> anyhow::Result<Duration> {
        let started = Instant::now();
        for part in self.parts {
            part.process.stop().await?;
        }
        Ok(started.elapsed())
    }

    fn addresses(&self, role: Role) -> Vec<SocketAddr> {
        let serves = |part: &&Part| part.role == role || part.role == Role::Everything;
        let parts = self.parts.iter().filter(serves);
        parts.map(Part::front).collect()
    }
}

impl Part {
    /// Starts the `number`th process of a role. It listens on the same address after a restart.
    fn start(
        role: Role,
        number: usize,
        address: SocketAddr,
        program: &Program,
        folder: Option<&Path>,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let http = address.to_string();
        let folder = folder.map(|folder| folder.to_string_lossy());
        let mut arguments = vec![role.subcommand(), "--http", &http];
        if let Some(folder) = &folder {
            arguments.extend(["--data-dir", folder, "--allow-network", LOOPBACK]);
        }
        let name = format!("{} {number}", role.subcommand());
        Ok(Self {
            process: Process::start(&name, program, &arguments, log)?,
            address,
            role,
            wires: None,
        })
    }

    /// Where its clients connect.
    fn front(&self) -> SocketAddr {
        let wires = self.wires.as_ref();
        wires.map_or(self.address, |wires| wires.clients.address())
    }

    async fn become_ready(&mut self) -> anyhow::Result<()> {
        let address = self.address;
        self.process
            .wait_until(DEADLINE, async || Connection::is_ready(address).await)
            .await
    }
}

impl Role {
    fn subcommand(self) -> &'static str {
        match self {
            Self::Everything => "up",
            Self::EntityService => "entity-service",
            Self::IntakeService => "intake-service",
            Self::DeliveryWorker => "delivery-worker",
        }
    }
}
