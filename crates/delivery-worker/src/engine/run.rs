//! The pipeline's tasks: started together, ended in order.

use std::sync::Arc;
use std::time::Duration;

use broker::{Broker, supervise};
use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::claim::fill_lanes;
use crate::dispatch::keep_pace;
use crate::ingest::ingest;
use crate::lane::Stop;
use crate::lease::keep_lease;
use crate::news::{hear, tell};
use crate::record::record_until_closed;
use crate::replay::run_replays;
use crate::retention;
use crate::sweep::sweep;

/// How long requests that are under way may take when the worker ends.
const DRAIN: Duration = Duration::from_secs(5);

impl Engine {
    /// Runs until `cancel`; then starts nothing more, waits for what is under
    /// way, records it, and gives all other claims back.
    pub(crate) async fn run(self: Arc<Self>, broker: Broker, cancel: CancellationToken) {
        let end_of_drain = CancellationToken::new();
        let ingesting = supervise("delivery.ingest", cancel.clone(), |cancel| {
            ingest(Arc::clone(&self), broker.clone(), cancel)
        });
        let filling = supervise("delivery.claim", cancel.clone(), |cancel| {
            let engine = Arc::clone(&self);
            async move {
                fill_lanes(engine, cancel).await;
                Ok::<_, std::convert::Infallible>(())
            }
        });
        let pacing = supervise("delivery.pace", cancel.clone(), |cancel| {
            let engine = Arc::clone(&self);
            async move {
                keep_pace(engine, cancel).await;
                Ok::<_, std::convert::Infallible>(())
            }
        });
        let sweeping = supervise("delivery.sweep", cancel.clone(), |cancel| {
            let engine = Arc::clone(&self);
            async move {
                sweep(engine, cancel).await;
                Ok::<_, std::convert::Infallible>(())
            }
        });
        let retaining = supervise("delivery.retention", cancel.clone(), |cancel| {
            let engine = Arc::clone(&self);
            async move {
                retention::run(engine, cancel).await;
                Ok::<_, std::convert::Infallible>(())
            }
        });
        let replaying = supervise("delivery.replay", cancel.clone(), |cancel| {
            let engine = Arc::clone(&self);
            async move {
                run_replays(engine, cancel).await;
                Ok::<_, std::convert::Infallible>(())
            }
        });
        let recording = supervise("delivery.record", end_of_drain.clone(), |closing| {
            let engine = Arc::clone(&self);
            async move {
                engine.record(closing).await;
                Ok::<_, std::convert::Infallible>(())
            }
        });
        let leasing = supervise("delivery.lease", end_of_drain.clone(), |closing| {
            let engine = Arc::clone(&self);
            async move {
                keep_lease(&engine, closing).await;
                Ok::<_, std::convert::Infallible>(())
            }
        });
        let telling = tell(Arc::clone(&self), cancel.clone());
        let hearing = hear(&self);
        let draining = async {
            cancel.cancelled().await;
            self.stop(Stop::Shutdown);
            if tokio::time::timeout(DRAIN, self.until_quiet())
                .await
                .is_err()
            {
                tracing::warn!("requests or their outcomes were cut short; they come again");
            }
            end_of_drain.cancel();
        };
        tokio::join!(
            ingesting, filling, pacing, sweeping, retaining, replaying, recording, leasing,
            telling, draining
        );
        drop(hearing);
    }

    async fn until_quiet(&self) {
        loop {
            let quiet = self.quiet_wake.notified();
            tokio::pin!(quiet);
            quiet.as_mut().enable();
            if self.lanes().is_quiet() {
                return;
            }
            quiet.await;
        }
    }

    async fn record(&self, closing: CancellationToken) {
        let mut outcomes = self.unrecorded.lock().await;
        record_until_closed(self, &mut outcomes, closing).await;
    }
}
