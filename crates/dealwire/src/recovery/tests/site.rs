//! All services on databases of their own, which can be kept and set back while nothing runs.

use std::net::TcpListener;
use std::time::Duration;

use ::events::Clock;
use database::{Database, Migrations};
use entity_service::{TokenRequest, ensure_first_account, issue_token};
use http_api::ScopeSet;
use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::{ApiClient, MockReceiver, ReceivedRequest, TestDatabase, wait_until};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::data_folder::DataFolder;
use crate::keys::Keys;
use crate::recovery::databases::named;
use crate::recovery::{Plan, Recovery, Restored};
use crate::settings::{Settings, network};
use crate::verify::{Between, Verification};
use crate::wiring::{
    AllDatabases, AllInOne, delivery_migrations, entity_migrations, intake_migrations,
};

const DEADLINE: Duration = Duration::from_secs(30);

/// How many ids are left out.
pub(super) const AHEAD: i64 = 1_000;

/// In the order entity, intake, delivery.
pub(super) type Backup = [TestDatabase; 3];

/// What stays while services come and go.
pub(super) struct Site {
    databases: Backup,
    keys: Keys,
    token: String,
    pub(super) receiver: MockReceiver,
    _folder: TempDir,
}

/// The services, while they run.
pub(super) struct Running {
    pub(super) api: ApiClient,
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
    open: [Database; 3],
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Site {
    /// With a webhook that wants all of orders.
    pub(super) async fn new() -> Self {
        let databases = [
            TestDatabase::start().await,
            TestDatabase::start().await,
            TestDatabase::start().await,
        ];
        let folder = TempDir::new().unwrap();
        let data_folder = DataFolder::open(&folder.path().join("data")).unwrap();
        let (keys, _) = Keys::load_or_create(&data_folder).unwrap();
        let entity = databases[0].open(entity_migrations()).await;
        let account_id = ensure_first_account(&entity, &Clock::System, "n")
            .await
            .unwrap()
            .unwrap();
        let request = TokenRequest {
            account_id,
            name: "n".to_owned(),
            scopes: ScopeSet::all(),
            expires_at: None,
        };
        let token = issue_token(&entity, &Clock::System, &keys.signer, request)
            .await
            .unwrap()
            .token;
        drop(entity);
        let site = Self {
            databases,
            keys,
            token,
            receiver: MockReceiver::start().await,
            _folder: folder,
        };
        let running = site.run().await;
        let webhook = json!({
            "name": "n",
            "url": site.receiver.url("/"),
            "format": "json",
            "ordered": true,
            "events": ["order.add", "order.edit", "order.delete"],
        });
        running
            .api
            .post("/api/v1/webhooks", webhook)
            .await
            .expect(201);
        running.end().await;
        site
    }

    async fn open(&self) -> [Database; 3] {
        let open = |place: usize, migrations: Vec<Migrations>| {
            let database = &self.databases[place];
            async move { database.open(migrations).await }
        };
        [
            open(0, entity_migrations()).await,
            open(1, intake_migrations()).await,
            open(2, delivery_migrations()).await,
        ]
    }

    pub(super) async fn run(&self) -> Running {
        let open = self.open().await;
        let mut settings = Settings::load(None).unwrap();
        settings.delivery.allow_networks = vec![network("127.0.0.0/8").unwrap()];
        let [entity, intake, delivery] = open.clone();
        let databases = AllDatabases {
            entity,
            intake,
            delivery,
        };
        let all = AllInOne::build(databases, &self.keys, &settings)
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let task = tokio::spawn(all.run(listener, stop.clone()));
        Running {
            api: ApiClient::new(&base, &self.token),
            stop,
            task,
            open,
        }
    }

    /// Keeps all databases as they are now.
    pub(super) async fn back_up(&self) -> Backup {
        let [entity, intake, delivery] = &self.databases;
        [
            entity.copy().await,
            intake.copy().await,
            delivery.copy().await,
        ]
    }

    /// Sets some of the databases back.
    pub(super) async fn restore(&mut self, backup: &Backup, restored: &[Restored]) {
        for service in restored {
            let place = *service as usize;
            self.databases[place] = backup[place].copy().await;
        }
    }

    pub(super) async fn plan(&self, restored: &[Restored]) -> anyhow::Result<Plan> {
        self.recovery(restored).await.plan().await
    }

    /// Whether a service may be running.
    pub(super) async fn check_stopped(&self) -> anyhow::Result<()> {
        self.recovery(&[]).await.check_stopped().await
    }

    pub(super) async fn wait_until_stopped(&self) {
        wait_until(DEADLINE, || async { self.check_stopped().await.is_ok() }).await;
    }

    /// What `dealwire recover` does; what it says.
    pub(super) async fn recover(&self, restored: &[Restored]) -> String {
        let recovery = self.recovery(restored).await;
        // Connections of what has just ended may be there for a moment.
        wait_until(DEADLINE, || async {
            recovery.check_stopped().await.is_ok()
        })
        .await;
        let plan = recovery.plan().await.unwrap();
        recovery
            .carry_out(&plan, Clock::System.now())
            .await
            .unwrap();
        plan.to_string()
    }

    async fn recovery(&self, restored: &[Restored]) -> Recovery {
        let open = |place: usize, migrations: Vec<Migrations>| {
            let config = named(self.databases[place].config());
            async move { Database::open(&config, migrations).await.unwrap() }
        };
        let entity = open(0, entity_migrations()).await;
        let intake = open(1, intake_migrations()).await;
        let delivery = open(2, delivery_migrations()).await;
        Recovery {
            entity,
            intake: Some(intake),
            delivery,
            restored: restored.to_vec(),
            ahead: AHEAD,
        }
    }

    /// Waits for the callback of this revision of an order, or of any later one.
    pub(super) async fn wait_for_callback(&self, order: i64, revision: i64) {
        wait_until(DEADLINE, || async {
            self.callbacks(order).iter().any(|known| *known >= revision)
        })
        .await;
    }

    /// The revisions of an order that the receiver was told of, as they came.
    pub(super) fn callbacks(&self, order: i64) -> Vec<i64> {
        let of_order = |request: &ReceivedRequest| {
            let body: Value = serde_json::from_str(request.text()).unwrap();
            let revision = request.header("x-record-revision")?;
            (body["id"] == order).then(|| revision.parse().unwrap())
        };
        self.receiver
            .requests()
            .iter()
            .filter_map(of_order)
            .collect()
    }
}

impl Running {
    pub(super) async fn end(mut self) {
        self.stop.cancel();
        (&mut self.task).await.unwrap().unwrap();
    }

    pub(super) async fn add_order(&self) -> i64 {
        let order = json!({"name": "n"});
        self.api
            .post("/api/v1/orders", order)
            .await
            .expect(201)
            .id()
    }

    /// Edits an order; its revision then.
    pub(super) async fn edit_order(&self, id: i64, price: i64) -> i64 {
        let path = format!("/api/v1/orders/{id}");
        let edited = self.api.patch(&path, json!({"price": price})).await;
        edited.expect(200).json()["revision"].as_i64().unwrap()
    }

    pub(super) async fn add_source(&self) -> String {
        let source = json!({"type": "webhook", "name": "n"});
        let source = self.api.post("/api/v1/sources", source).await.expect(201);
        source.json()["token"].as_str().unwrap().to_owned()
    }

    /// Takes a lead in; its id.
    pub(super) async fn add_lead(&self, source: &str, phone: i64) -> i64 {
        let lead = json!({"name": "n", "phone": phone.to_string()});
        let lead = self.api.post(&format!("/in/{source}"), lead).await;
        lead.expect(201).json()["data"]["id"].as_i64().unwrap()
    }

    /// The order that a lead became, once it has.
    pub(super) async fn order_of(&self, lead: i64) -> i64 {
        let path = format!("/api/v1/leads/{lead}");
        let order = || async { self.api.get(&path).await.expect(200).json()["orderId"].as_i64() };
        wait_until(DEADLINE, || async { order().await.is_some() }).await;
        order().await.unwrap()
    }

    pub(super) async fn get(&self, path: &str) -> Value {
        self.api.get(path).await.expect(200).json()
    }

    /// Waits until nothing is on its way; `dealwire verify` finds nothing wrong then.
    pub(super) async fn verify(&self) {
        let [entity, intake, delivery] = self.open.clone();
        let verification = Verification {
            entity,
            intake: Some(intake),
            delivery,
            between: Between::InProcess,
            all_hours: false,
        };
        let report = verification.run(DEADLINE).await.unwrap();
        assert!(report.is_sound(), "{report}");
        assert!(report.waiting().is_empty(), "{report}");
    }
}
