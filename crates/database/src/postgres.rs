//! PostgreSQL: as many threads as connections.

mod migrate;
mod worker;

use std::sync::{Arc, Mutex, mpsc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::unit::Unit;
use crate::{DatabaseError, Migrations, OpenError};

/// Whether a unit wants a transaction around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Write,
    Read,
}

/// A unit and the connection it will get.
pub(crate) struct Queued {
    unit: Box<dyn Unit>,
    mode: Mode,
    _connection: OwnedSemaphorePermit,
}

#[derive(Debug)]
pub(crate) struct Postgres {
    sender: mpsc::Sender<Queued>,
    connections: Arc<Semaphore>,
}

impl Postgres {
    pub(crate) async fn open(
        url: &str,
        connections: usize,
        migrations: Vec<Migrations>,
    ) -> Result<Self, OpenError> {
        let embedded: Vec<_> = migrations.into_iter().map(|both| both.postgres).collect();
        migrate::run(url, embedded).await?;
        let connections = connections.max(1);
        let (sender, jobs) = mpsc::channel();
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..connections {
            let (jobs, url) = (Arc::clone(&jobs), url.to_owned());
            std::thread::Builder::new()
                .name(format!("postgres-{number}"))
                .spawn(move || worker::run(&url, &jobs))?;
        }
        Ok(Self {
            sender,
            connections: Arc::new(Semaphore::new(connections)),
        })
    }

    pub(crate) async fn write(&self, unit: Box<dyn Unit>) {
        self.push(unit, Mode::Write).await;
    }

    pub(crate) async fn read(&self, unit: Box<dyn Unit>) {
        self.push(unit, Mode::Read).await;
    }

    async fn push(&self, unit: Box<dyn Unit>, mode: Mode) {
        let Ok(connection) = Arc::clone(&self.connections).acquire_owned().await else {
            return;
        };
        let queued = Queued {
            unit,
            mode,
            _connection: connection,
        };
        if let Err(mpsc::SendError(queued)) = self.sender.send(queued) {
            let closed = DatabaseError::Unavailable("its threads are gone".to_owned());
            queued.unit.answer(Err(closed));
        }
    }
}

/// The server as logs may name it: without user and password.
pub(crate) fn target(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}://{place}"),
        _ => url.to_owned(),
    }
}
