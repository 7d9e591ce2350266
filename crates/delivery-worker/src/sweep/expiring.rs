//! Deliveries that are too old to be sent and that no lane takes: their webhook is
//! held up, or they wait for another delivery that does not come to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use database::DatabaseError;
use database::partitions::Moment;
use events::AccountId;
use tokio::time::Instant;

use super::freeing::free_missed;
use crate::domain::delivery::DeliveryState;
use crate::domain::webhook::WebhookId;
use crate::engine::Engine;
use crate::store::deliveries::list_pending_lanes;
use crate::store::expiry::{end_too_old, list_too_old};

/// How often they are looked for.
const PERIOD: Duration = Duration::from_secs(60);
/// How many rows one commit ends.
const BATCH: i64 = 1_000;
/// How many accounts are looked at by one query.
const ACCOUNTS_AT_ONCE: usize = 500;

/// When this was last done.
#[derive(Debug, Default)]
pub(super) struct Expiring {
    looked_at: Option<Instant>,
}

impl Expiring {
    /// Looks around if it is time to. What one commit does not hold goes with the next look.
    pub(super) async fn look(&mut self, engine: &Engine) -> Result<(), DatabaseError> {
        if self.looked_at.is_some_and(|at| at.elapsed() < PERIOD) {
            return Ok(());
        }
        let (now_us, lanes) = engine
            .database
            .read(|conn| {
                let now_us = conn.now_us()?;
                Ok::<_, DatabaseError>((now_us, list_pending_lanes(conn, now_us)?))
            })
            .await?;
        let accounts: BTreeSet<i64> = lanes
            .iter()
            .filter_map(|lane| engine.registry.find(lane.webhook()))
            .map(|webhook| webhook.account_id.0)
            .collect();
        let accounts: Vec<AccountId> = accounts.into_iter().map(AccountId).collect();
        // None is past its time that is of a later event: it came after that.
        let events_before = Moment::of_us(now_us - engine.expire_after_us()).after();
        let mut is_all = true;
        for some in accounts.chunks(ACCOUNTS_AT_ONCE) {
            is_all &= expire(engine, some.to_vec(), events_before).await?;
        }
        if is_all {
            self.looked_at = Some(Instant::now());
        }
        Ok(())
    }
}

/// Ends some of these accounts' deliveries; returns whether those were all.
async fn expire(
    engine: &Engine,
    accounts: Vec<AccountId>,
    events_before: Moment,
) -> Result<bool, DatabaseError> {
    let found = engine
        .database
        .read(move |conn| list_too_old(conn, &accounts, events_before, BATCH))
        .await?;
    if found.is_empty() {
        return Ok(true);
    }
    let is_all = i64::try_from(found.len()).is_ok_and(|count| count < BATCH);
    let ended = engine
        .database
        .write(move |conn| end_too_old(conn, &found))
        .await?;
    let mut counts: BTreeMap<WebhookId, usize> = BTreeMap::new();
    for webhook in ended {
        *counts.entry(webhook).or_default() += 1;
    }
    for (&webhook, &count) in &counts {
        let state = DeliveryState::Expired.as_str();
        tracing::info!(%webhook, state, count, "deliveries ended unsent");
        let webhook_now = engine.registry.find(webhook);
        if webhook_now.is_some_and(|it| it.keeping().is_some()) {
            free_missed(engine, webhook).await?;
        }
    }
    if !counts.is_empty() {
        engine.webhooks_changed();
    }
    Ok(is_all)
}
