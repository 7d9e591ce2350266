//! Connections that wait for their next request.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use super::connect::Connection;
use crate::address::{Host, WebhookUrl};

/// What two requests must share to share a connection. The address is part of
/// it: a connection never outlives the check of its address by a look-up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PoolKey {
    is_https: bool,
    host: Host,
    port: u16,
    address: IpAddr,
}

impl PoolKey {
    pub(super) fn new(url: &WebhookUrl, address: IpAddr) -> Self {
        Self {
            is_https: url.is_https(),
            host: url.host().clone(),
            port: url.port(),
            address,
        }
    }
}

#[derive(Debug)]
pub(super) struct Pool {
    per_key: usize,
    in_all: usize,
    timeout: Duration,
    idle: Mutex<Idle>,
}

#[derive(Debug, Default)]
struct Idle {
    /// Per key the longest idle first.
    connections: HashMap<PoolKey, Vec<IdleConnection>>,
    count: usize,
    is_swept: bool,
}

#[derive(Debug)]
struct IdleConnection {
    connection: Connection,
    since: Instant,
}

impl Pool {
    pub(super) fn new(per_key: usize, in_all: usize, timeout: Duration) -> Self {
        Self {
            per_key,
            in_all,
            timeout,
            idle: Mutex::new(Idle::default()),
        }
    }

    /// The connection that was used last, which is the likeliest to live.
    pub(super) async fn take(&self, key: &PoolKey) -> Option<Connection> {
        loop {
            let mut connection = self.pop(key)?;
            if connection.is_usable().await {
                return Some(connection);
            }
        }
    }

    fn pop(&self, key: &PoolKey) -> Option<Connection> {
        let mut idle = self.idle();
        let waiting = idle.connections.get_mut(key)?;
        let popped = waiting.pop()?;
        if waiting.is_empty() {
            idle.connections.remove(key);
        }
        idle.count -= 1;
        if popped.since.elapsed() >= self.timeout {
            // Those below have waited even longer.
            let expired = idle.connections.remove(key).map_or(0, |rest| rest.len());
            idle.count -= expired;
            return None;
        }
        Some(popped.connection)
    }

    /// Keeps a connection whose last answer was read to its end.
    pub(super) fn put(self: &Arc<Self>, key: PoolKey, connection: Connection) {
        if connection.is_closed() {
            return;
        }
        let mut idle = self.idle();
        if idle.count >= self.in_all {
            return;
        }
        let waiting = idle.connections.entry(key).or_default();
        if waiting.len() >= self.per_key {
            return;
        }
        waiting.push(IdleConnection {
            connection,
            since: Instant::now(),
        });
        idle.count += 1;
        if !std::mem::replace(&mut idle.is_swept, true) {
            tokio::spawn(sweep(Arc::downgrade(self), self.timeout));
        }
    }

    /// Drops what is closed or has waited too long. Returns whether the sweeper
    /// is still needed.
    fn drop_stale(&self) -> bool {
        let mut idle = self.idle();
        idle.connections.retain(|_, waiting| {
            waiting
                .retain(|idle| !idle.connection.is_closed() && idle.since.elapsed() < self.timeout);
            !waiting.is_empty()
        });
        idle.count = idle.connections.values().map(Vec::len).sum();
        idle.is_swept = idle.count > 0;
        idle.is_swept
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs while connections wait, and no longer than the pool.
async fn sweep(pool: Weak<Pool>, timeout: Duration) {
    loop {
        tokio::time::sleep(timeout / 4).await;
        match pool.upgrade() {
            Some(pool) if pool.drop_stale() => {}
            _ => return,
        }
    }
}
