//! One installation: a database and a broker that outlive the workers on them.

mod fault;
mod hold;
mod stored;
mod worker;

use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use broker::{Confirmation, OutgoingMessage, Publisher};
use database::{Backend, Connection, Database, DatabaseError, Migrations, on_backend};
use delivery_worker::{
    AddressPolicy, BreakerConfig, DeliveryConfig, Dependencies, KeyRing, MasterKey, SendConfig,
    Service,
};
use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use events::{Clock, Event};
use http_api::{
    Claims, HttpApi, HttpApiParts, ScopeSet, ServerConfig, TokenSigner, TokenVerifier,
    generate_keys, serve,
};
use telemetry::Metrics;
use test_support::{
    ApiClient, MockReceiver, ReceivedRequest, TestBroker, TestDatabase, wait_until,
};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::events::ACCOUNT;
pub(crate) use fault::{Condition, Fault};
use stored::Number;
pub(crate) use stored::StoredAttempt;

/// How long a test waits for what it waits for.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// What stays when a worker goes.
pub(crate) struct Site {
    pub(crate) database: Database,
    pub(crate) broker: TestBroker,
    publisher: Publisher,
    keys: Arc<KeyRing>,
    signer: TokenSigner,
    public_pem: String,
    home: TestDatabase,
}

/// A worker of the site, on threads of its own.
pub(crate) struct Worker {
    pub(crate) api: ApiClient,
    metrics: Metrics,
    cancel: CancellationToken,
    running: JoinHandle<()>,
    runtime: Option<Runtime>,
}

/// How many threads a worker has.
const THREADS: usize = 2;

/// A worker stands still as long as this is there.
pub(crate) struct Frozen(#[expect(dead_code, reason = "held until it is dropped")] Sender<()>);

fn migrations() -> Vec<Migrations> {
    vec![
        outbox::MIGRATIONS,
        idempotency::MIGRATIONS,
        delivery_worker::MIGRATIONS,
        revocation::MIGRATIONS,
    ]
}

impl Site {
    pub(crate) async fn start() -> Self {
        let home = TestDatabase::start().await;
        let database = home.open(migrations()).await;
        let topology = outbox::topology();
        let broker = TestBroker::start().await;
        broker.broker().declare(&topology).await.unwrap();
        let keys = generate_keys().unwrap();
        Self {
            publisher: broker.broker().publisher(&topology.exchange).await.unwrap(),
            database,
            broker,
            keys: Arc::new(KeyRing::new(&MasterKey::generate().unwrap(), &[]).unwrap()),
            signer: TokenSigner::new(&keys.private_pem).unwrap(),
            public_pem: keys.public_pem,
            home,
        }
    }

    /// A worker that is quick to retry.
    pub(crate) async fn worker(&self) -> Worker {
        self.worker_with(quick()).await
    }

    pub(crate) async fn worker_with(&self, config: DeliveryConfig) -> Worker {
        let wall = Clock::System;
        let verifier =
            TokenVerifier::new(&[&self.public_pem], Arc::new(move || wall.now().0)).unwrap();
        // As another process would: on a server, connections of its own.
        let database = match self.database.backend() {
            Backend::Sqlite => self.database.clone(),
            Backend::Postgres => self.home.open(migrations()).await,
        };
        let broker = self.broker.connect();
        broker.declare(&outbox::topology()).await.unwrap();
        let dependencies = Dependencies {
            database,
            broker,
            clock: Clock::System,
            keys: Arc::clone(&self.keys),
            token_verifier: verifier.clone(),
            metrics: Metrics::new(),
        };
        let token = self
            .signer
            .sign(&Claims {
                account_id: ACCOUNT,
                token_id: "token".to_owned(),
                scopes: ScopeSet::all(),
                issued_at_seconds: 0,
                expires_at_seconds: None,
            })
            .unwrap();
        Worker::start(config, dependencies, verifier, &token).await
    }

    /// Hands an event to the broker.
    pub(crate) async fn publish(&self, event: &Event) -> Confirmation {
        let event_type = event.change.event_type();
        self.publish_bytes(event_type, &event.id.to_string(), event.encode())
            .await
    }

    pub(crate) async fn publish_bytes(
        &self,
        event_type: &str,
        id: &str,
        body: Vec<u8>,
    ) -> Confirmation {
        let message = OutgoingMessage {
            routing_key: event_type.to_owned(),
            message_id: id.to_owned(),
            message_type: event_type.to_owned(),
            seq: None,
            traceparent: None,
            body: body.into(),
        };
        self.publisher.publish(message).await.unwrap()
    }

    /// The same, and waits until a worker has stored it.
    pub(crate) async fn take_in(&self, event: &Event) {
        self.publish(event).await.await.unwrap();
        let id = event.id.as_bytes().to_vec();
        wait_until(DEADLINE, || async { self.is_known(&id).await }).await;
    }

    async fn is_known(&self, event_id: &[u8]) -> bool {
        let literal = self.literal(event_id);
        self.read(move |conn| {
            let sql = format!("SELECT count(*) AS number FROM events WHERE event_id = {literal}");
            let row: Number = on_backend!(conn, |c| diesel::sql_query(&sql).get_result(c))?;
            Ok(row.number == 1)
        })
        .await
    }

    fn literal(&self, bytes: &[u8]) -> String {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self.database.backend() {
            Backend::Sqlite => format!("x'{hex}'"),
            Backend::Postgres => format!("'\\x{hex}'::bytea"),
        }
    }

    /// Runs statements on the database.
    pub(crate) async fn execute(&self, sql: impl Into<String>) {
        let sql = sql.into();
        self.database
            .write(move |conn| {
                on_backend!(conn, |c| c.batch_execute(&sql))?;
                Ok::<_, DatabaseError>(())
            })
            .await
            .unwrap();
    }

    /// Whether a confirmation means that the worker has acked.
    pub(crate) fn confirms_acks(&self) -> bool {
        self.broker.url().is_none()
    }

    async fn read<T, F>(&self, work: F) -> T
    where
        F: FnMut(&mut Connection<'_>) -> Result<T, DatabaseError> + Send + 'static,
        T: Send + 'static,
    {
        self.database.read(work).await.unwrap()
    }
}

/// Loopback is open, and a retry comes within milliseconds.
pub(crate) fn quick() -> DeliveryConfig {
    DeliveryConfig {
        send: SendConfig {
            policy: AddressPolicy {
                allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
                https_only: false,
            },
            ..SendConfig::default()
        },
        retry_schedule: [0, 20, 20, 20, 20].map(Duration::from_millis).to_vec(),
        // A breaker would hold up what a test is not about.
        breaker: BreakerConfig {
            failures: 1_000,
            ..BreakerConfig::default()
        },
        ..DeliveryConfig::default()
    }
}

/// The callbacks among a receiver's requests: all but tests.
pub(crate) fn callbacks(receiver: &MockReceiver) -> Vec<ReceivedRequest> {
    let mut requests = receiver.requests();
    requests.retain(|request| request.text() != "test=test");
    requests
}

/// Waits for at least so many callbacks.
pub(crate) async fn wait_for_callbacks(
    receiver: &MockReceiver,
    count: usize,
) -> Vec<ReceivedRequest> {
    wait_until(DEADLINE, || async { callbacks(receiver).len() >= count }).await;
    callbacks(receiver)
}

fn serve_on_loopback(
    service: &Service,
    verifier: TokenVerifier,
    cancel: &CancellationToken,
) -> String {
    let http = HttpApi::new(HttpApiParts {
        verifier,
        routes: vec![Arc::new(service.routes())],
        root_routes: vec![],
        openapi: Service::openapi,
        readiness: service.readiness(),
        metrics: Metrics::new(),
    })
    .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let config = ServerConfig {
        workers: NonZeroUsize::new(1),
        ..ServerConfig::default()
    };
    let server = serve(vec![listener], config, http, cancel.clone());
    tokio::spawn(async move { server.await.unwrap() });
    base
}
