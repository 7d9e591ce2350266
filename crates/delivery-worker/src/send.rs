//! One attempt: from a signed request to what the receiver said.
//!
//! Everything up to the last header has to fit into one time limit (WIRE 1:
//! 3 s): look-up, connection, TLS, status line and headers. Addresses are
//! checked between the look-up and the connection, redirects are never
//! followed, and what a receiver does with the connection, however odd, ends as
//! a [`SendOutcome`]. The body after the headers changes nothing any more; it is
//! waited for only as long as the log is worth ([`SendConfig::body_wait`]).

mod connect;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod in_memory;
mod late_bodies;
mod outcome;
mod pool;
mod request;
mod resolve;
mod response;
mod tls;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::Response;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use crate::address::{AddressPolicy, Refusal, WebhookUrl};
use connect::{Connection, ExchangeError};
use late_bodies::LateBodies;
use outcome::{Progress, Stage};
use pool::{Pool, PoolKey};
use resolve::{ResolveError, Resolver};
use response::Rest;
use tls::Tls;

pub(crate) use outcome::{Answer, FailureKind, SendFailure, SendOutcome, Sent};
pub(crate) use request::OutgoingRequest;

/// The time limit of S0: status line and headers have to be there by then.
pub const TIME_LIMIT: Duration = Duration::from_secs(3);

/// How callbacks are sent.
#[derive(Debug, Clone)]
pub struct SendConfig {
    /// Who may be called.
    pub policy: AddressPolicy,
    /// Certificate authorities besides the public ones, each a PEM file's
    /// text with one or more certificates.
    pub extra_ca_pem: Vec<String>,
    /// Name servers to ask; the system's if there are none.
    pub name_servers: Vec<SocketAddr>,
    /// How many idle connections to one address are kept.
    pub idle_per_address: usize,
    /// How many idle connections are kept in all.
    pub idle_in_all: usize,
    /// How long an idle connection is kept.
    pub idle_timeout: Duration,
    /// How long an attempt waits for the body after the headers, so that the log can
    /// show it. A body that takes longer is shown as far as it came, and read on
    /// without anybody waiting.
    pub body_wait: Duration,
}

impl Default for SendConfig {
    fn default() -> Self {
        Self {
            policy: AddressPolicy::default(),
            extra_ca_pem: Vec::new(),
            name_servers: Vec::new(),
            idle_per_address: 256,
            idle_in_all: 1024,
            idle_timeout: Duration::from_secs(30),
            body_wait: Duration::from_millis(100),
        }
    }
}

/// Why a [`Sender`] cannot be made: the configuration is wrong.
#[derive(Debug, thiserror::Error)]
pub enum SenderError {
    /// A file of certificate authorities.
    #[error("an extra certificate authority cannot be used: {0}")]
    CertificateAuthority(String),
    /// The TLS library refused its own defaults.
    #[error("TLS cannot be set up")]
    Tls(#[source] tokio_rustls::rustls::Error),
}

/// Sends callbacks. Clones share connections and look-ups.
#[derive(Debug, Clone)]
pub struct Sender {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    https_only: bool,
    resolver: Resolver,
    tls: Tls,
    pool: Arc<Pool>,
    body_wait: Duration,
    late_bodies: LateBodies,
}

impl Sender {
    /// Prepares everything; nothing is connected yet.
    pub fn new(config: SendConfig) -> Result<Self, SenderError> {
        let tls = Tls::new(&config.extra_ca_pem)?;
        let pool = Arc::new(Pool::new(
            config.idle_per_address,
            config.idle_in_all,
            config.idle_timeout,
        ));
        let shared = Shared {
            https_only: config.policy.https_only,
            resolver: Resolver::new(config.policy, &config.name_servers),
            tls,
            body_wait: config.body_wait,
            late_bodies: LateBodies::new(Arc::clone(&pool)),
            pool,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Who may be called.
    pub(crate) fn policy(&self) -> &AddressPolicy {
        self.shared.resolver.policy()
    }

    /// Judges the addresses behind a URL when it is saved.
    ///
    /// A name that cannot be looked up now passes: its receiver may not be
    /// there yet, and every attempt looks it up again.
    pub(crate) async fn check(&self, url: &WebhookUrl) -> Result<(), Refusal> {
        let deadline = Instant::now() + TIME_LIMIT;
        match timeout_at(deadline, self.shared.resolver.resolve(url.host())).await {
            Ok(Err(ResolveError::Refused(refusal))) => Err(refusal),
            Ok(Ok(_) | Err(ResolveError::Failed(_))) | Err(_) => Ok(()),
        }
    }

    /// Where requests to a URL would go now, or why nothing would be sent, in words for an
    /// operator. The same look-up and the same rules as for an attempt; nothing is connected.
    ///
    /// # Errors
    /// Why not.
    pub async fn look_up(&self, url: &str) -> Result<Vec<IpAddr>, String> {
        let url = WebhookUrl::parse(url, self.policy()).map_err(|error| error.to_string())?;
        let looking = self.shared.resolver.resolve(url.host());
        match tokio::time::timeout(TIME_LIMIT, looking).await {
            Ok(Ok(addresses)) => Ok(addresses.to_vec()),
            Ok(Err(error)) => Err(SendFailure::from(error).detail),
            Err(_elapsed) => Err(format!("no name server answered within {TIME_LIMIT:?}")),
        }
    }

    /// Makes one attempt and waits for its outcome, which is there soon after
    /// the request's time limit at the latest, and soon after the headers of an answer.
    pub(crate) async fn send(&self, request: &OutgoingRequest) -> Sent {
        self.send_since(request, Instant::now()).await
    }

    /// The same with a time limit that began before. Once it is over nothing
    /// is sent any more, even if the process was stopped in between.
    pub(crate) async fn send_since(&self, request: &OutgoingRequest, started: Instant) -> Sent {
        let deadline = started + request.time_limit();
        let mut progress = Progress::new();
        let exchanged = timeout_at(
            deadline,
            self.shared.exchange(request, deadline, &mut progress),
        )
        .await;
        let duration = started.elapsed();
        let outcome = match exchanged {
            Ok(Ok(exchanged)) => {
                SendOutcome::Answered(self.shared.answer(exchanged, deadline).await)
            }
            Ok(Err(failure)) => SendOutcome::Failed(failure),
            Err(_elapsed) => SendOutcome::Failed(progress.stage.timed_out(request.time_limit())),
        };
        Sent {
            outcome,
            duration,
            remote: progress.remote,
        }
    }
}

/// The timer alone does not do: after the process was stopped, what is ready is
/// done before the time is looked at.
fn before(
    deadline: Instant,
    request: &OutgoingRequest,
    progress: &Progress,
) -> Result<(), SendFailure> {
    if Instant::now() < deadline {
        return Ok(());
    }
    Err(progress.stage.timed_out(request.time_limit()))
}

type Exchanged = (Response<Incoming>, Connection, PoolKey);

impl Shared {
    /// Reads an answer as far as somebody waits for it, and sees to what is left.
    async fn answer(&self, (response, connection, key): Exchanged, deadline: Instant) -> Answer {
        let until = deadline.min(Instant::now() + self.body_wait);
        let received = response::read(response, until).await;
        match received.rest {
            Rest::Reusable => self.pool.put(key, connection),
            Rest::Closing => drop(connection),
            Rest::Late(body) => self.late_bodies.read(body, connection, key, deadline),
        }
        received.answer
    }

    /// Gets the headers of an answer, from whichever connection.
    async fn exchange(
        &self,
        request: &OutgoingRequest,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<Exchanged, SendFailure> {
        let url = request.url();
        if self.https_only && !url.is_https() {
            return Err(SendFailure::new(
                FailureKind::Blocked,
                "only https:// URLs are allowed here",
            ));
        }
        let addresses = self.resolver.resolve(url.host()).await?;
        let idle = self.exchange_on_idle(request, &addresses, deadline, progress);
        if let Some(exchanged) = idle.await? {
            return Ok(exchanged);
        }

        progress.stage = Stage::Connecting;
        let (stream, remote) = connect::connect(&addresses, url.port(), deadline).await?;
        progress.remote = Some(remote);
        let mut connection = if url.is_https() {
            progress.stage = Stage::Securing;
            let stream = self.tls.secure(stream, url.host()).await?;
            Connection::open(stream).await?
        } else {
            Connection::open(stream).await?
        };
        progress.stage = Stage::Waiting;
        before(deadline, request, progress)?;
        let response = connection
            .exchange(request)
            .await
            .map_err(ExchangeError::into_failure)?;
        Ok((response, connection, PoolKey::new(url, remote.ip())))
    }

    /// Tries a connection that earlier attempts left open.
    ///
    /// One that dies before a byte of the answer was probably closed by the
    /// receiver while it was idle; that says nothing about this request, which
    /// then gets a fresh connection.
    async fn exchange_on_idle(
        &self,
        request: &OutgoingRequest,
        addresses: &[IpAddr],
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<Option<Exchanged>, SendFailure> {
        let url = request.url();
        for &address in addresses {
            let key = PoolKey::new(url, address);
            let Some(mut connection) = self.pool.take(&key).await else {
                continue;
            };
            progress.remote = Some(SocketAddr::new(address, url.port()));
            progress.stage = Stage::Waiting;
            before(deadline, request, progress)?;
            return match connection.exchange(request).await {
                Ok(response) => Ok(Some((response, connection, key))),
                Err(error) if error.heard_nothing => Ok(None),
                Err(error) => Err(error.into_failure()),
            };
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
