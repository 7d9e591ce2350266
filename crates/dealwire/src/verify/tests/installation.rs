//! Both services on databases of their own, with a webhook that wants all of orders.

use std::net::TcpListener;
use std::time::Duration;

use ::events::Clock;
use database::{Connection, Database, DatabaseError};
use diesel::connection::SimpleConnection as _;
use entity_service::{TokenRequest, ensure_first_account, issue_token};
use http_api::ScopeSet;
use serde_json::json;
use tempfile::TempDir;
use test_support::{ApiClient, MockReceiver, TestDatabase, wait_until};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::data_folder::DataFolder;
use crate::keys::Keys;
use crate::settings::{Settings, network};
use crate::verify::{Between, Report, Verification};
use crate::wiring::{
    AllDatabases, AllInOne, delivery_migrations, entity_migrations, intake_migrations,
};

/// How long a test waits for what it waits for.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);

/// Events that the worker takes in: the first pipeline, then six orders, each edited twice.
pub(super) const EVENTS: u64 = 19;
/// Those of them that the webhook wants.
pub(super) const MATCHED: i64 = 18;

/// An installation whose receiver has all callbacks; its databases can be damaged.
pub(super) struct Installation {
    pub(super) verification: Verification,
    pub(super) api: ApiClient,
    stop: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
    _receiver: MockReceiver,
    _databases: [TestDatabase; 3],
    _folder: TempDir,
}

impl Drop for Installation {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Installation {
    pub(super) async fn start() -> Self {
        let databases = [
            TestDatabase::start().await,
            TestDatabase::start().await,
            TestDatabase::start().await,
        ];
        let entity = databases[0].open(entity_migrations()).await;
        let intake = databases[1].open(intake_migrations()).await;
        let delivery = databases[2].open(delivery_migrations()).await;
        let folder = TempDir::new().unwrap();
        let data_folder = DataFolder::open(&folder.path().join("data")).unwrap();
        let (keys, _) = Keys::load_or_create(&data_folder).unwrap();
        let token = first_token(&entity, &keys).await;
        let mut settings = Settings::load(None).unwrap();
        settings.delivery.allow_networks = vec![network("127.0.0.0/8").unwrap()];
        settings.delivery.concurrency = 4.try_into().unwrap();
        let databases_of_services = AllDatabases {
            entity: entity.clone(),
            intake: intake.clone(),
            delivery: delivery.clone(),
        };
        let all = AllInOne::build(databases_of_services, &keys, &settings)
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let api = ApiClient::new(&base, &token);
        let stop = CancellationToken::new();
        let running = tokio::spawn(all.run(listener, stop.clone()));
        let receiver = MockReceiver::start().await;
        let webhook = json!({
            "name": "n",
            "url": receiver.url("/"),
            "events": ["order.add", "order.edit", "order.delete"],
        });
        api.post("/api/v1/webhooks", webhook).await.expect(201);
        let installation = Self {
            verification: Verification {
                entity,
                intake: Some(intake),
                delivery,
                between: Between::InProcess,
                all_hours: false,
            },
            api,
            stop,
            running,
            _receiver: receiver,
            _databases: databases,
            _folder: folder,
        };
        installation.change_records().await;
        installation
    }

    async fn change_records(&self) {
        for _ in 0..6 {
            let path = format!("/api/v1/orders/{}", self.add_order().await);
            for price in 1..=2 {
                let body = json!({"price": price});
                self.api.patch(&path, body).await.expect(200);
            }
        }
        self.wait_until_is("delivered", MATCHED).await;
    }

    pub(super) async fn add_order(&self) -> i64 {
        let order = self.api.post("/api/v1/orders", json!({"name": "n"})).await;
        order.expect(201).id()
    }

    /// Takes a lead in over a new source; its id.
    pub(super) async fn add_lead(&self) -> i64 {
        let source = json!({"type": "webhook", "name": "n"});
        let source = self.api.post("/api/v1/sources", source).await.expect(201);
        let path = format!("/in/{}", source.json()["token"].as_str().unwrap());
        let lead = json!({"name": "n", "phone": "79998888888"});
        let lead = self.api.post(&path, lead).await.expect(201).json();
        lead["data"]["id"].as_i64().unwrap()
    }

    /// The order that a lead became, once it has.
    pub(super) async fn order_of(&self, lead: i64) -> i64 {
        let path = format!("/api/v1/leads/{lead}");
        let order = || async { self.api.get(&path).await.expect(200).json()["orderId"].as_i64() };
        wait_until(DEADLINE, || async { order().await.is_some() }).await;
        order().await.unwrap()
    }

    /// Looks without waiting.
    pub(super) async fn verify(&self) -> Report {
        self.verify_within(Duration::ZERO).await
    }

    pub(super) async fn verify_within(&self, wait: Duration) -> Report {
        self.verification.run(wait).await.unwrap()
    }

    /// Waits until this many deliveries are in the state and all is published.
    pub(super) async fn wait_until_is(&self, state: &str, count: i64) {
        wait_until(DEADLINE, || async {
            let report = self.verify().await;
            let published = report.published_through == report.cutoff.last_seq;
            published && report.deliveries.by_state.get(state) == Some(&count)
        })
        .await;
    }

    /// The id of the event with this number.
    pub(super) async fn id_of(&self, seq: i64) -> String {
        let ids = self
            .verification
            .entity
            .read(move |conn| outbox::audit::list_ids_by_seq(conn, &[seq]))
            .await
            .unwrap();
        ids[&seq].to_string()
    }

    /// Makes the worker forget an event and its deliveries.
    pub(super) async fn forget(&self, seq: i64) {
        self.damage_deliveries(&format!(
            "DELETE FROM deliveries WHERE event_id IN \
             (SELECT event_id FROM events WHERE seq = {seq}); \
             DELETE FROM events WHERE seq = {seq}"
        ))
        .await;
    }

    pub(super) async fn damage_outbox(&self, sql: &str) {
        execute(&self.verification.entity, sql).await;
    }

    pub(super) async fn damage_deliveries(&self, sql: &str) {
        execute(&self.verification.delivery, sql).await;
    }

    /// Ends both services; their databases stay.
    pub(super) async fn stop(&mut self) {
        self.stop.cancel();
        (&mut self.running).await.unwrap().unwrap();
    }
}

async fn first_token(entity: &Database, keys: &Keys) -> String {
    let clock = Clock::System;
    let account_id = ensure_first_account(entity, &clock, "n").await.unwrap();
    let request = TokenRequest {
        account_id: account_id.unwrap(),
        name: "n".to_owned(),
        scopes: ScopeSet::all(),
        expires_at: None,
    };
    let issued = issue_token(entity, &clock, &keys.signer, request).await;
    issued.unwrap().token
}

pub(super) async fn execute(database: &Database, sql: &str) {
    let sql = sql.to_owned();
    database
        .write(move |conn| {
            match conn {
                Connection::Sqlite(c) => c.batch_execute(&sql),
                Connection::Postgres(c) => c.batch_execute(&sql),
            }
            .map_err(DatabaseError::from)
        })
        .await
        .unwrap();
}
