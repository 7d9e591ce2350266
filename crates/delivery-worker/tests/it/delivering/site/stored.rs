//! What lies in the database.

use database::{Backend, on_backend};
use diesel::RunQueryDsl;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use test_support::wait_until;

use super::*;

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

/// An attempt of the log as it is stored.
#[derive(Debug, Clone, diesel::QueryableByName)]
pub(crate) struct StoredAttempt {
    #[diesel(sql_type = BigInt)]
    pub(crate) number: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(crate) status: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) error_kind: Option<String>,
    #[diesel(sql_type = Nullable<Binary>)]
    pub(crate) response_body: Option<Vec<u8>>,
}

#[derive(diesel::QueryableByName)]
pub(super) struct Number {
    #[diesel(sql_type = BigInt)]
    pub(super) number: i64,
}

impl Site {
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

    /// The attempts of a delivery in order, without a first one that succeeded.
    pub(crate) async fn attempts(&self, id: &[u8]) -> Vec<StoredAttempt> {
        let literal = self.literal(id);
        self.read(move |conn| {
            let sql = format!(
                "SELECT a.number, a.status, a.error_kind, b.response_body \
                 FROM attempts a LEFT JOIN attempt_bodies b \
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
}
