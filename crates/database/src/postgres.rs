//! PostgreSQL: as many threads as connections, started when there is work for them.

pub(crate) mod connect;
pub(crate) mod listen;
pub(crate) mod migrate;
mod pool;
mod standing;
mod together;
mod url;
mod worker;

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::unit::Unit;
use crate::{Migrations, OpenError};
use connect::Server;
use pool::{Job, Pool};
use together::Together;
pub(crate) use url::target;

/// Whether a unit's changes shall stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Write,
    /// It is one statement.
    Statement,
    Read,
}

/// A unit and the connection it will get.
struct Queued {
    unit: Box<dyn Unit>,
    mode: Mode,
    /// Given back once it is answered.
    _places: Vec<OwnedSemaphorePermit>,
}

impl Queued {
    /// One that shared a transaction in vain.
    fn alone(unit: Box<dyn Unit>) -> Self {
        Self {
            unit,
            mode: Mode::Write,
            _places: Vec::new(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Postgres {
    server: Arc<Server>,
    pool: Arc<Pool>,
    connections: Arc<Semaphore>,
    together: Arc<Together>,
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.pool.close();
    }
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
        let server = Arc::new(Server::new(url));
        Ok(Self {
            pool: Pool::new(Arc::clone(&server), connections),
            server,
            connections: Arc::new(Semaphore::new(connections)),
            together: Together::new(),
        })
    }

    pub(crate) async fn write(&self, unit: Box<dyn Unit>) {
        self.push(unit, Mode::Write, Vec::new()).await;
    }

    pub(crate) async fn write_statement(&self, unit: Box<dyn Unit>) {
        self.push(unit, Mode::Statement, Vec::new()).await;
    }

    pub(crate) async fn write_together(&self, unit: Box<dyn Unit>) {
        if let Some(place) = self.together.go_apart() {
            self.push(unit, Mode::Write, vec![place]).await;
        } else if self.together.join(unit) {
            self.pool.submit(Job::Together(Arc::clone(&self.together)));
        }
    }

    pub(crate) async fn read(&self, unit: Box<dyn Unit>) {
        self.push(unit, Mode::Read, Vec::new()).await;
    }

    pub(crate) fn server(&self) -> Arc<Server> {
        Arc::clone(&self.server)
    }

    async fn push(&self, unit: Box<dyn Unit>, mode: Mode, mut places: Vec<OwnedSemaphorePermit>) {
        let Ok(connection) = Arc::clone(&self.connections).acquire_owned().await else {
            return;
        };
        places.push(connection);
        self.pool.submit(Job::Unit(Queued {
            unit,
            mode,
            _places: places,
        }));
    }
}
