//! Databases, broker, keys and a token for services that run apart.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::{LOOPBACK, Part, Product, Role, Wires};
use crate::ports::free_address;
use crate::process::Program;
use crate::servers::Servers;

const ENTITY_DATABASE: &str = "dealwire_entity";
const INTAKE_DATABASE: &str = "dealwire_intake";
const DELIVERY_DATABASE: &str = "dealwire_delivery";
const DATABASES: [&str; 3] = [ENTITY_DATABASE, INTAKE_DATABASE, DELIVERY_DATABASE];
const VHOST: &str = "dealwire";

/// What the services of one Dealwire share; empty until they run.
#[derive(Debug)]
pub struct Installation {
    program: Program,
    servers: Servers,
    folder: PathBuf,
    token: String,
}

/// How many processes of each service.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Replicas of the entity service.
    pub entity_services: usize,
    /// Replicas of the intake service.
    pub intake_services: usize,
    /// Delivery workers.
    pub delivery_workers: usize,
}

impl Installation {
    /// Makes databases and a virtual host of its own on `servers`, anew where they were
    /// there; keys in `folder`; an account with a token.
    ///
    /// # Errors
    /// A server or a subcommand of the program refuses; the error shows what it said.
    pub async fn create(file: &Path, folder: &Path, servers: &Servers) -> anyhow::Result<Self> {
        for database in DATABASES {
            servers.create_database(database).await?;
        }
        servers.create_vhost(VHOST).await?;
        std::fs::create_dir_all(folder)?;
        let program = Program::new(file)
            .with("DEALWIRE__DATA_DIR", folder.to_string_lossy())
            .with("DEALWIRE__DELIVERY__ALLOW_NETWORKS", LOOPBACK);
        let program = on(servers, program);
        let data_dir = folder.to_string_lossy();
        program
            .run(&["keys", "create", "--data-dir", &data_dir])
            .await?;
        program.run(&["migrate"]).await?;
        let account = program.run(&["account", "create", "--name", "rig"]).await?;
        let scopes = [
            "records:write",
            "leads:write",
            "webhooks:write",
            "admin:write",
        ];
        let mut arguments = vec!["token", "create", "--account", account.trim()];
        arguments.extend(scopes.iter().flat_map(|scope| ["--scope", scope]));
        let token = program.run(&arguments).await.context("no token")?;
        Ok(Self {
            program,
            servers: servers.clone(),
            folder: folder.to_owned(),
            token,
        })
    }

    /// Starts all processes at once and waits until each is ready; how long that took.
    ///
    /// # Errors
    /// One cannot be started, or is not ready in time.
    pub async fn start(&self, layout: Layout) -> anyhow::Result<(Product, Duration)> {
        self.start_parts(layout, false).await
    }

    /// The same with wires that can be broken: between each process and its clients and
    /// servers.
    ///
    /// # Errors
    /// As [`Installation::start`].
    pub async fn start_wired(&self, layout: Layout) -> anyhow::Result<Product> {
        let (product, _took) = self.start_parts(layout, true).await?;
        Ok(product)
    }

    async fn start_parts(
        &self,
        layout: Layout,
        are_wired: bool,
    ) -> anyhow::Result<(Product, Duration)> {
        let started = Instant::now();
        let mut parts = Vec::new();
        for (role, count) in [
            (Role::EntityService, layout.entity_services),
            (Role::IntakeService, layout.intake_services),
            (Role::DeliveryWorker, layout.delivery_workers),
        ] {
            for number in 1..=count {
                let log = format!("{}-{number}.log", role.subcommand());
                let log = self.folder.join(log);
                let address = free_address()?;
                let (wires, program) = if are_wired {
                    let (wires, seen) = Wires::to(&self.servers, address).await?;
                    (Some(wires), on(&seen, self.program.clone()))
                } else {
                    (None, self.program.clone())
                };
                let mut part = Part::start(role, number, address, &program, None, &log)?;
                part.wires = wires;
                parts.push(part);
            }
        }
        for part in &mut parts {
            part.become_ready().await?;
        }
        let product = Product {
            parts,
            token: self.token.clone(),
        };
        Ok((product, started.elapsed()))
    }

    /// Gathers the planner's statistics of all databases, see [`Servers::analyze`].
    ///
    /// # Errors
    /// The server refuses, or does not answer.
    pub async fn analyze(&self) -> anyhow::Result<()> {
        for database in DATABASES {
            self.servers.analyze(database).await?;
        }
        Ok(())
    }

    /// The queues of the broker by name.
    ///
    /// # Errors
    /// The broker refuses, or does not answer.
    pub async fn queues(&self) -> anyhow::Result<Vec<String>> {
        self.servers.queues(VHOST).await
    }

    /// Deletes a queue with all that waits in it.
    ///
    /// # Errors
    /// The broker refuses, or does not answer.
    pub async fn delete_queue(&self, queue: &str) -> anyhow::Result<()> {
        self.servers.delete_queue(VHOST, queue).await
    }

    /// Takes all its data from the broker; connections break.
    ///
    /// # Errors
    /// The broker refuses, or does not answer.
    pub async fn empty_broker(&self) -> anyhow::Result<()> {
        self.servers.create_vhost(VHOST).await
    }

    /// The program with all settings, for its other subcommands.
    pub fn program(&self) -> &Program {
        &self.program
    }
}

/// A program with these servers in its settings.
fn on(servers: &Servers, program: Program) -> Program {
    let set = |section: &str, key: &str| format!("DEALWIRE__{section}__{key}");
    program
        .with(&set("BROKER", "URL"), servers.vhost(VHOST))
        .with(
            &set("ENTITY_SERVICE", "DATABASE_URL"),
            servers.database(ENTITY_DATABASE),
        )
        .with(
            &set("INTAKE_SERVICE", "DATABASE_URL"),
            servers.database(INTAKE_DATABASE),
        )
        .with(
            &set("DELIVERY_WORKER", "DATABASE_URL"),
            servers.database(DELIVERY_DATABASE),
        )
}
