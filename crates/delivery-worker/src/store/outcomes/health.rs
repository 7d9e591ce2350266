//! What a batch of outcomes does to circuit breakers.

use std::collections::{BTreeMap, HashSet};

use database::{Connection, DatabaseError};

use crate::config::BreakerConfig;
use crate::domain::delivery::DeliveryId;
use crate::domain::webhook::WebhookId;
use crate::lane::Breaker;
use crate::record::Outcome;
use crate::retry::Health;
use crate::store::lanes::{list_breakers, set_breakers};

/// Takes over what the outcomes, in the order in which they were finished, say of
/// the receivers. `locked` are the webhooks for which they can change anything.
/// Returns the breakers that opened or closed by it.
///
/// A success counts always, and does the same each time. A failure counts once:
/// with the outcome that was `applied`.
pub(super) fn take_over(
    conn: &mut Connection<'_>,
    outcomes: &[Outcome],
    locked: &[i64],
    applied: &HashSet<DeliveryId>,
    config: &BreakerConfig,
    now_us: i64,
) -> Result<Vec<(WebhookId, Breaker)>, DatabaseError> {
    if locked.is_empty() {
        return Ok(Vec::new());
    }
    let before = list_breakers(conn, locked)?;
    let mut after: BTreeMap<WebhookId, Breaker> = BTreeMap::new();
    for outcome in outcomes {
        let counts = match outcome.health {
            Health::Success => true,
            Health::Failure => applied.contains(&outcome.delivery),
            Health::Unknown => false,
        };
        let Some(breaker) = before.get(&outcome.webhook).filter(|_| counts) else {
            continue;
        };
        let breaker = after.entry(outcome.webhook).or_insert(*breaker);
        *breaker = breaker.after(outcome.health, now_us, config);
    }
    let mut changed: Vec<(WebhookId, Breaker)> = after.into_iter().collect();
    changed.retain(|(webhook, breaker)| before.get(webhook) != Some(breaker));
    set_breakers(conn, &changed, now_us)?;
    changed.retain(|(webhook, breaker)| {
        before
            .get(webhook)
            .is_some_and(|before| before.open_until_us != breaker.open_until_us)
    });
    Ok(changed)
}
