//! Telling other workers to look around now rather than at their next turn: a
//! delivery waits that they may send, or a webhook was changed. What is missed
//! they find by themselves a second later.

use std::sync::Arc;
use std::time::Duration;

use database::Listener;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;

const CHANNEL: &str = "dealwire_delivery_news";
/// How far apart news are told: a busy worker always has some.
const SPACING: Duration = Duration::from_millis(50);

/// Tells what there is to tell until `cancel`.
pub(crate) async fn tell(engine: Arc<Engine>, cancel: CancellationToken) {
    let telling = async {
        loop {
            engine.news_wake.notified().await;
            if let Err(error) = engine.database.notify(CHANNEL).await {
                tracing::debug!(%error, "other workers could not be told");
            }
            tokio::time::sleep(SPACING).await;
        }
    };
    cancel.run_until_cancelled(telling).await;
}

/// Hears what others tell for as long as it is kept.
pub(crate) fn hear(engine: &Arc<Engine>) -> Listener {
    let listener = Arc::downgrade(engine);
    engine.database.listen(CHANNEL, move || {
        if let Some(engine) = listener.upgrade() {
            engine.heard_wake.notify_one();
        }
    })
}
