//! The task that learns which tokens are no longer valid.

use std::time::Duration;

use broker::{Broker, supervise};
use database::{Database, DatabaseError, Outage};
use http_api::TokenVerifier;
use tokio_util::sync::CancellationToken;

use crate::store::list_revoked;

/// How often the table is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How far back behind the newest revocation seen: one that was slow to commit
/// carries an earlier time.
const OVERLAP_US: i64 = 60_000_000;

/// Tells the verifier of this process which tokens are no longer valid.
#[derive(Debug, Clone)]
pub struct Revocation {
    pub(crate) database: Database,
    pub(crate) broker: Broker,
    pub(crate) verifier: TokenVerifier,
    pub(crate) queue: &'static str,
}

impl Revocation {
    /// Refuses from now on what is known to be revoked. `queue` is the
    /// service's own of `token.revoked` (`outbox::queue`).
    ///
    /// # Errors
    /// [`DatabaseError`]: the table cannot be read; serving without it would let
    /// revoked tokens in.
    pub async fn start(
        database: Database,
        broker: Broker,
        verifier: TokenVerifier,
        queue: &'static str,
    ) -> Result<Self, DatabaseError> {
        let this = Self {
            database,
            broker,
            verifier,
            queue,
        };
        this.refuse_since(0).await?;
        Ok(this)
    }

    /// Follows queue and table until cancelled. Failures are logged and tried
    /// again for ever.
    pub async fn run(self, cancel: CancellationToken) {
        let consuming = supervise(self.queue, cancel.clone(), |cancel| {
            let this = self.clone();
            async move {
                cancel
                    .run_until_cancelled(this.consume())
                    .await
                    .unwrap_or(Ok(()))
            }
        });
        let looking = cancel.run_until_cancelled(self.look());
        tokio::join!(consuming, looking);
    }

    /// Looks into the table again and again.
    async fn look(&self) {
        let outage = Outage::new("tokens that were revoked elsewhere are not known here");
        let mut newest_us = 0;
        loop {
            match self.refuse_since(newest_us - OVERLAP_US).await {
                Ok(seen_us) => {
                    newest_us = newest_us.max(seen_us);
                    outage.over();
                }
                Err(error) => outage.failed(&error),
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Returns when the newest of them was revoked; 0 if there is none.
    async fn refuse_since(&self, since_us: i64) -> Result<i64, DatabaseError> {
        let revoked = self
            .database
            .read(move |conn| list_revoked(conn, since_us))
            .await?;
        let mut newest_us = 0;
        for (token_id, revoked_at_us) in revoked {
            newest_us = newest_us.max(revoked_at_us);
            self.verifier.revoke(token_id);
        }
        Ok(newest_us)
    }
}
