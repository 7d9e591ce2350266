//! A name server that knows what a test tells it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::AbortHandle;

const TYPE_A: u16 = 1;
const TYPE_AAAA: u16 = 28;
/// Response to a standard query, recursion desired and available.
const FLAGS_ANSWER: u16 = 0x8180;
const NO_SUCH_NAME: u16 = 3;

/// Answers A and AAAA queries over UDP on loopback; names it was not told of
/// do not exist.
#[derive(Debug)]
pub struct MockDns {
    address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    task: AbortHandle,
}

#[derive(Debug, Default)]
struct Zone {
    records: HashMap<String, Records>,
    queries: HashMap<String, usize>,
    delay: Duration,
}

#[derive(Debug, Clone)]
struct Records {
    addresses: Vec<IpAddr>,
    ttl_seconds: u32,
}

impl MockDns {
    /// Starts with an empty zone.
    pub async fn start() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free loopback port");
        let address = socket.local_addr().expect("the socket's address");
        let zone = Arc::new(Mutex::new(Zone::default()));
        let task = tokio::spawn(serve(Arc::new(socket), Arc::clone(&zone))).abort_handle();
        Self {
            address,
            zone,
            task,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gives a name (without the final dot) its addresses.
    pub fn set(&self, name: &str, addresses: &[IpAddr], ttl_seconds: u32) {
        let records = Records {
            addresses: addresses.to_vec(),
            ttl_seconds,
        };
        lock(&self.zone).records.insert(name.to_owned(), records);
    }

    /// Answers each query only after this long.
    pub fn delay(&self, delay: Duration) {
        lock(&self.zone).delay = delay;
    }

    /// How many A queries came for a name.
    pub fn queries(&self, name: &str) -> usize {
        lock(&self.zone).queries.get(name).copied().unwrap_or(0)
    }
}

impl Drop for MockDns {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: Arc<UdpSocket>, zone: Arc<Mutex<Zone>>) {
    let mut buffer = [0; 1500];
    loop {
        let Ok((length, peer)) = socket.recv_from(&mut buffer).await else {
            continue;
        };
        let Some((reply, delay)) = answer(&buffer[..length], &zone) else {
            continue;
        };
        let socket = Arc::clone(&socket);
        tokio::spawn(async move {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            // A peer that no longer waits is its own affair.
            drop(socket.send_to(&reply, peer).await);
        });
    }
}

/// The reply to a query, and the pause before it; `None` for no DNS query.
fn answer(query: &[u8], zone: &Mutex<Zone>) -> Option<(Vec<u8>, Duration)> {
    let (name, after_name) = read_name(query)?;
    let question = query.get(12..after_name + 4)?;
    let kind = u16::from_be_bytes([*query.get(after_name)?, *query.get(after_name + 1)?]);

    let mut zone = lock(zone);
    if kind == TYPE_A {
        *zone.queries.entry(name.clone()).or_default() += 1;
    }
    let records = zone.records.get(&name);
    let matching: Vec<Vec<u8>> = records
        .map(|records| records.addresses.as_slice())
        .unwrap_or_default()
        .iter()
        .filter_map(|address| match address {
            IpAddr::V4(v4) if kind == TYPE_A => Some(v4.octets().to_vec()),
            IpAddr::V6(v6) if kind == TYPE_AAAA => Some(v6.octets().to_vec()),
            IpAddr::V4(_) | IpAddr::V6(_) => None,
        })
        .collect();
    let flags = FLAGS_ANSWER | if records.is_some() { 0 } else { NO_SUCH_NAME };
    let ttl_seconds = records.map_or(0, |records| records.ttl_seconds);

    let mut reply = query.get(..2)?.to_vec();
    reply.extend(flags.to_be_bytes());
    reply.extend(1_u16.to_be_bytes());
    reply.extend(u16::try_from(matching.len()).ok()?.to_be_bytes());
    reply.extend([0; 4]);
    reply.extend(question);
    for data in matching {
        // A pointer to the name in the question, then type and class IN.
        reply.extend([0xc0, 12]);
        reply.extend(kind.to_be_bytes());
        reply.extend(1_u16.to_be_bytes());
        reply.extend(ttl_seconds.to_be_bytes());
        reply.extend(u16::try_from(data.len()).ok()?.to_be_bytes());
        reply.extend(data);
    }
    Some((reply, zone.delay))
}

/// The name in the question, in lower case, and where it ends.
fn read_name(query: &[u8]) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    let mut at = 12;
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        let label = std::str::from_utf8(query.get(at..at + length)?).ok()?;
        labels.push(label.to_ascii_lowercase());
        at += length;
    }
}

fn lock(zone: &Mutex<Zone>) -> MutexGuard<'_, Zone> {
    zone.lock().unwrap_or_else(PoisonError::into_inner)
}
