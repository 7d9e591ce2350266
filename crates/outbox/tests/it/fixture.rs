//! An outbox with a broker behind it.

use std::time::Duration;

use broker::{Broker, InProcessLimits};
use database::{Backend, Database, DatabaseError, on_backend};
use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use events::{
    AccountId, Action, Actor, ActorKind, Change, Event, EventId, PipelineChanged, PipelineId,
    PipelineSnapshot, Timestamp,
};
use outbox::{MIGRATIONS, Relay, RelayConfig, append, topology};
use test_support::{TestBroker, TestDatabase, wait_until};
use tokio_util::sync::CancellationToken;

pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

pub(crate) struct Outbox {
    pub(crate) database: Database,
    pub(crate) broker: Broker,
    pub(crate) server: TestBroker,
    home: TestDatabase,
}

impl Outbox {
    pub(crate) async fn start() -> Self {
        Self::on(TestBroker::start().await).await
    }

    /// On a broker that confirms what the consumers have acked.
    pub(crate) async fn in_process() -> Self {
        Self::on(TestBroker::in_process(InProcessLimits::default())).await
    }

    /// On a database that several processes can have open; `None` where this run has none.
    pub(crate) async fn shared() -> Option<Self> {
        let outbox = Self::start().await;
        (outbox.database.backend() == Backend::Postgres).then_some(outbox)
    }

    async fn on(server: TestBroker) -> Self {
        let home = TestDatabase::start().await;
        let broker = server.broker();
        broker.declare(&topology()).await.unwrap();
        Self {
            database: home.open(vec![MIGRATIONS]).await,
            broker,
            server,
            home,
        }
    }

    pub(crate) fn config() -> RelayConfig {
        RelayConfig {
            lease: Duration::from_secs(1),
            save_every: Duration::from_millis(10),
            ..RelayConfig::default()
        }
    }

    pub(crate) fn relay(&self) -> Relay {
        Relay::new(self.database.clone(), self.broker.clone(), Self::config())
    }

    /// A relay with connections of its own, as another process has them.
    pub(crate) async fn other_relay(&self, config: RelayConfig) -> Relay {
        let broker = self.server.connect();
        broker.declare(&topology()).await.unwrap();
        Relay::new(self.home.open(vec![MIGRATIONS]).await, broker, config)
    }

    pub(crate) async fn append(&self, account: i64, name: &str) -> EventId {
        let event = event(account, name);
        let id = event.id;
        self.database
            .write(move |conn| append(conn, &event))
            .await
            .unwrap();
        id
    }

    /// Lets a relay number what was appended, where the commit did not.
    pub(crate) async fn number(&self, count: i64) {
        let cancel = CancellationToken::new();
        let running = tokio::spawn(self.relay().run(cancel.clone()));
        wait_until(DEADLINE, || async { self.numbered().await == count }).await;
        running.abort();
    }

    async fn numbered(&self) -> i64 {
        #[derive(QueryableByName)]
        struct Numbered {
            #[diesel(sql_type = BigInt)]
            count: i64,
        }
        let sql = "SELECT count(*) AS count FROM outbox_events WHERE seq IS NOT NULL";
        let row: Numbered = self
            .database
            .read(move |conn| {
                Ok::<_, DatabaseError>(on_backend!(conn, |c| sql_query(sql).get_result(c))?)
            })
            .await
            .unwrap();
        row.count
    }

    pub(crate) async fn published_through(&self) -> i64 {
        self.database
            .read(outbox::backlog)
            .await
            .unwrap()
            .published_through
    }
}

pub(crate) fn event(account: i64, name: &str) -> Event {
    let at = Timestamp(1_700_000_000_000_000);
    Event {
        id: EventId::new(at),
        account_id: AccountId(account),
        occurred_at: at,
        actor: Actor {
            kind: ActorKind::System,
            token_id: None,
        },
        cause: events::Cause::default(),
        change: Change::Pipeline(PipelineChanged {
            action: Action::Add,
            revision: 1,
            pipeline: PipelineSnapshot {
                id: PipelineId(1),
                name: name.to_owned(),
                position: 0,
                stages: Vec::new(),
                created_at: at,
                updated_at: at,
            },
        }),
    }
}

pub(crate) fn refused() -> DatabaseError {
    DatabaseError::NotFound
}
