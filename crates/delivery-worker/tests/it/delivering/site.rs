//! One installation: a database and a broker that outlive the workers on them.

use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use broker::{Confirmation, OutgoingMessage, Publisher};
use database::{Backend, Connection, Database, DatabaseError, Migrations, on_backend};
use delivery_worker::{
    AddressPolicy, DeliveryConfig, Dependencies, KeyRing, MasterKey, SendConfig, Service,
};
use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use events::{Clock, Event};
use http_api::{
    Claims, HttpApi, HttpApiParts, ScopeSet, ServerConfig, TokenSigner, TokenVerifier,
    generate_keys, serve,
};
use serde_json::{Value, json};
use telemetry::Metrics;
use test_support::{
    ApiClient, MockReceiver, ReceivedRequest, TestBroker, TestDatabase, wait_until,
};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::events::ACCOUNT;

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
    cancel: CancellationToken,
    running: JoinHandle<()>,
    runtime: Option<Runtime>,
}

/// How many threads a worker has.
const THREADS: usize = 2;

/// A worker stands still as long as this is there.
pub(crate) struct Frozen(#[expect(dead_code, reason = "held until it is dropped")] Sender<()>);

/// A delivery as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, diesel::QueryableByName)]
pub(crate) struct StoredDelivery {
    #[diesel(sql_type = Binary)]
    pub(crate) id: Vec<u8>,
    #[diesel(sql_type = Text)]
    pub(crate) state: String,
    #[diesel(sql_type = BigInt)]
    pub(crate) attempts: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(crate) last_status: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) last_error: Option<String>,
}

/// An attempt as it is stored, bytes included.
#[derive(Debug, Clone, diesel::QueryableByName)]
pub(crate) struct StoredAttempt {
    #[diesel(sql_type = BigInt)]
    pub(crate) number: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(crate) status: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) error_kind: Option<String>,
    #[diesel(sql_type = Nullable<Binary>)]
    pub(crate) request_head: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    pub(crate) request_body: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    pub(crate) response_body: Option<Vec<u8>>,
}

/// Statements that the database shall refuse.
pub(crate) struct Fault {
    /// Such as `INSERT`.
    pub(crate) before: &'static str,
    pub(crate) table: &'static str,
    pub(crate) when: Condition,
    /// What the database says.
    pub(crate) message: &'static str,
}

/// A condition on the new row, as each engine has it.
pub(crate) struct Condition {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl Condition {
    /// Always.
    pub(crate) const ANY: Self = Self::same("1 = 1");

    /// The same words for both.
    pub(crate) const fn same(words: &'static str) -> Self {
        Self {
            sqlite: words,
            postgres: words,
        }
    }
}

impl Fault {
    fn name(&self) -> String {
        let words = self.before.to_lowercase().replace(' ', "_");
        format!("refuse_{words}_{}", self.table)
    }

    /// The disk is full whenever this is to be done.
    pub(crate) const fn full_disk(before: &'static str, table: &'static str) -> Self {
        Self {
            before,
            table,
            when: Condition::ANY,
            message: "database or disk is full",
        }
    }
}

fn migrations() -> Vec<Migrations> {
    vec![
        outbox::MIGRATIONS,
        idempotency::MIGRATIONS,
        delivery_worker::MIGRATIONS,
        revocation::MIGRATIONS,
    ]
}

#[derive(diesel::QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
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

    /// All deliveries but tests, by id.
    pub(crate) async fn deliveries(&self) -> Vec<StoredDelivery> {
        self.read(|conn| {
            let sql = "SELECT id, state, attempts, last_status, last_error FROM deliveries \
                       WHERE origin = 'event' ORDER BY id";
            Ok(on_backend!(conn, |c| diesel::sql_query(sql).load(c))?)
        })
        .await
    }

    /// Waits until all deliveries, so many, are in this state.
    pub(crate) async fn wait_for(&self, count: usize, state: &str) -> Vec<StoredDelivery> {
        let all = || async {
            let deliveries = self.deliveries().await;
            deliveries.len() == count && deliveries.iter().all(|row| row.state == state)
        };
        let waited = tokio::time::timeout(DEADLINE, wait_until(2 * DEADLINE, all)).await;
        let deliveries = self.deliveries().await;
        assert!(
            waited.is_ok(),
            "{count} deliveries are not {state} within {DEADLINE:?}: {deliveries:?}"
        );
        deliveries
    }

    /// The attempts of a delivery in order.
    pub(crate) async fn attempts(&self, id: &[u8]) -> Vec<StoredAttempt> {
        let literal = self.literal(id);
        self.read(move |conn| {
            let sql = format!(
                "SELECT a.number, a.status, a.error_kind, b.request_head, b.request_body, \
                 b.response_body FROM attempts a LEFT JOIN attempt_bodies b \
                 ON b.delivery_id = a.delivery_id AND b.claim_no = a.claim_no \
                 WHERE a.delivery_id = {literal} ORDER BY a.claim_no"
            );
            Ok(on_backend!(conn, |c| diesel::sql_query(&sql).load(c))?)
        })
        .await
    }

    /// The number that a query of one gives under this name.
    pub(crate) async fn number(&self, sql: &'static str) -> i64 {
        self.read(move |conn| {
            let row: Number = on_backend!(conn, |c| diesel::sql_query(sql).get_result(c))?;
            Ok(row.number)
        })
        .await
    }

    /// The database's time.
    pub(crate) async fn now_us(&self) -> i64 {
        self.read(|conn| conn.now_us()).await
    }

    /// How often transactions on this database waited for each other in a
    /// circle; 0 where there is one writer.
    pub(crate) async fn deadlocks(&self) -> i64 {
        if self.database.backend() == Backend::Sqlite {
            return 0;
        }
        self.number(
            "SELECT deadlocks AS number FROM pg_stat_database \
             WHERE datname = current_database()",
        )
        .await
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

    /// Makes the database refuse some statements until [`Self::mend`].
    pub(crate) async fn break_with(&self, fault: &Fault) {
        let Fault {
            before,
            table,
            when,
            message,
        } = fault;
        let name = fault.name();
        let statements = match self.database.backend() {
            Backend::Sqlite => format!(
                "CREATE TRIGGER {name} BEFORE {before} ON {table} WHEN {} \
                 BEGIN SELECT RAISE(ABORT, '{message}'); END",
                when.sqlite
            ),
            Backend::Postgres => format!(
                "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS \
                 $$BEGIN RAISE EXCEPTION '{message}'; END$$; \
                 CREATE TRIGGER {name} BEFORE {before} ON {table} FOR EACH ROW WHEN ({}) \
                 EXECUTE FUNCTION {name}()",
                when.postgres
            ),
        };
        self.execute(statements).await;
    }

    /// Takes the fault away.
    pub(crate) async fn mend(&self, fault: &Fault) {
        let name = fault.name();
        let statement = match self.database.backend() {
            Backend::Sqlite => format!("DROP TRIGGER {name}"),
            Backend::Postgres => format!("DROP FUNCTION {name} CASCADE"),
        };
        self.execute(statement).await;
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
        ..DeliveryConfig::default()
    }
}

impl Worker {
    async fn start(
        config: DeliveryConfig,
        dependencies: Dependencies,
        verifier: TokenVerifier,
        token: &str,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()
            .unwrap();
        let cancel = CancellationToken::new();
        let stop = cancel.clone();
        let (running, base) = runtime
            .spawn(async move {
                let service = Service::build(config, dependencies).await.unwrap();
                let base = serve_on_loopback(&service, verifier, &stop);
                (tokio::spawn(service.run(stop)), base)
            })
            .await
            .unwrap();
        Self {
            api: ApiClient::new(&base, token),
            cancel,
            running,
            runtime: Some(runtime),
        }
    }

    /// Ends it at once, in the middle of whatever it does.
    pub(crate) fn kill(mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// Makes all its threads stand still, as SIGSTOP does, until the guard
    /// goes.
    pub(crate) fn freeze(&self) -> Frozen {
        let (thaw, frozen) = std::sync::mpsc::channel::<()>();
        let frozen = Arc::new(Mutex::new(frozen));
        for _ in 0..THREADS {
            let frozen = Arc::clone(&frozen);
            let runtime = self.runtime.as_ref().unwrap();
            // One after the other gets the lock once nobody can send any more.
            runtime.spawn(async move { frozen.lock().unwrap().recv().unwrap_err() });
        }
        Frozen(thaw)
    }

    /// Ends it as SIGTERM does, and waits.
    pub(crate) async fn stop(mut self) {
        self.cancel.cancel();
        (&mut self.running).await.unwrap();
    }

    /// Creates a webhook for orders; the receiver has got its test request
    /// when this returns.
    pub(crate) async fn webhook(&self, receiver: &MockReceiver) -> Value {
        self.webhook_with(receiver, json!({})).await
    }

    /// The same with more settings.
    pub(crate) async fn webhook_with(&self, receiver: &MockReceiver, settings: Value) -> Value {
        let mut body = json!({
            "name": "test",
            "url": receiver.url("/hook"),
            "events": ["order.add", "order.edit", "order.delete"],
        });
        let settings = settings.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(settings);
        let answer = self.api.post("/api/v1/webhooks", body).await;
        answer.expect(201).json()
    }

    /// The state that the API shows.
    pub(crate) async fn webhook_state(&self, webhook: &Value) -> Value {
        let path = format!("/api/v1/webhooks/{}", webhook["id"]);
        self.api.get(&path).await.expect(200).json()["state"].clone()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.cancel.cancel();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
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
        openapi: Service::openapi(),
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
