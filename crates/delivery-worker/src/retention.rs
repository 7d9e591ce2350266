//! What is old goes: deliveries with their attempts and bodies, and later the
//! events themselves.
//!
//! Age is that of the event, which ids begin with, so a day's rows lie together.
//! Nothing goes that is still owed (a pending delivery, its event and body), and
//! nothing that came in or was over less than [`GRACE`] ago, so that people see
//! what became of it. Narrow rows go in small batches with rests between, so that
//! nobody waits long behind one. Bodies go with them on SQLite; on PostgreSQL they
//! lie in a partition per day ([`database::partitions`]), and go with that, or one by
//! one where much of an old day is still owed.

use std::sync::Arc;
use std::time::Duration;

use database::partitions::{self, Moment};
use database::{Database, DatabaseError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::metrics::DeliveryMetrics;
use crate::store::retention::idle_records::{clear_idle_records, date_records};
use crate::store::retention::rows::{Part, clear_deliveries, clear_events};
use crate::store::retention::{Cutoffs, PARTITIONED, begin};

/// How often old rows are looked for.
const INTERVAL: Duration = Duration::from_secs(10 * 60);
/// How soon what failed is tried again.
const AGAIN: Duration = Duration::from_secs(60);
/// How long what came in or was over lately stays, however old its event is.
pub(crate) const GRACE: Duration = Duration::from_secs(24 * 60 * 60);
/// How many rows of a table one transaction goes through, about.
const BATCH_ROWS: i64 = 500;
/// How long a rest between batches is, by how long the last one took.
const REST: u32 = 1;

/// Deletes old rows until `cancel`. Several workers may do so beside each other.
pub(crate) async fn run(engine: Arc<Engine>, cancel: CancellationToken) {
    let retention = Retention {
        database: &engine.database,
        metrics: &engine.metrics,
        keep_deliveries: engine.config.keep_deliveries,
        keep_events: engine.config.keep_events.max(engine.config.keep_deliveries),
    };
    loop {
        let pause = match retention.round(&cancel).await {
            Ok(()) => {
                engine.trouble.retention.over();
                INTERVAL
            }
            Err(error) => {
                engine.trouble.retention.failed(&error);
                AGAIN
            }
        };
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

struct Retention<'a> {
    database: &'a Database,
    metrics: &'a DeliveryMetrics,
    keep_deliveries: Duration,
    keep_events: Duration,
}

impl Retention<'_> {
    /// Makes partitions ahead, and deletes what is old now.
    async fn round(&self, cancel: &CancellationToken) -> Result<(), DatabaseError> {
        for table in PARTITIONED {
            partitions::make_ahead(self.database, table).await?;
        }
        let (keep_deliveries, keep_events) = (self.keep_deliveries, self.keep_events);
        let cutoffs = self
            .database
            .write(move |conn| begin(conn, keep_deliveries, keep_events))
            .await?;
        // Bodies that lie in partitions of their days go with these.
        let mut deleted_until = Moment::LAST;
        for table in PARTITIONED {
            let end = partitions::end_of_rows(self.database, table).await?;
            deleted_until = deleted_until.min(end);
        }
        let mut from = Some(Moment::FIRST);
        while let Some(place) = from.filter(|_| !cancel.is_cancelled()) {
            let part = self
                .batch(move |conn| {
                    clear_deliveries(conn, place, cutoffs, deleted_until, BATCH_ROWS)
                })
                .await?;
            self.metrics.count_removed("deliveries", part.removed);
            from = part.next;
        }
        for table in PARTITIONED {
            if cancel.is_cancelled() {
                break;
            }
            let dropped = partitions::drop_old(self.database, table, cutoffs.deliveries).await?;
            self.metrics.count_removed("partitions", dropped);
            let is_over = || cancel.is_cancelled();
            partitions::clear_unowned(self.database, table, cutoffs.deliveries, is_over).await?;
        }
        let mut from = Some(Moment::FIRST);
        while let Some(place) = from.filter(|_| !cancel.is_cancelled()) {
            let part = self
                .batch(move |conn| clear_events(conn, place, cutoffs, BATCH_ROWS))
                .await?;
            self.metrics.count_removed("events", part.removed);
            from = part.next;
        }
        self.clear_records(cancel, cutoffs).await
    }

    /// Forgets which revisions arrived of records that have not changed since long.
    async fn clear_records(
        &self,
        cancel: &CancellationToken,
        cutoffs: Cutoffs,
    ) -> Result<(), DatabaseError> {
        let part_of = |removed| Part {
            removed,
            // As many as a batch may have: there may be more.
            next: (i64::try_from(removed) == Ok(BATCH_ROWS)).then_some(Moment::FIRST),
        };
        let mut is_left = true;
        while is_left && !cancel.is_cancelled() {
            let part = self
                .batch(move |conn| Ok(part_of(date_records(conn, BATCH_ROWS)?)))
                .await?;
            is_left = part.next.is_some();
        }
        is_left = true;
        while is_left && !cancel.is_cancelled() {
            let part = self
                .batch(move |conn| Ok(part_of(clear_idle_records(conn, cutoffs, BATCH_ROWS)?)))
                .await?;
            self.metrics.count_removed("records", part.removed);
            is_left = part.next.is_some();
        }
        Ok(())
    }

    /// One transaction, and a rest.
    async fn batch(
        &self,
        work: impl FnMut(&mut database::Connection<'_>) -> Result<Part, DatabaseError> + Send + 'static,
    ) -> Result<Part, DatabaseError> {
        let began = Instant::now();
        let part = self.database.write(work).await?;
        if part.next.is_some() {
            tokio::time::sleep(began.elapsed() * REST).await;
        }
        Ok(part)
    }
}
