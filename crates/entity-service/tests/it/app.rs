//! A whole entity service per test: database, broker, relay and HTTP server on a free port.
//!
//! Two accounts exist, each with what a new account starts with. The clock stands still until a
//! test moves it on, so bodies can be written down to the last digit.

mod answers;
mod changes;
mod leads;
mod records;
mod rows;

use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use broker::Broker;
use database::{Backend, Database, Migrations};
use entity_service::{Dependencies, EntityConfig, Service};
use events::{Clock, Timestamp};
use http_api::{
    Claims, HttpApi, HttpApiParts, Scope, ScopeSet, ServerConfig, TokenSigner, TokenVerifier,
    generate_keys, merge_documents, serve,
};
use telemetry::Metrics;
use test_support::{ApiAnswer, ApiClient, Method, TestBroker, TestDatabase};
use tokio_util::sync::CancellationToken;

pub(crate) use answers::{errors, field_errors, problem_code, query_errors};
pub(crate) use changes::{client_change, envelope, order_change, task_change};
pub(crate) use leads::{asked, conversions, lead};
pub(crate) use records::id_of;
pub(crate) use rows::count_rows;

/// How long a test waits for what it waits for.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// Where the clock stands when a test begins: [`NOW`] in microseconds.
pub(crate) const NOW_US: i64 = 1_767_323_045_123_456;
/// Where the clock stands when a test begins.
pub(crate) const NOW: &str = "2026-01-02T03:04:05.123456Z";

/// The token of [`TestApp::api`].
pub(crate) const TOKEN_ID: &str = "token-of-one";
/// The token of [`TestApp::other`].
pub(crate) const OTHER_TOKEN_ID: &str = "token-of-other";

/// The service, and what a test looks at it with.
pub(crate) struct TestApp {
    /// Calls as the first account, with every scope.
    pub(crate) api: ApiClient,
    /// Calls as the second account, with every scope.
    pub(crate) other: ApiClient,
    pub(crate) account_id: i64,
    pub(crate) other_account_id: i64,
    pub(crate) database: Database,
    pub(crate) broker: Broker,
    pub(crate) clock: Clock,
    /// Of the first process.
    pub(crate) metrics: Metrics,
    signer: TokenSigner,
    seen_position: AtomicI64,
    public_pem: String,
    cancel: CancellationToken,
    broker_home: TestBroker,
    home: TestDatabase,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl TestApp {
    /// Starts a service with two accounts.
    pub(crate) async fn start() -> Self {
        let home = TestDatabase::start().await;
        let database = home.open(migrations()).await;
        let broker_home = TestBroker::start().await;
        let broker = broker_home.broker();
        broker.declare(&outbox::topology()).await.unwrap();
        let clock = Clock::manual(Timestamp(NOW_US));
        let account_id = open_account(&database, &clock, "Первый").await;
        let other_account_id = open_account(&database, &clock, "Второй").await;

        let metrics = Metrics::new();
        let keys = generate_keys().unwrap();
        let signer = TokenSigner::new(&keys.private_pem).unwrap();
        let wall = clock.clone();
        let verifier =
            TokenVerifier::new(&[&keys.public_pem], Arc::new(move || wall.now().0)).unwrap();
        let dependencies = Dependencies {
            database: database.clone(),
            broker: broker.clone(),
            clock: clock.clone(),
            token_signer: signer.clone(),
            token_verifier: verifier.clone(),
            metrics: metrics.clone(),
        };
        let cancel = CancellationToken::new();
        let base = start_service(dependencies, verifier, &cancel).await;

        let token = |account_id, token_id| sign(&signer, account_id, token_id, ScopeSet::all());
        let api = ApiClient::new(&base, &token(account_id, TOKEN_ID));
        let other = api.with_token(&token(other_account_id, OTHER_TOKEN_ID));
        let app = Self {
            api,
            other,
            account_id,
            other_account_id,
            database,
            broker,
            clock,
            metrics,
            signer,
            seen_position: AtomicI64::new(0),
            public_pem: keys.public_pem,
            cancel,
            broker_home,
            home,
        };
        // What opening the accounts told of is no test's business.
        app.new_events().await;
        app
    }

    /// Starts a second process of the service on the same servers; returns a client of it that
    /// calls as the first account. A SQLite file has one process, which the second one shares.
    pub(crate) async fn replica(&self) -> ApiClient {
        self.replica_until(&self.cancel).await
    }

    /// The same, of a process that ends when `cancel` says so.
    pub(crate) async fn replica_until(&self, cancel: &CancellationToken) -> ApiClient {
        let database = match self.database.backend() {
            Backend::Sqlite => self.database.clone(),
            Backend::Postgres => self.home.open(migrations()).await,
        };
        let wall = self.clock.clone();
        let verifier =
            TokenVerifier::new(&[&self.public_pem], Arc::new(move || wall.now().0)).unwrap();
        let broker = self.broker_home.connect();
        broker.declare(&outbox::topology()).await.unwrap();
        let dependencies = Dependencies {
            database,
            broker,
            clock: self.clock.clone(),
            token_signer: self.signer.clone(),
            token_verifier: verifier.clone(),
            metrics: Metrics::new(),
        };
        let base = start_service(dependencies, verifier, cancel).await;
        let token = sign(&self.signer, self.account_id, TOKEN_ID, ScopeSet::all());
        ApiClient::new(&base, &token)
    }

    /// What signs the tokens that this service takes.
    pub(crate) fn signer(&self) -> &TokenSigner {
        &self.signer
    }

    /// Calls as the first account, with these scopes only.
    pub(crate) fn api_with(&self, scopes: &[Scope]) -> ApiClient {
        let scopes = scopes.iter().copied().collect();
        self.api
            .with_token(&sign(&self.signer, self.account_id, TOKEN_ID, scopes))
    }

    /// Calls as the first account with another token id.
    pub(crate) fn api_as(&self, token_id: &str) -> ApiClient {
        let token = sign(&self.signer, self.account_id, token_id, ScopeSet::all());
        self.api.with_token(&token)
    }

    /// A request that may carry any header and any bytes.
    pub(crate) async fn raw(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> ApiAnswer {
        self.api
            .send_bytes(method, path, headers, body.into())
            .await
            .unwrap()
    }
}

/// All tables of the service's database.
pub(crate) fn migrations() -> Vec<Migrations> {
    vec![
        outbox::MIGRATIONS,
        idempotency::MIGRATIONS,
        entity_service::MIGRATIONS,
    ]
}

/// Starts one process of the service; returns scheme, host and port.
async fn start_service(
    dependencies: Dependencies,
    verifier: TokenVerifier,
    cancel: &CancellationToken,
) -> String {
    let config = EntityConfig {
        // The tests' clock is far behind the database's, by which old events go.
        keep_events: Duration::MAX,
        ..EntityConfig::default()
    };
    let service = Service::build(config, dependencies).await.unwrap();
    let base = serve_on_loopback(&service, verifier, cancel);
    tokio::spawn(service.run(cancel.clone()));
    base
}

async fn open_account(database: &Database, clock: &Clock, name: &str) -> i64 {
    entity_service::create_account(database, clock, name)
        .await
        .unwrap()
        .0
}

fn sign(signer: &TokenSigner, account_id: i64, token_id: &str, scopes: ScopeSet) -> String {
    signer
        .sign(&Claims {
            account_id,
            token_id: token_id.to_owned(),
            scopes,
            issued_at_seconds: NOW_US / 1_000_000,
            expires_at_seconds: None,
        })
        .unwrap()
}

/// Serves the API until cancelled; returns scheme, host and port.
fn serve_on_loopback(
    service: &Service,
    verifier: TokenVerifier,
    cancel: &CancellationToken,
) -> String {
    let http = HttpApi::new(HttpApiParts {
        verifier,
        routes: vec![Arc::new(service.routes())],
        root_routes: vec![],
        openapi: || merge_documents("Dealwire", "1", [Service::openapi()]),
        readiness: Vec::new(),
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
