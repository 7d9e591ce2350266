//! From a host to addresses that may be called.
//!
//! Answers are kept for their time to live within limits, judged. Of one name
//! there is one look-up in flight, in a task of its own: it goes on when the
//! attempt that started it runs out of time, so that a slow name server fails
//! the first attempt but not the next.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts, ServerOrderingStrategy,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use tokio::sync::watch;
use tokio::time::Instant;

use super::outcome::{FailureKind, SendFailure};
use crate::address::{AddressPolicy, Host, Refusal};

/// The bounds of an answer's time to live.
const MIN_TTL: Duration = Duration::from_secs(1);
const MAX_TTL: Duration = Duration::from_secs(300);
/// How long a failed look-up is believed: less than the first pause between
/// attempts.
const FAILURE_TTL: Duration = Duration::from_secs(2);
/// How many names are remembered.
const MAX_NAMES: usize = 10_000;
/// How long one query to one name server may take, and how often it is asked.
const QUERY_TIMEOUT: Duration = Duration::from_secs(1);
const QUERY_ATTEMPTS: usize = 2;
/// How often the system's configuration is read again while look-ups fail.
const RELOAD_PAUSE: Duration = Duration::from_secs(30);

/// Addresses of one name, all of them allowed.
pub(super) type Addresses = Arc<[IpAddr]>;
type Verdict = Result<Addresses, ResolveError>;

/// Why a host has no address that may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ResolveError {
    /// The look-up failed, for this reason.
    Failed(Arc<str>),
    /// An address of it is refused.
    Refused(Refusal),
}

impl From<ResolveError> for SendFailure {
    fn from(error: ResolveError) -> Self {
        match error {
            ResolveError::Failed(reason) => Self::new(FailureKind::Dns, &*reason),
            ResolveError::Refused(refusal) => Self::new(FailureKind::Blocked, refusal.to_string()),
        }
    }
}

#[derive(Debug)]
pub(super) struct Resolver {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    policy: AddressPolicy,
    names: Mutex<HashMap<Arc<str>, Entry>>,
    client: Client,
}

#[derive(Debug)]
enum Entry {
    Known { verdict: Verdict, until: Instant },
    InFlight(watch::Receiver<Option<Verdict>>),
}

impl Resolver {
    pub(super) fn new(policy: AddressPolicy, name_servers: &[SocketAddr]) -> Self {
        let inner = Inner {
            policy,
            names: Mutex::new(HashMap::new()),
            client: Client::new(name_servers),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    pub(super) fn policy(&self) -> &AddressPolicy {
        &self.inner.policy
    }

    pub(super) async fn resolve(&self, host: &Host) -> Verdict {
        let name = match host {
            Host::Name(name) => name,
            &Host::Address(address) => {
                return match self.inner.policy.judge(address) {
                    Ok(()) => Ok(Arc::new([address])),
                    Err(refusal) => Err(ResolveError::Refused(refusal)),
                };
            }
        };
        let mut answer = match self.inner.look(name) {
            Ok(verdict) => return verdict,
            Err(in_flight) => in_flight,
        };
        let verdict = match answer.wait_for(Option::is_some).await {
            Ok(verdict) => verdict.clone(),
            // The task ended without an answer: the process is shutting down.
            Err(_closed) => None,
        };
        verdict.unwrap_or_else(|| Err(ResolveError::Failed("the look-up was interrupted".into())))
    }
}

impl Inner {
    /// What is known of a name, or the look-up to wait for, started if needed.
    fn look(
        self: &Arc<Self>,
        name: &Arc<str>,
    ) -> Result<Verdict, watch::Receiver<Option<Verdict>>> {
        let mut names = self.names();
        match names.get(name) {
            Some(Entry::Known { verdict, until }) if Instant::now() < *until => {
                return Ok(verdict.clone());
            }
            // A sender that is gone was a task that died; start another.
            Some(Entry::InFlight(answer)) if answer.has_changed().is_ok() => {
                return Err(answer.clone());
            }
            _ => {}
        }
        if names.len() >= MAX_NAMES {
            make_room(&mut names);
        }
        let (sender, receiver) = watch::channel(None);
        names.insert(Arc::clone(name), Entry::InFlight(receiver.clone()));
        drop(names);

        let this = Arc::clone(self);
        let name = Arc::clone(name);
        tokio::spawn(async move {
            let (verdict, ttl) = this.ask(&name).await;
            let entry = Entry::Known {
                verdict: verdict.clone(),
                until: Instant::now() + ttl,
            };
            this.names().insert(name, entry);
            sender.send_replace(Some(verdict));
        });
        Err(receiver)
    }

    /// Looks a name up and judges every address of it.
    async fn ask(&self, name: &str) -> (Verdict, Duration) {
        match self.client.lookup(name).await {
            Ok((addresses, ttl)) => {
                let verdict = match self.policy.judge_all(&addresses) {
                    Ok(()) => Ok(addresses),
                    Err(refusal) => Err(ResolveError::Refused(refusal)),
                };
                (verdict, ttl.clamp(MIN_TTL, MAX_TTL))
            }
            Err(reason) => (Err(ResolveError::Failed(reason)), FAILURE_TTL),
        }
    }

    fn names(&self) -> MutexGuard<'_, HashMap<Arc<str>, Entry>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets names whose time is over, and if that is not enough, all that are
/// not just being looked up.
fn make_room(names: &mut HashMap<Arc<str>, Entry>) {
    let now = Instant::now();
    names.retain(|_, entry| match entry {
        Entry::Known { until, .. } => now < *until,
        Entry::InFlight(_) => true,
    });
    if names.len() >= MAX_NAMES {
        names.retain(|_, entry| matches!(entry, Entry::InFlight(_)));
    }
}

/// The DNS client, on the system's configuration or on name servers of our own.
#[derive(Debug)]
enum Client {
    System(Mutex<SystemClient>),
    Own(Result<TokioResolver, Arc<str>>),
}

#[derive(Debug)]
struct SystemClient {
    resolver: Result<TokioResolver, Arc<str>>,
    read_at: Instant,
}

impl SystemClient {
    /// A machine without a usable configuration can still call addresses, so
    /// the error waits until a name is asked for.
    fn read() -> Self {
        let resolver = TokioResolver::builder_tokio()
            .and_then(|mut builder| {
                limit(builder.options_mut());
                builder.build()
            })
            .map_err(|error| describe(&error));
        Self {
            resolver,
            read_at: Instant::now(),
        }
    }
}

impl Client {
    fn new(name_servers: &[SocketAddr]) -> Self {
        if name_servers.is_empty() {
            return Self::System(Mutex::new(SystemClient::read()));
        }
        let name_servers = name_servers
            .iter()
            .map(|address| {
                let mut server = NameServerConfig::udp_and_tcp(address.ip());
                for connection in &mut server.connections {
                    connection.port = address.port();
                }
                server
            })
            .collect();
        let mut builder = TokioResolver::builder_with_config(
            ResolverConfig::from_name_servers(name_servers),
            TokioRuntimeProvider::default(),
        );
        limit(builder.options_mut());
        Self::Own(builder.build().map_err(|error| describe(&error)))
    }

    async fn lookup(&self, name: &str) -> Result<(Addresses, Duration), Arc<str>> {
        let resolver = match self {
            Self::Own(resolver) => resolver.clone(),
            Self::System(client) => lock(client).resolver.clone(),
        };
        let found = match resolver {
            Ok(resolver) => Box::pin(resolver.lookup_ip(name)).await,
            Err(reason) => {
                self.reload();
                return Err(reason);
            }
        };
        let found = found.map_err(|error| {
            if !error.is_no_records_found() {
                self.reload();
            }
            describe(&error)
        })?;
        let addresses: Addresses = found.iter().collect();
        if addresses.is_empty() {
            return Err("the name has no address".into());
        }
        let ttl = found
            .valid_until()
            .saturating_duration_since(Instant::now().into_std());
        Ok((addresses, ttl))
    }

    /// Reads the system's configuration again: a machine that moved to another
    /// network has other name servers.
    fn reload(&self) {
        if let Self::System(client) = self {
            let mut client = lock(client);
            if client.read_at.elapsed() >= RELOAD_PAUSE {
                *client = SystemClient::read();
            }
        }
    }
}

/// Asks for both families, since every address is judged, and caches nothing,
/// since judged answers are cached here.
fn limit(options: &mut ResolverOpts) {
    options.timeout = QUERY_TIMEOUT;
    options.attempts = QUERY_ATTEMPTS;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.server_ordering_strategy = ServerOrderingStrategy::QueryStatistics;
    options.cache_size = 0;
    options.negative_max_ttl = Some(Duration::ZERO);
}

fn describe(error: &NetError) -> Arc<str> {
    if error.is_nx_domain() {
        "the name does not exist".into()
    } else if error.is_no_records_found() {
        "the name has no address".into()
    } else {
        format!("the look-up failed: {error}").into()
    }
}

fn lock(client: &Mutex<SystemClient>) -> MutexGuard<'_, SystemClient> {
    client.lock().unwrap_or_else(PoisonError::into_inner)
}
