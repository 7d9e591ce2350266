//! Dealwire with its servers, and how each part is harmed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use hyper::{Method, StatusCode};
use rig::{Ask, Infra, Installation, Layout, Process, Product, Program, Receiver, Source};

use crate::arrivals::Arrivals;
use crate::hooks::HOOKS;
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
}

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
        Ok(Self {
            home: Home::Servers {
                infra,
                installation: Box::new(installation),
            },
            product,
        })
    }

    /// Starts the one process that needs no servers; its log is in `folder`.
    pub(crate) async fn up(options: &Options, folder: &Path) -> anyhow::Result<Self> {
        let folder = folder.join("data");
        let (product, _took) = Product::up(&options.program, &folder).await?;
        Ok(Self {
            home: Home::Folder {
                program: Program::new(&options.program),
                folder,
            },
            product,
        })
    }

    /// Makes a source of leads.
    pub(crate) async fn make_source(&self) -> anyhow::Result<Source> {
        let addresses = self.product.leads();
        let address = *addresses.first().context("nobody takes leads")?;
        Source::create(address, self.product.token(), "chaos").await
    }

    /// Makes the webhooks, then leaves new queues alone for a while.
    pub(crate) async fn make_webhooks(
        &self,
        receiver: Receiver,
        arrivals: &Arrivals,
        ledger: &Arc<Ledger>,
    ) -> anyhow::Result<()> {
        let mut api = self.webhooks_api(ledger);
        for (number, hook) in (0..).zip(&HOOKS) {
            let body = hook.request(&receiver.url(number));
            let ask = Ask::json(Method::POST, "/api/v1/webhooks", &body);
            let answer = api.ask(&ask).await?.answer;
            ensure!(
                answer.status == StatusCode::CREATED,
                "a webhook was answered with {} {}",
                answer.status,
                answer.text()
            );
            let body = answer.json()?;
            let secret = body["secret"]
                .as_str()
                .context("a new webhook has a secret")?;
            arrivals.expect(number, secret)?;
        }
        if matches!(self.home, Home::Servers { .. }) {
            tokio::time::sleep(SETTLED).await;
        }
        Ok(())
    }

    /// A client of the entity service, which begins with another replica for each `number`.
    pub(crate) fn records_api(&self, number: usize, ledger: &Arc<Ledger>) -> Insistent {
        let token = self.product.token().into();
        Insistent::new(self.product.records(), number, token, Arc::clone(ledger))
    }

    /// A client of the delivery workers.
    pub(crate) fn webhooks_api(&self, ledger: &Arc<Ledger>) -> Insistent {
        let token = self.product.token().into();
        Insistent::new(self.product.webhooks(), 0, token, Arc::clone(ledger))
    }

    /// A client of the intake service, which begins with another replica for each `number`.
    pub(crate) fn leads_api(&self, number: usize, ledger: &Arc<Ledger>) -> Insistent {
        let token = self.product.token().into();
        Insistent::new(self.product.leads(), number, token, Arc::clone(ledger))
    }

    pub(crate) async fn harm(&mut self, harm: Harm, victim: Victim) -> anyhow::Result<()> {
        match (harm, victim) {
            (Harm::Kill, Victim::Server(server)) => self.infra()?.kill(server).await,
            (Harm::Stop, Victim::Server(server)) => self.infra()?.pause(server).await,
            (Harm::Kill, process) => self.process(process)?.kill().await,
            (Harm::Stop, process) => self.process(process)?.pause().await,
        }
    }

    /// Starts or resumes what was harmed; the moment from which it can work again.
    pub(crate) async fn bring_back(
        &mut self,
        harm: Harm,
        victim: Victim,
    ) -> anyhow::Result<Instant> {
        match (harm, victim) {
            (Harm::Kill, Victim::Server(server)) => self.infra()?.start_again(server).await?,
            (Harm::Stop, Victim::Server(server)) => self.infra()?.resume(server).await?,
            (Harm::Kill, process) => self.process(process)?.start_again()?,
            (Harm::Stop, process) => self.process(process)?.resume().await?,
        }
        Ok(Instant::now())
    }

    /// What `dealwire verify` says: whether all is well, and its words.
    pub(crate) async fn verify(&self) -> anyhow::Result<(bool, String)> {
        let mut arguments = vec!["verify", "--wait", "30"];
        let (status, text) = match &self.home {
            Home::Servers { installation, .. } => {
                installation.program().run_to_end(&arguments).await?
            }
            Home::Folder { program, folder } => {
                let folder = folder.to_string_lossy();
                arguments.extend(["--data-dir", &folder]);
                program.run_to_end(&arguments).await?
            }
        };
        Ok((status.success(), text))
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

    fn infra(&self) -> anyhow::Result<&Infra> {
        match &self.home {
            Home::Servers { infra, .. } => Ok(infra),
            Home::Folder { .. } => bail!("this form has no servers"),
        }
    }

    fn process(&mut self, victim: Victim) -> anyhow::Result<&mut Process> {
        let name = victim.to_string();
        let mut processes = self.product.processes_mut();
        let process = processes.find(|process| process.name() == name);
        process.with_context(|| format!("there is no {name}"))
    }
}
