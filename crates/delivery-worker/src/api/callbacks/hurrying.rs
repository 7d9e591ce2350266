//! What was tried before goes again at once, when what held its webhook up is over.

use database::{Connection, DatabaseError};

use crate::domain::webhook::WebhookId;
use crate::state::AppState;
use crate::store::error::StoreError;
use crate::store::hurrying::{DueAt, list_later, make_due};

/// How many deliveries one commit makes due. Workers write between two of them: their leases are
/// short.
const BATCH: i64 = 1_000;

/// A held-up webhook's deliveries have been made due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hurried {
    /// What has come to wait since is due after this, microseconds.
    begun_us: i64,
}

impl Hurried {
    /// Nothing was made due yet: it did not seem to be held up.
    pub(super) const NOT_BEGUN: Self = Self { begun_us: i64::MIN };

    /// Makes all of them due, part by part. To be done before what holds the webhook up is ended:
    /// nothing goes meanwhile, so it does not matter in which order; and where this is cut short,
    /// the webhook is held up as before, and who asked asks again.
    pub(super) async fn begin(state: &AppState, webhook: WebhookId) -> Result<Self, StoreError> {
        let database = &state.database;
        let begun_us = database.read(|conn| conn.now_us()).await?;
        let mut until_us = i64::MAX;
        loop {
            let found = database
                .read(move |conn| list_later(conn, webhook, i64::MIN, until_us, BATCH))
                .await?;
            let Some((_, last_us)) = found.last() else {
                break;
            };
            until_us = *last_us;
            let is_all = is_all(&found);
            let ids = ids(found);
            database.write(move |conn| make_due(conn, &ids)).await?;
            if is_all {
                break;
            }
        }
        Ok(Self { begun_us })
    }

    /// The same with the few that were under way meanwhile, in the transaction that ends what holds
    /// the webhook up.
    pub(super) fn finish(
        self,
        conn: &mut Connection<'_>,
        webhook: WebhookId,
    ) -> Result<(), DatabaseError> {
        let found = list_later(conn, webhook, self.begun_us, i64::MAX, BATCH)?;
        make_due(conn, &ids(found))?;
        Ok(())
    }
}

fn is_all(found: &[DueAt]) -> bool {
    i64::try_from(found.len()).is_ok_and(|count| count < BATCH)
}

fn ids(found: Vec<DueAt>) -> Vec<Vec<u8>> {
    found.into_iter().map(|(id, _)| id).collect()
}
