//! A whole delivery worker per test: database, broker, HTTP server, and a broker to put events on.
//!
//! Receivers on 127.0.0.0/8 may be called; everything else that is special may not. Names are looked
//! up at a name server that knows only what the test tells it.

mod problems;
mod rows;

use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use broker::{Confirmation, OutgoingMessage, Publisher};
use database::{Backend, Database};
use delivery_worker::{AddressPolicy, DeliveryConfig, Dependencies, KeyRing, MasterKey, Service};
use events::{Clock, Event};
use http_api::{
    Claims, HttpApi, HttpApiParts, Scope, ScopeSet, ServerConfig, TokenSigner, TokenVerifier,
    generate_keys, merge_documents, serve,
};
use serde_json::{Value, json};
use telemetry::Metrics;
use test_support::{ApiClient, MockDns, MockReceiver, TestBroker, TestDatabase, wait_until};
use tokio_util::sync::CancellationToken;

pub(crate) use problems::{errors, field_errors, problem_code, query_errors};

/// How long a test waits for what it waits for.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
/// Whose webhooks [`TestApp::api`] manages.
pub(crate) const ACCOUNT: i64 = 1;
/// Whose webhooks [`TestApp::other`] manages.
pub(crate) const OTHER_ACCOUNT: i64 = 2;

/// The service, and what a test looks at it with.
pub(crate) struct TestApp {
    /// Calls as the first account, with every scope.
    pub(crate) api: ApiClient,
    /// Calls as the second account, with every scope.
    pub(crate) other: ApiClient,
    /// Where callbacks of most tests go.
    pub(crate) receiver: MockReceiver,
    /// What names lead to.
    pub(crate) dns: MockDns,
    pub(crate) database: Database,
    publisher: Publisher,
    signer: TokenSigner,
    cancel: CancellationToken,
    _queues: TestBroker,
    home: Arc<TestDatabase>,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl TestApp {
    /// Starts a worker without any webhook.
    pub(crate) async fn start() -> Self {
        Self::start_with_keys(&MasterKey::generate().unwrap(), &[]).await
    }

    /// The same with given master keys.
    pub(crate) async fn start_with_keys(current: &MasterKey, previous: &[MasterKey]) -> Self {
        let home = Arc::new(TestDatabase::start().await);
        Self::start_on(home, KeyRing::new(current, previous).unwrap()).await
    }

    /// Stops, and starts again with other master keys.
    pub(crate) async fn restart_with_keys(
        self,
        current: &MasterKey,
        previous: &[MasterKey],
    ) -> Self {
        let home = Arc::clone(&self.home);
        drop(self);
        Self::start_on(home, KeyRing::new(current, previous).unwrap()).await
    }

    /// Stops, and starts again where only `https://` may be called.
    pub(crate) async fn restart_https_only(self, key: &MasterKey) -> Self {
        let home = Arc::clone(&self.home);
        drop(self);
        let ring = KeyRing::new(key, &[]).unwrap();
        Self::start_with(home, ring, |config| config.send.policy.https_only = true).await
    }

    async fn start_on(home: Arc<TestDatabase>, ring: KeyRing) -> Self {
        Self::start_with(home, ring, |_usual| {}).await
    }

    async fn start_with(
        home: Arc<TestDatabase>,
        ring: KeyRing,
        change: impl FnOnce(&mut DeliveryConfig),
    ) -> Self {
        let database = home
            .open(vec![
                outbox::MIGRATIONS,
                idempotency::MIGRATIONS,
                delivery_worker::MIGRATIONS,
                revocation::MIGRATIONS,
            ])
            .await;
        let queues = TestBroker::start().await;
        let broker = queues.broker();
        broker.declare(&outbox::topology()).await.unwrap();
        let publisher = broker.publisher("dealwire.events").await.unwrap();
        let dns = MockDns::start().await;

        let keys = generate_keys().unwrap();
        let signer = TokenSigner::new(&keys.private_pem).unwrap();
        let verifier =
            TokenVerifier::new(&[&keys.public_pem], Arc::new(|| Clock::System.now().0)).unwrap();
        let dependencies = Dependencies {
            database: database.clone(),
            broker,
            clock: Clock::System,
            keys: Arc::new(ring),
            token_verifier: verifier.clone(),
            metrics: Metrics::new(),
        };
        let mut config = config(&dns);
        change(&mut config);
        let service = Service::build(config, dependencies).await.unwrap();
        let cancel = CancellationToken::new();
        let base = serve_on_loopback(&service, verifier, &cancel);
        tokio::spawn(service.run(cancel.clone()));

        let token = |account| sign(&signer, account, ScopeSet::all());
        let api = ApiClient::new(&base, &token(ACCOUNT));
        let other = api.with_token(&token(OTHER_ACCOUNT));
        Self {
            api,
            other,
            receiver: MockReceiver::start().await,
            dns,
            database,
            publisher,
            signer,
            cancel,
            _queues: queues,
            home,
        }
    }

    /// Calls as the first account, with these scopes only.
    pub(crate) fn api_with(&self, scopes: &[Scope]) -> ApiClient {
        let scopes = scopes.iter().copied().collect();
        self.api.with_token(&sign(&self.signer, ACCOUNT, scopes))
    }

    /// Creates a webhook to [`Self::receiver`] that all events of records fire, with `settings` on top;
    /// returns the body. The receiver has seen its test request by then.
    pub(crate) async fn create_webhook(&self, settings: Value) -> Value {
        self.create_webhook_as(&self.api, settings).await
    }

    /// The same for another caller.
    pub(crate) async fn create_webhook_as(&self, api: &ApiClient, settings: Value) -> Value {
        let mut body = json!({
            "name": "hook",
            "url": self.receiver.url("/hook"),
            "events": [
                "order.add", "order.edit", "order.delete", "task.add", "task.edit", "task.delete",
                "client.add", "client.edit", "client.delete",
            ],
        });
        for (key, value) in settings.as_object().unwrap() {
            body[key] = value.clone();
        }
        api.post("/api/v1/webhooks", body).await.expect(201).json()
    }

    /// Puts an event on the broker. In process it is confirmed by all who consume it, which for
    /// some events is not the worker alone.
    pub(crate) async fn hand_over(&self, event: &Event) -> Confirmation {
        let event_type = event.change.event_type();
        let message = OutgoingMessage {
            routing_key: event_type.to_owned(),
            message_id: event.id.to_string(),
            message_type: event_type.to_owned(),
            seq: None,
            traceparent: None,
            body: event.encode().into(),
        };
        self.publisher.publish(message).await.unwrap()
    }

    /// Puts an event on the broker and waits until the worker has taken it in.
    pub(crate) async fn publish(&self, event: &Event) {
        self.hand_over(event).await.await.unwrap();
        let id: String = event
            .id
            .as_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let literal = match self.database.backend() {
            Backend::Sqlite => format!("x'{id}'"),
            Backend::Postgres => format!("'\\x{id}'::bytea"),
        };
        let sql = format!("SELECT count(*) AS count FROM events WHERE event_id = {literal}");
        wait_until(DEADLINE, || async { self.count(sql.clone()).await == 1 }).await;
    }

    /// The deliveries that a query finds, newest first.
    pub(crate) async fn deliveries(&self, query: &str) -> Vec<Value> {
        let path = format!("/api/v1/deliveries{query}");
        let page = self.api.get(&path).await.expect(200).json();
        page["items"].as_array().unwrap().clone()
    }

    /// Asks again until the only delivery that a query finds is as `condition` wants it.
    pub(crate) async fn wait_for_delivery(
        &self,
        query: &str,
        condition: impl Fn(&Value) -> bool,
    ) -> Value {
        let started = tokio::time::Instant::now();
        loop {
            let found = self.deliveries(query).await;
            if let [only] = found.as_slice()
                && condition(only)
            {
                return only.clone();
            }
            assert!(started.elapsed() < DEADLINE, "{query}: {found:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The path of a webhook that the API answered with.
pub(crate) fn path_of(webhook: &Value) -> String {
    format!("/api/v1/webhooks/{}", webhook["id"])
}

fn config(dns: &MockDns) -> DeliveryConfig {
    let mut config = DeliveryConfig {
        // The next attempt of what failed is for the test to ask for.
        retry_schedule: vec![Duration::ZERO, Duration::from_secs(3_600)],
        alone: true,
        ..DeliveryConfig::default()
    };
    config.send.policy = AddressPolicy {
        allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
        https_only: false,
    };
    config.send.name_servers = vec![dns.address()];
    config
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
