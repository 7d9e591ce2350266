//! Makes changes: as fast as they are accepted, or at a steady rate.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rig::Product;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::api::{Accepted, Api};

/// Connections that share a steady rate, so that a slow answer delays no other change.
const STEADY_CONNECTIONS: u32 = 8;

/// A connection for making records.
pub(crate) async fn records(product: &Product) -> anyhow::Result<Api> {
    let addresses = product.records();
    let address = addresses.first().context("nobody takes records")?;
    Api::connect(*address, product.token()).await
}

/// A connection for making webhooks.
pub(crate) async fn webhooks(product: &Product) -> anyhow::Result<Api> {
    let addresses = product.webhooks();
    let address = addresses.first().context("nobody takes webhooks")?;
    Api::connect(*address, product.token()).await
}

/// How a flood went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flood {
    /// Before the first request.
    pub(crate) started: Instant,
    /// Until the last answer.
    pub(crate) took: Duration,
    /// The highest id of a client that was made.
    pub(crate) highest_id: u64,
}

/// Creates `changes` clients over `connections` at once, each connection as
/// fast as it is answered.
pub(crate) async fn flood(
    product: &Product,
    connections: u32,
    changes: u32,
) -> anyhow::Result<Flood> {
    let mut apis = Vec::new();
    for _ in 0..connections {
        apis.push(records(product).await?);
    }
    let next = Arc::new(AtomicU64::new(0));
    let mut workers: JoinSet<anyhow::Result<u64>> = JoinSet::new();
    let started = Instant::now();
    for mut api in apis {
        let next = Arc::clone(&next);
        workers.spawn(async move {
            let mut highest_id = 0;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= u64::from(changes) {
                    return Ok(highest_id);
                }
                highest_id = highest_id.max(api.create_client(number).await?.id);
            }
        });
    }
    let mut highest_id = 0;
    while let Some(ended) = workers.join_next().await {
        highest_id = highest_id.max(ended??);
    }
    Ok(Flood {
        started,
        took: started.elapsed(),
        highest_id,
    })
}

/// Creates clients at `per_second` for `seconds`, evenly spread.
pub(crate) async fn steady(
    product: &Product,
    per_second: u32,
    seconds: u32,
) -> anyhow::Result<Vec<Accepted>> {
    let gap = Duration::from_secs(1) / per_second;
    let total = per_second * seconds;
    let start = tokio::time::Instant::now() + gap;
    let mut workers: JoinSet<anyhow::Result<Vec<Accepted>>> = JoinSet::new();
    for worker in 0..STEADY_CONNECTIONS {
        let mut api = records(product).await?;
        let mut ticks = tokio::time::interval_at(start + gap * worker, gap * STEADY_CONNECTIONS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        workers.spawn(async move {
            let mut accepted = Vec::new();
            for number in (worker..total).step_by(STEADY_CONNECTIONS as usize) {
                ticks.tick().await;
                accepted.push(api.create_client(u64::from(number)).await?);
            }
            Ok(accepted)
        });
    }
    let mut all = Vec::new();
    while let Some(ended) = workers.join_next().await {
        all.extend(ended??);
    }
    Ok(all)
}
