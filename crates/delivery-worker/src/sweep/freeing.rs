//! Deliveries that wait for another one which is over, or that need not wait any
//! longer.
//!
//! Whatever ends a delivery makes the next one of its record due in the same
//! commit. This finds what was missed: after a setting changed, where one ended
//! without an outcome, or where a worker of an older version recorded it.

use std::time::Duration;

use database::DatabaseError;
use tokio::time::Instant;

use crate::domain::webhook::WebhookId;
use crate::engine::Engine;
use crate::ordering::Keeping;
use crate::store::claims::lock_lanes;
use crate::store::record_order::{free_all, free_first, list_holding_lanes};

/// How often what waits is looked at.
const PERIOD: Duration = Duration::from_secs(15);
/// How many times as long as a look takes is waited before the next: it takes
/// longer the more waits.
const REST: u32 = 20;
/// How many rows of one webhook one commit frees.
const BATCH: i64 = 5_000;

/// When this is next done.
#[derive(Debug, Default)]
pub(super) struct Freeing {
    next: Option<Instant>,
}

impl Freeing {
    /// Looks around if it is time to.
    pub(super) async fn look(&mut self, engine: &Engine) -> Result<(), DatabaseError> {
        let began = Instant::now();
        if self.next.is_some_and(|next| began < next) {
            return Ok(());
        }
        let holding = engine.database.read(list_holding_lanes).await?;
        for webhook in holding {
            let known = engine.registry.find(webhook);
            match known.map(|it| it.keeping()) {
                Some(Some(Keeping::InOrder)) => free_missed(engine, webhook).await?,
                // Few wait there, each for one that is under way.
                Some(Some(Keeping::Latest)) => {
                    free_some(engine, webhook).await?;
                }
                Some(None) => free_from_order(engine, webhook).await?,
                None => {}
            }
        }
        self.next = Some(Instant::now() + (began.elapsed() * REST).max(PERIOD));
        Ok(())
    }
}

/// Makes due what waits for nothing any longer.
pub(super) async fn free_missed(engine: &Engine, webhook: WebhookId) -> Result<(), DatabaseError> {
    let freed = engine
        .database
        .write(move |conn| {
            // Nobody puts a delivery aside meanwhile.
            lock_lanes(conn, std::iter::once(webhook.0))?;
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
        let freed = free_some(engine, webhook).await?;
        if freed == 0 {
            return Ok(());
        }
        tracing::info!(%webhook, count = freed, "deliveries do not wait for each other any longer");
    }
}

async fn free_some(engine: &Engine, webhook: WebhookId) -> Result<usize, DatabaseError> {
    let freed = engine
        .database
        .write(move |conn| {
            lock_lanes(conn, std::iter::once(webhook.0))?;
            let now_us = conn.now_us()?;
            free_all(conn, webhook, BATCH, now_us)
        })
        .await?;
    if freed > 0 {
        engine.delivery_is_due(webhook);
    }
    Ok(freed)
}
