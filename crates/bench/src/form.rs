//! The forms in which Dealwire runs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use rig::{Infra, Installation, Layout, Product, Server, Servers};

/// What `--form` chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Choice {
    /// One process on SQLite files.
    Up,
    /// Services apart, on PostgreSQL and RabbitMQ, with one and with two workers.
    Split,
}

/// A form that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Up,
    Split { workers: usize },
}

/// Where the data of one round in one form lies; Dealwire starts on it again and again.
#[derive(Debug)]
pub(crate) enum Home {
    Folder {
        program: PathBuf,
        folder: PathBuf,
    },
    Installation {
        installation: Box<Installation>,
        layout: Layout,
    },
}

/// The private servers of a run.
#[derive(Debug)]
pub(crate) struct Backends {
    pub(crate) infra: Infra,
    pub(crate) servers: Servers,
}

impl Choice {
    pub(crate) fn forms(self) -> &'static [Form] {
        match self {
            Self::Up => &[Form::Up],
            Self::Split => &[Form::Split { workers: 1 }, Form::Split { workers: 2 }],
        }
    }
}

impl Form {
    /// The head of its column.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Split { workers: 1 } => "split, 1 worker",
            Self::Split { .. } => "split, 2 workers",
        }
    }

    /// A fresh place for data.
    pub(crate) async fn prepare(
        self,
        program: &Path,
        folder: &Path,
        backends: Option<&Backends>,
    ) -> anyhow::Result<Home> {
        match (self, backends) {
            (Self::Split { workers }, Some(backends)) => {
                let servers = &backends.servers;
                let installation = Installation::create(program, folder, servers).await?;
                Ok(Home::Installation {
                    installation: Box::new(installation),
                    layout: Layout {
                        entity_services: 1,
                        intake_services: 1,
                        delivery_workers: workers,
                    },
                })
            }
            (Self::Split { .. }, None) => anyhow::bail!("the split form needs its servers"),
            (Self::Up, _) => Ok(Home::Folder {
                program: program.to_owned(),
                folder: folder.to_owned(),
            }),
        }
    }
}

impl Home {
    /// Starts it and waits until it is ready; how long that took.
    pub(crate) async fn start(&self) -> anyhow::Result<(Product, Duration)> {
        match self {
            Self::Folder { program, folder } => Product::up(program, folder).await,
            Self::Installation {
                installation,
                layout,
            } => installation.start(*layout).await,
        }
    }

    /// Lets PostgreSQL look at its tables, as it does by itself within a minute: what is
    /// measured in this minute would be plans for empty tables.
    pub(crate) async fn analyze(&self) -> anyhow::Result<()> {
        match self {
            Self::Folder { .. } => Ok(()),
            Self::Installation { installation, .. } => installation.analyze().await,
        }
    }
}

impl Backends {
    pub(crate) async fn start(infra: Infra) -> anyhow::Result<Self> {
        infra.start().await?;
        let servers = infra.servers().await?;
        Ok(Self { infra, servers })
    }

    /// The disk of PostgreSQL's data.
    pub(crate) async fn disk(&self) -> anyhow::Result<PathBuf> {
        self.infra.folder(Server::Postgres).await
    }

    /// Name and topmost process of each server.
    pub(crate) async fn processes(&self) -> anyhow::Result<Vec<(String, u32)>> {
        let mut processes = Vec::new();
        for server in [Server::Postgres, Server::RabbitMq] {
            processes.push((server.to_string(), self.infra.pid(server).await?));
        }
        Ok(processes)
    }
}
