//! Deliveries that wait for another one which is over, or that need not wait any
//! longer.
//!
//! Whatever ends a delivery makes the next one of its record due in the same
//! commit. This finds what was missed: after a setting changed, or where one ended
//! without an outcome.

use std::time::Duration;

use database::DatabaseError;
use tokio::time::Instant;

use crate::domain::webhook::WebhookId;
use crate::engine::Engine;
use crate::store::record_order::{free_all, free_first, list_holding_lanes};

/// How often webhooks are looked for that no longer want their changes in order.
const PERIOD: Duration = Duration::from_secs(15);
/// How often all that waits is looked at, which takes longer the more it is.
const LONG_PERIOD: Duration = Duration::from_secs(5 * 60);
/// How many rows of one webhook one commit frees.
const BATCH: i64 = 5_000;

/// When this was last done.
#[derive(Debug, Default)]
pub(super) struct Freeing {
    looked_at: Option<Instant>,
    looked_at_all: Option<Instant>,
}

impl Freeing {
    /// Looks around if it is time to.
    pub(super) async fn look(&mut self, engine: &Engine) -> Result<(), DatabaseError> {
        let is_time = |at: Option<Instant>, period| at.is_none_or(|at| at.elapsed() >= period);
        if !is_time(self.looked_at, PERIOD) {
            return Ok(());
        }
        let looks_at_all = is_time(self.looked_at_all, LONG_PERIOD);
        let holding = engine.database.read(list_holding_lanes).await?;
        for webhook in holding {
            let is_kept = engine
                .registry
                .find(webhook)
                .map(|it| it.keeping().is_some());
            match is_kept {
                Some(true) if looks_at_all => free_missed(engine, webhook).await?,
                Some(false) => free_from_order(engine, webhook).await?,
                _ => {}
            }
        }
        self.looked_at = Some(Instant::now());
        if looks_at_all {
            self.looked_at_all = self.looked_at;
        }
        Ok(())
    }
}

/// Makes due what waits for nothing any longer.
pub(super) async fn free_missed(engine: &Engine, webhook: WebhookId) -> Result<(), DatabaseError> {
    let freed = engine
        .database
        .write(move |conn| {
            let now_us = conn.now_us()?;
            free_first(conn, webhook, now_us)
        })
        .await?;
    if freed {
        engine.delivery_is_due(webhook);
    }
    Ok(())
}

async fn free_from_order(engine: &Engine, webhook: WebhookId) -> Result<(), DatabaseError> {
    loop {
        let freed = engine
            .database
            .write(move |conn| {
                let now_us = conn.now_us()?;
                free_all(conn, webhook, BATCH, now_us)
            })
            .await?;
        if freed == 0 {
            return Ok(());
        }
        tracing::info!(%webhook, count = freed, "deliveries do not wait for each other any longer");
        engine.delivery_is_due(webhook);
    }
}
