//! PostgreSQL: as many threads as connections, started when there is work for them.

pub(crate) mod connect;
pub(crate) mod listen;
pub(crate) mod migrate;
mod pool;
mod standing;
mod url;
mod worker;

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::unit::Unit;
use crate::{Migrations, OpenError};
use connect::Server;
use pool::Pool;
pub(crate) use url::target;

/// Whether a unit's changes shall stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Write,
    Read,
}

/// A unit and the connection it will get.
struct Queued {
    unit: Box<dyn Unit>,
    mode: Mode,
    _connection: OwnedSemaphorePermit,
}

#[derive(Debug)]
pub(crate) struct Postgres {
    server: Arc<Server>,
    pool: Arc<Pool>,
    connections: Arc<Semaphore>,
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
        })
    }

    pub(crate) async fn write(&self, unit: Box<dyn Unit>) {
        self.push(unit, Mode::Write).await;
    }

    pub(crate) async fn read(&self, unit: Box<dyn Unit>) {
        self.push(unit, Mode::Read).await;
    }

    pub(crate) fn server(&self) -> Arc<Server> {
        Arc::clone(&self.server)
    }

    async fn push(&self, unit: Box<dyn Unit>, mode: Mode) {
        let Ok(connection) = Arc::clone(&self.connections).acquire_owned().await else {
            return;
        };
        self.pool.submit(Queued {
            unit,
            mode,
            _connection: connection,
        });
    }
}
