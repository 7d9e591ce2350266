//! An outbox with a broker behind it.

use std::time::Duration;

use broker::{Broker, InProcessLimits};
use database::{Database, DatabaseError, on_backend};
use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use events::{
    AccountId, Action, Actor, ActorKind, Change, Event, EventId, PipelineChanged, PipelineId,
    PipelineSnapshot, Timestamp,
};
use outbox::{MIGRATIONS, Relay, RelayConfig, append, topology};
use test_support::{TestDatabase, wait_until};
use tokio_util::sync::CancellationToken;

pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

pub(crate) struct Outbox {
    pub(crate) database: Database,
    pub(crate) broker: Broker,
    _home: TestDatabase,
}

impl Outbox {
    pub(crate) async fn start() -> Self {
        let home = TestDatabase::start().await;
        let broker = Broker::in_process(InProcessLimits::default());
        broker.declare(&topology()).await.unwrap();
        Self {
            database: home.open(vec![MIGRATIONS]).await,
            broker,
            _home: home,
        }
    }

    pub(crate) fn relay(&self) -> Relay {
        let config = RelayConfig {
            lease: Duration::from_secs(1),
            save_every: Duration::from_millis(10),
            ..RelayConfig::default()
        };
        Relay::new(self.database.clone(), self.broker.clone(), config)
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
        correlation_id: String::new(),
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
