//! A whole intake service per test: database, broker, HTTP server, and a broker to put events on.

use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use broker::Broker;
use database::{Backend, Database, DatabaseConfig, DatabaseError, on_backend};
use diesel::sql_types::{BigInt, Binary, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use events::Clock;
use http_api::{
    Claims, HttpApi, HttpApiParts, Scope, ScopeSet, ServerConfig, TokenSigner, TokenVerifier,
    generate_keys, merge_documents, serve,
};
use intake_service::{Dependencies, IntakeConfig, Service};
use serde_json::{Value, json};
use telemetry::Metrics;
use test_support::{ApiAnswer, ApiClient, Method, TestBroker, TestDatabase};
use tokio_util::sync::CancellationToken;

/// How long a test waits for what it waits for.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
/// Whose sources [`TestApp::api`] manages.
pub(crate) const ACCOUNT: i64 = 1;
/// Whose sources [`TestApp::other`] manages.
pub(crate) const OTHER_ACCOUNT: i64 = 2;

/// The service, and what a test looks at it with.
pub(crate) struct TestApp {
    /// Calls as the first account, with every scope.
    pub(crate) api: ApiClient,
    /// Calls as the second account, with every scope.
    pub(crate) other: ApiClient,
    pub(crate) database: Database,
    /// The broker that the service is on.
    pub(crate) broker: Broker,
    pub(crate) metrics: Metrics,
    signer: TokenSigner,
    cancel: CancellationToken,
    setup: Setup,
}

/// What replicas of one service share, and how they are set.
#[derive(Clone)]
pub(crate) struct Setup {
    home: Arc<TestDatabase>,
    queues: Arc<TestBroker>,
    keys: Arc<http_api::KeyPair>,
    pub(crate) clock: Clock,
    pub(crate) config: IntakeConfig,
    /// In place of the home's own, such as one behind a proxy.
    pub(crate) database: Option<DatabaseConfig>,
}

impl Setup {
    /// A database and a broker of the test's own.
    pub(crate) async fn new() -> Self {
        Self {
            home: Arc::new(TestDatabase::start().await),
            queues: Arc::new(TestBroker::start().await),
            keys: Arc::new(generate_keys().unwrap()),
            clock: Clock::System,
            config: IntakeConfig::default(),
            database: None,
        }
    }

    /// How the database of the test is opened without anything in between.
    pub(crate) fn database_config(&self) -> DatabaseConfig {
        self.home.config()
    }

    /// The database with its tables, as a service opens it.
    pub(crate) async fn open(&self) -> Database {
        let config = self.database.clone().unwrap_or_else(|| self.home.config());
        let migrations = vec![
            outbox::MIGRATIONS,
            idempotency::MIGRATIONS,
            revocation::MIGRATIONS,
            intake_service::MIGRATIONS,
        ];
        Database::open(&config, migrations).await.unwrap()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl TestApp {
    /// Starts a service without any source.
    pub(crate) async fn start() -> Self {
        Self::start_on(Setup::new().await).await
    }

    /// The same with what `setup` says.
    pub(crate) async fn start_on(setup: Setup) -> Self {
        let database = setup.open().await;
        Self::start_with(setup, database).await
    }

    /// Another replica of this service. SQLite allows one writing handle per file, so there the
    /// database is shared.
    pub(crate) async fn replica(&self) -> Self {
        let database = match self.database.backend() {
            Backend::Sqlite => self.database.clone(),
            Backend::Postgres => self.setup.open().await,
        };
        Self::start_with(self.setup.clone(), database).await
    }

    async fn start_with(setup: Setup, database: Database) -> Self {
        let broker = setup.queues.connect();
        broker.declare(&outbox::topology()).await.unwrap();
        let signer = TokenSigner::new(&setup.keys.private_pem).unwrap();
        let clock = setup.clock.clone();
        let now = Arc::new(move || clock.now().0);
        let verifier = TokenVerifier::new(&[&setup.keys.public_pem], now).unwrap();
        let metrics = Metrics::new();
        let dependencies = Dependencies {
            database: database.clone(),
            broker: broker.clone(),
            clock: setup.clock.clone(),
            token_verifier: verifier.clone(),
            metrics: metrics.clone(),
        };
        let service = Service::build(setup.config.clone(), dependencies)
            .await
            .unwrap();
        let cancel = CancellationToken::new();
        let base = serve_on_loopback(&service, verifier, &metrics, &cancel);
        tokio::spawn(service.run(cancel.clone()));
        let token = |account| sign(&signer, account, ScopeSet::all());
        let api = ApiClient::new(&base, &token(ACCOUNT));
        let other = api.with_token(&token(OTHER_ACCOUNT));
        Self {
            api,
            other,
            database,
            broker,
            metrics,
            signer,
            cancel,
            setup,
        }
    }

    /// Calls as the first account, with these scopes only.
    pub(crate) fn api_with(&self, scopes: &[Scope]) -> ApiClient {
        let scopes = scopes.iter().copied().collect();
        self.api.with_token(&sign(&self.signer, ACCOUNT, scopes))
    }

    /// Adds a source of the first account as it is kept, past the API; returns its path,
    /// `/in/{token}`, and its id.
    pub(crate) async fn add_source(&self, preset: &str, settings: Value) -> Inbound {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let token = format!("{number:032x}");
        let sql = format!(
            "INSERT INTO sources (account_id, preset, name, token, active, settings, revision, \
             created_at_us, updated_at_us) VALUES \
             ({ACCOUNT}, '{preset}', 'site', '{token}', TRUE, '{settings}', 1, 0, 0)"
        );
        self.execute(&sql).await;
        let id = self
            .number(&format!(
                "SELECT id AS number FROM sources WHERE token = '{token}'"
            ))
            .await;
        Inbound {
            id,
            path: format!("/in/{token}"),
        }
    }

    /// A source of type `webhook` that nothing is set of.
    pub(crate) async fn webhook_source(&self) -> Inbound {
        self.add_source("webhook", json!({})).await
    }

    /// Posts `body` as JSON to an inbound URL, as a sender without a token does.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> ApiAnswer {
        self.send(
            Method::POST,
            path,
            &[("content-type", "application/json")],
            body.to_string(),
        )
        .await
    }

    /// Sends any bytes with these headers.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<bytes::Bytes>,
    ) -> ApiAnswer {
        self.api
            .send_bytes(method, path, headers, body)
            .await
            .unwrap()
    }

    /// How many rows a table has, over all accounts.
    pub(crate) async fn count_rows(&self, table: &str) -> i64 {
        self.number(&format!("SELECT count(*) AS number FROM {table}"))
            .await
    }

    /// The only value, named `number`, that a query finds.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = BigInt)]
            number: i64,
        }
        let sql = sql.to_owned();
        self.database
            .read(move |conn| {
                let row: Row = on_backend!(conn, |c| sql_query(sql.as_str()).get_result(c))?;
                Ok::<_, DatabaseError>(row.number)
            })
            .await
            .unwrap()
    }

    /// The values, named `text`, that a query finds.
    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            text: String,
        }
        let sql = sql.to_owned();
        let rows: Vec<Row> = self
            .database
            .read(move |conn| {
                let rows = on_backend!(conn, |c| sql_query(sql.as_str()).load(c))?;
                Ok::<_, DatabaseError>(rows)
            })
            .await
            .unwrap();
        rows.into_iter().map(|row| row.text).collect()
    }

    /// Makes the database refuse every new lead that `condition`, on `NEW`, holds for.
    pub(crate) async fn refuse_leads(&self, condition: &str, why: &str) {
        match self.database.backend() {
            Backend::Sqlite => {
                self.execute(&format!(
                    "CREATE TRIGGER refuse_leads BEFORE INSERT ON leads WHEN {condition} \
                     BEGIN SELECT RAISE(ABORT, '{why}'); END"
                ))
                .await;
            }
            Backend::Postgres => {
                self.execute(&format!(
                    "CREATE FUNCTION refuse_leads() RETURNS trigger LANGUAGE plpgsql AS \
                     $$BEGIN IF {condition} THEN RAISE EXCEPTION '{why}'; END IF; \
                     RETURN NEW; END$$"
                ))
                .await;
                self.execute(
                    "CREATE TRIGGER refuse_leads BEFORE INSERT ON leads \
                     FOR EACH ROW EXECUTE FUNCTION refuse_leads()",
                )
                .await;
            }
        }
    }

    /// The values of bytes, named `bytes`, that a query finds, as text as far as they are.
    pub(crate) async fn bytes(&self, sql: &str) -> Vec<String> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Binary)]
            bytes: Vec<u8>,
        }
        let sql = sql.to_owned();
        let rows: Vec<Row> = self
            .database
            .read(move |conn| {
                let rows = on_backend!(conn, |c| sql_query(sql.as_str()).load(c))?;
                Ok::<_, DatabaseError>(rows)
            })
            .await
            .unwrap();
        rows.iter()
            .map(|row| String::from_utf8_lossy(&row.bytes).into_owned())
            .collect()
    }

    /// Ends what [`Self::refuse_leads`] began.
    pub(crate) async fn stop_refusing_leads(&self) {
        self.execute(match self.database.backend() {
            Backend::Sqlite => "DROP TRIGGER refuse_leads",
            Backend::Postgres => "DROP TRIGGER refuse_leads ON leads",
        })
        .await;
    }

    /// Runs a statement that both engines understand.
    pub(crate) async fn execute(&self, sql: &str) {
        let sql = sql.to_owned();
        self.database
            .write(move |conn| {
                on_backend!(conn, |c| sql_query(sql.as_str()).execute(c))?;
                Ok::<_, DatabaseError>(())
            })
            .await
            .unwrap();
    }
}

/// A source as its senders know it.
#[derive(Debug, Clone)]
pub(crate) struct Inbound {
    pub(crate) id: i64,
    /// `/in/{token}`.
    pub(crate) path: String,
}

fn sign(signer: &TokenSigner, account_id: i64, scopes: ScopeSet) -> String {
    signer
        .sign(&Claims {
            account_id,
            token_id: format!("token-of-{account_id}"),
            scopes,
            issued_at_seconds: 0,
            expires_at_seconds: None,
        })
        .unwrap()
}

/// Serves the API until cancelled; returns scheme, host and port.
fn serve_on_loopback(
    service: &Service,
    verifier: TokenVerifier,
    metrics: &Metrics,
    cancel: &CancellationToken,
) -> String {
    let http = HttpApi::new(HttpApiParts {
        verifier,
        routes: vec![Arc::new(service.routes())],
        root_routes: vec![Arc::new(service.inbound_routes())],
        openapi: || merge_documents("Dealwire", "1", [Service::openapi()]),
        readiness: service.readiness(),
        metrics: metrics.clone(),
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
