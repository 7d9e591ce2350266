//! The wires of a process that a tool can cut and stall.

use std::net::SocketAddr;

use fault_proxy::FaultProxy;

use crate::servers::Servers;

/// The wires of one process, each its own.
#[derive(Debug)]
pub struct Wires {
    /// From its clients.
    pub clients: FaultProxy,
    /// To the servers, where there are some.
    pub servers: Option<ServerWires>,
}

/// The wires between a process and its servers.
#[derive(Debug)]
pub struct ServerWires {
    /// To PostgreSQL.
    pub database: FaultProxy,
    /// To RabbitMQ.
    pub broker: FaultProxy,
}

impl Wires {
    /// Of a process that listens on `address` and needs no servers.
    pub(super) async fn of_clients(address: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self {
            clients: FaultProxy::start(address).await?,
            servers: None,
        })
    }

    /// Of a process that listens on `address`, and the servers as it has to see them.
    pub(super) async fn to(
        servers: &Servers,
        address: SocketAddr,
    ) -> anyhow::Result<(Self, Servers)> {
        let [database, broker] = servers.addresses()?;
        let wires = ServerWires {
            database: FaultProxy::start(database).await?,
            broker: FaultProxy::start(broker).await?,
        };
        let seen = servers.through(wires.database.address(), wires.broker.address())?;
        let wires = Self {
            clients: FaultProxy::start(address).await?,
            servers: Some(wires),
        };
        Ok((wires, seen))
    }
}
