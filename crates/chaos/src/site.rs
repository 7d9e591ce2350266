//! Dealwire with its servers, and how each part is harmed.

mod settings;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use rig::{Infra, Installation, Layout, Process, Product, Program, Server, Wires};

use crate::insistent::Insistent;
use crate::ledger::Ledger;
use crate::options::Options;
use crate::plan::{Harm, Victim};

/// How long a quorum queue is left alone after it was declared: one that was
/// declared a second before its broker is killed comes back empty.
const SETTLED: Duration = Duration::from_secs(6);

/// Both workers of a run; one is harmed at a time.
const WORKERS: usize = 2;

#[derive(Debug)]
pub(crate) struct Site {
    home: Home,
    product: Product,
    /// Of the account whose changes are made.
    token: Arc<str>,
}

/// The rights that a run needs.
const SCOPES: [&str; 3] = ["records:write", "leads:write", "webhooks:write"];

/// Where it lives.
#[derive(Debug)]
enum Home {
    Folder {
        program: Program,
        folder: PathBuf,
    },
    Servers {
        infra: Infra,
        installation: Box<Installation>,
    },
}

impl Site {
    /// Starts services apart, on fresh servers.
    pub(crate) async fn split(
        infra: Infra,
        options: &Options,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        infra.start().await?;
        let servers = infra.servers().await?;
        let installation = Installation::create(&options.program, folder, &servers).await?;
        let layout = Layout {
            entity_services: usize::from(options.entities),
            intake_services: usize::from(options.intakes),
            delivery_workers: WORKERS,
        };
        let (product, _took) = installation.start(layout).await?;
        Ok(Self::of_servers(infra, installation, product))
    }

    /// The same with wires that can be broken, and in this layout.
    pub(crate) async fn split_wired(
        infra: Infra,
        options: &Options,
        folder: &Path,
        layout: Layout,
    ) -> anyhow::Result<Self> {
        infra.start().await?;
        let servers = infra.servers().await?;
        let installation = Installation::create(&options.program, folder, &servers).await?;
        let product = installation.start_wired(layout).await?;
        Ok(Self::of_servers(infra, installation, product))
    }

    fn of_servers(infra: Infra, installation: Installation, product: Product) -> Self {
        let token = product.token().into();
        let installation = Box::new(installation);
        Self {
            home: Home::Servers {
                infra,
                installation,
            },
            product,
            token,
        }
    }

    /// Starts the one process that needs no servers; its log is in `folder`.
    pub(crate) async fn up(options: &Options, folder: &Path) -> anyhow::Result<Self> {
        let folder = folder.join("data");
        let (product, _took) = Product::up(&options.program, &folder).await?;
        Ok(Self::of_folder(options, folder, product))
    }

    /// The same with its data in `folder`, its log beside `log`'s others, and wires that can
    /// be broken.
    pub(crate) async fn up_wired(
        options: &Options,
        folder: PathBuf,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let product = Product::up_wired(&options.program, &folder, log).await?;
        Ok(Self::of_folder(options, folder, product))
    }

    fn of_folder(options: &Options, folder: PathBuf, product: Product) -> Self {
        let program = Program::new(&options.program);
        let token = product.token().into();
        Self {
            home: Home::Folder { program, folder },
            product,
            token,
        }
    }

    /// Opens an account of its own for what follows.
    pub(crate) async fn open_account(&mut self, name: &str) -> anyhow::Result<()> {
        let account = self.command(&["account", "create", "--name", name]).await?;
        let mut arguments = vec!["token", "create", "--account", account.trim()];
        arguments.extend(SCOPES.iter().flat_map(|scope| ["--scope", scope]));
        self.token = self.command(&arguments).await?.trim().into();
        Ok(())
    }

    /// Leaves new queues alone for a while.
    pub(crate) async fn let_queues_settle(&self) {
        if matches!(self.home, Home::Servers { .. }) {
            tokio::time::sleep(SETTLED).await;
        }
    }

    /// A client of the entity service, which begins with another replica for each `number`.
    pub(crate) fn records_api(&self, number: usize, ledger: &Arc<Ledger>) -> Insistent {
        let token = Arc::clone(&self.token);
        Insistent::new(self.product.records(), number, token, Arc::clone(ledger))
    }

    /// A client of the delivery workers.
    pub(crate) fn webhooks_api(&self, ledger: &Arc<Ledger>) -> Insistent {
        let token = Arc::clone(&self.token);
        Insistent::new(self.product.webhooks(), 0, token, Arc::clone(ledger))
    }

    /// A client of the intake service, which begins with another replica for each `number`.
    pub(crate) fn leads_api(&self, number: usize, ledger: &Arc<Ledger>) -> Insistent {
        let token = Arc::clone(&self.token);
        Insistent::new(self.product.leads(), number, token, Arc::clone(ledger))
    }

    pub(crate) async fn harm(&mut self, harm: Harm, victim: Victim) -> anyhow::Result<()> {
        match (harm, victim) {
            (Harm::Kill, Victim::Server(server)) => self.infra()?.kill(server).await,
            (Harm::Stop, Victim::Server(server)) => self.infra()?.pause(server).await,
            (Harm::Restart, Victim::Server(server)) => self.infra()?.stop(server).await,
            (Harm::Kill, process) => self.process(process)?.kill().await,
            (Harm::Stop, process) => self.process(process)?.pause().await,
            (Harm::Restart, process) => self.process(process)?.end().await.map(drop),
        }
    }

    /// Starts or resumes what was harmed; the moment from which it can work again.
    pub(crate) async fn bring_back(
        &mut self,
        harm: Harm,
        victim: Victim,
    ) -> anyhow::Result<Instant> {
        match (harm, victim) {
            (Harm::Kill | Harm::Restart, Victim::Server(server)) => {
                self.infra()?.start_again(server).await?;
            }
            (Harm::Stop, Victim::Server(server)) => self.infra()?.resume(server).await?,
            (Harm::Kill | Harm::Restart, process) => self.process(process)?.start_again()?,
            (Harm::Stop, process) => self.process(process)?.resume().await?,
        }
        Ok(Instant::now())
    }

    /// What `dealwire verify` says: whether all is well, and its words.
    pub(crate) async fn verify(&self) -> anyhow::Result<(bool, String)> {
        let (status, text) = self.run_to_end(&["verify", "--wait", "30"]).await?;
        Ok((status.success(), text))
    }

    /// Runs a subcommand of the program on this installation; what it printed.
    pub(crate) async fn command(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let (status, text) = self.run_to_end(arguments).await?;
        ensure!(
            status.success(),
            "{arguments:?} ended with {status}: {text}"
        );
        Ok(text)
    }

    async fn run_to_end(&self, arguments: &[&str]) -> anyhow::Result<(ExitStatus, String)> {
        match &self.home {
            Home::Servers { installation, .. } => {
                installation.program().run_to_end(arguments).await
            }
            Home::Folder { program, folder } => {
                let folder = folder.to_string_lossy();
                let of_folder = [arguments, &["--data-dir", &folder]].concat();
                program.run_to_end(&of_folder).await
            }
        }
    }

    /// The wires of a process.
    pub(crate) fn wires(&self, victim: Victim) -> anyhow::Result<&Wires> {
        let wires = self.product.wires(&victim.to_string());
        wires.with_context(|| format!("{victim} has no wires"))
    }

    /// Where a worker listens; counted from 1.
    pub(crate) fn worker_address(&self, number: usize) -> anyhow::Result<SocketAddr> {
        let addresses = self.product.webhooks();
        let address = addresses.get(number.saturating_sub(1));
        address
            .copied()
            .with_context(|| format!("there is no worker {number}"))
    }

    /// A full disk may have ended what wrote to it, as an operator finds then.
    pub(crate) async fn revive_after_full_disk(&mut self) -> anyhow::Result<()> {
        if let Home::Servers { infra, .. } = &self.home {
            infra.start_again(Server::Postgres).await?;
        }
        Ok(())
    }

    /// Starts the processes that ended by themselves, as whoever supervises them does.
    pub(crate) fn start_what_ended(&mut self) -> anyhow::Result<()> {
        for process in self.product.processes_mut() {
            if process.ended()?.is_some() {
                process.start_again()?;
            }
        }
        Ok(())
    }

    /// Databases and broker.
    pub(crate) fn installation(&self) -> anyhow::Result<&Installation> {
        match &self.home {
            Home::Servers { installation, .. } => Ok(installation),
            Home::Folder { .. } => bail!("this form has no servers"),
        }
    }

    /// Names of processes that ended by themselves, with how they ended.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Vec<String>> {
        let mut ended = Vec::new();
        for process in self.product.processes_mut() {
            if let Some(status) = process.ended()? {
                ended.push(format!("{} ended by itself, {status}", process.name()));
            }
        }
        Ok(ended)
    }

    /// Stops all processes as an operator does; what went wrong with it.
    pub(crate) async fn stop(self) -> Option<String> {
        let stopped = self.product.stop().await;
        stopped.err().map(|error| format!("{error:#}"))
    }

    pub(crate) fn infra(&self) -> anyhow::Result<&Infra> {
        match &self.home {
            Home::Servers { infra, .. } => Ok(infra),
            Home::Folder { .. } => bail!("this form has no servers"),
        }
    }

    pub(crate) fn process(&mut self, victim: Victim) -> anyhow::Result<&mut Process> {
        let name = victim.to_string();
        let mut processes = self.product.processes_mut();
        let process = processes.find(|process| process.name() == name);
        process.with_context(|| format!("there is no {name}"))
    }
}
