//! The server that callbacks go to.

mod answer;
mod reacting;
mod request;
mod wire;

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use reacting::react;
use wire::{Identity, Wire};

pub use answer::Answer;
pub use request::ReceivedRequest;

/// How long [`MockReceiver::wait_for_requests`] waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// An HTTP/1.1 server on loopback that answers by script, in order, then by a
/// default (`200 ok` unless set), and keeps every request.
pub struct MockReceiver {
    address: SocketAddr,
    /// `https` with its authority, or `http`.
    ca_pem: Option<String>,
    shared: Arc<Shared>,
    /// Ends the listener and all connections of the current time up.
    up: Mutex<CancellationToken>,
}

struct Shared {
    script: Mutex<Script>,
    requests: Mutex<Vec<ReceivedRequest>>,
    arrivals: watch::Sender<usize>,
    connections: AtomicU64,
    open: AtomicU64,
    refuses: AtomicBool,
    acceptor: Option<TlsAcceptor>,
}

struct Script {
    next: VecDeque<Answer>,
    default: Answer,
}

impl MockReceiver {
    /// Listens with plain HTTP.
    pub async fn start() -> Self {
        Self::listen(None).await
    }

    /// Listens with HTTPS; the certificate is for these names or addresses.
    pub async fn start_tls(names: &[&str]) -> Self {
        Self::listen(Some(Identity::issue(names))).await
    }

    /// The same with a certificate whose time is over.
    pub async fn start_tls_expired(names: &[&str]) -> Self {
        Self::listen(Some(Identity::issue_expired(names))).await
    }

    async fn listen(identity: Option<Identity>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free loopback port");
        let address = listener.local_addr().expect("the listener's address");
        let (ca_pem, acceptor) = identity
            .map(|identity| (identity.ca_pem, identity.acceptor))
            .unzip();
        let shared = Arc::new(Shared {
            script: Mutex::new(Script {
                next: VecDeque::new(),
                default: Answer::ok(),
            }),
            requests: Mutex::new(Vec::new()),
            arrivals: watch::Sender::new(0),
            connections: AtomicU64::new(0),
            open: AtomicU64::new(0),
            refuses: AtomicBool::new(false),
            acceptor,
        });
        let up = CancellationToken::new();
        serve(listener, &shared, &up);
        Self {
            address,
            ca_pem,
            shared,
            up: Mutex::new(up),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL by address, with a path such as `/hook`.
    pub fn url(&self, path: &str) -> String {
        self.url_at(&self.address.ip().to_string(), path)
    }

    /// Its URL under another name, for a resolver that knows it.
    pub fn url_at(&self, host: &str, path: &str) -> String {
        let scheme = if self.ca_pem.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{host}:{}{path}", self.address.port())
    }

    /// The authority that signed its certificate.
    ///
    /// # Panics
    ///
    /// If it speaks plain HTTP.
    pub fn ca_pem(&self) -> &str {
        self.ca_pem.as_deref().expect("a receiver under TLS")
    }

    /// Appends to the script; each answer serves one request.
    pub fn answer_next(&self, answer: Answer) {
        lock(&self.shared.script).next.push_back(answer);
    }

    /// Answers so whenever the script is empty.
    pub fn answer_always(&self, answer: Answer) {
        lock(&self.shared.script).default = answer;
    }

    /// Whether to close each new connection as soon as it is accepted.
    pub fn close_on_accept(&self, refuses: bool) {
        self.shared.refuses.store(refuses, Ordering::SeqCst);
    }

    /// Closes the port and every connection, as a crash would.
    pub fn go_down(&self) {
        lock(&self.up).cancel();
    }

    /// Listens again on the same port.
    ///
    /// # Panics
    ///
    /// If something else took the port meanwhile.
    pub async fn come_back(&self) {
        let up = CancellationToken::new();
        let before = std::mem::replace(&mut *lock(&self.up), up.clone());
        before.cancel();
        let listener = loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => break listener,
                // The listener before is dropped by its task, which may be behind.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    tokio::task::yield_now().await;
                }
                Err(error) => panic!("{} cannot be taken again: {error}", self.address),
            }
        };
        serve(listener, &self.shared, &up);
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        lock(&self.shared.requests).clone()
    }

    /// Waits until at least `count` requests have come, and returns all.
    ///
    /// # Panics
    ///
    /// If they do not come within 20 s.
    pub async fn wait_for_requests(&self, count: usize) -> Vec<ReceivedRequest> {
        let mut arrivals = self.shared.arrivals.subscribe();
        let enough = arrivals.wait_for(|&arrived| arrived >= count);
        let waited = tokio::time::timeout(PATIENCE, enough).await;
        let requests = self.requests();
        assert!(
            waited.is_ok(),
            "{} of {count} requests came within {PATIENCE:?}",
            requests.len()
        );
        requests
    }

    /// How many connections are open now, as far as this end knows.
    pub fn open_connections(&self) -> u64 {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Drop for MockReceiver {
    fn drop(&mut self) {
        self.go_down();
    }
}

impl fmt::Debug for MockReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockReceiver")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

fn serve(listener: TcpListener, shared: &Arc<Shared>, up: &CancellationToken) {
    let shared = Arc::clone(shared);
    let up = up.clone();
    tokio::spawn(async move {
        while let Some(Ok((stream, _peer))) = up.run_until_cancelled(listener.accept()).await {
            let connection = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
            if shared.refuses.load(Ordering::SeqCst) {
                continue;
            }
            let shared = Arc::clone(&shared);
            let up = up.clone();
            shared.open.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                // The peer's ways to end a connection are not this side's errors.
                let ended = up.run_until_cancelled(shared.converse(stream, connection));
                drop(ended.await);
                shared.open.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
}

impl Shared {
    async fn converse(&self, stream: TcpStream, connection: u64) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut wire = match &self.acceptor {
            Some(acceptor) => Wire::Tls(Box::new(acceptor.accept(stream).await?)),
            None => Wire::Plain(stream),
        };
        let mut buffer = BytesMut::with_capacity(8 * 1024);
        while let Some(request) = ReceivedRequest::read(&mut wire, &mut buffer, connection).await? {
            let answer = self.keep(request);
            // Even a pause of no length would wait for the timer's next tick.
            if !answer.delay.is_zero() {
                // A client that gives up meanwhile ends the connection here, too.
                tokio::select! {
                    () = tokio::time::sleep(answer.delay) => {}
                    ended = wire.end(&mut buffer) => return ended,
                }
            }
            match react(wire, &mut buffer, answer.reaction).await? {
                Some(open) => wire = open,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// Keeps the request and says what to do with it.
    fn keep(&self, request: ReceivedRequest) -> Answer {
        let answer = {
            let mut script = lock(&self.script);
            let next = script.next.pop_front();
            next.unwrap_or_else(|| script.default.clone())
        };
        let mut requests = lock(&self.requests);
        requests.push(request);
        self.arrivals.send_replace(requests.len());
        answer
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
