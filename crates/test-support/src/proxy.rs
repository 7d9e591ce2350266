//! [`fault_proxy::FaultProxy`] for tests, which panic where it cannot be had.

use std::net::SocketAddr;
use std::ops::Deref;

/// A TCP proxy on loopback between a client and a server. It starts by passing
/// everything on.
#[derive(Debug)]
pub struct FaultProxy(fault_proxy::FaultProxy);

impl FaultProxy {
    /// Listens on a free loopback port for connections to `upstream`.
    ///
    /// # Panics
    ///
    /// If no port is free.
    pub async fn start(upstream: SocketAddr) -> Self {
        let proxy = fault_proxy::FaultProxy::start(upstream).await;
        Self(proxy.expect("a free loopback port"))
    }

    /// Passes bytes and takes connections again, whatever was before.
    ///
    /// # Panics
    ///
    /// If something else took the port while it was refused.
    pub async fn pass(&self) {
        self.0.pass().await.expect("the port that was left");
    }
}

impl Deref for FaultProxy {
    type Target = fault_proxy::FaultProxy;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
