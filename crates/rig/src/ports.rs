//! Addresses for servers that are stopped and started again.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::bail;

/// Below those that the system gives to outgoing connections: one of those could
/// take the port while its server is down.
const PORTS: std::ops::Range<u16> = 20_000..25_000;

const TRIES: usize = 100;

/// A loopback address on which nothing listens.
///
/// # Errors
/// No port could be taken in a hundred tries.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    for _ in 0..TRIES {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, fastrand::u16(PORTS)));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no free port was found from {} on", PORTS.start)
}
