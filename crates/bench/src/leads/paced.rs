//! Leads at a steady rate that no answer slows down.
//!
//! Every lead has a time at which it is due, and its latency counts from there: what
//! waits for a free connection because others are slow is not left out ("coordinated
//! omission"). Timers are exact to a millisecond, which counts as latency too.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::{People, Phones, Target, lead};

/// How fast and how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Requests at once, at most.
    pub(crate) connections: u32,
    pub(crate) per_second: f64,
    pub(crate) seconds: u32,
}

/// A lead that was taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Posted {
    pub(crate) lead: u64,
    /// When the answer had arrived.
    pub(crate) at: Instant,
    /// From when it was due to then.
    pub(crate) took: Duration,
}

impl Pace {
    /// When the `number`th lead is due, from the start.
    fn due(&self, number: u32) -> Duration {
        Duration::from_secs_f64(f64::from(number) / self.per_second)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rates and times here make counts far below 2^32"
    )]
    fn count(&self) -> u32 {
        (self.per_second * f64::from(self.seconds)) as u32
    }
}

/// Posts leads with phones of their own.
pub(crate) async fn post(
    target: &Target,
    pace: Pace,
    people: &Arc<People>,
) -> anyhow::Result<Vec<Posted>> {
    let mut senders = Vec::new();
    for _ in 0..pace.connections {
        senders.push(target.connect().await?);
    }
    let next = Arc::new(AtomicU32::new(0));
    let count = pace.count();
    let mut working: JoinSet<anyhow::Result<Vec<Posted>>> = JoinSet::new();
    let start = tokio::time::Instant::now();
    for mut sender in senders {
        let (next, people) = (Arc::clone(&next), Arc::clone(people));
        working.spawn(async move {
            let mut posted = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return Ok(posted);
                }
                let lead = lead(people.next(), Phones::Own);
                let due = start + pace.due(number);
                tokio::time::sleep_until(due).await;
                let id = sender.post(&lead).await?;
                let at = Instant::now();
                posted.push(Posted {
                    lead: id,
                    at,
                    took: at.saturating_duration_since(due.into_std()),
                });
            }
        });
    }
    let mut posted = Vec::with_capacity(count as usize);
    while let Some(ended) = working.join_next().await {
        posted.extend(ended??);
    }
    Ok(posted)
}

/// From the first lead's due time to the last answer.
pub(crate) fn lasted(posted: &[Posted]) -> Duration {
    let first = posted
        .iter()
        .filter_map(|one| one.at.checked_sub(one.took))
        .min();
    let last = posted.iter().map(|one| one.at).max();
    match (first, last) {
        (Some(first), Some(last)) => last.saturating_duration_since(first),
        _ => Duration::ZERO,
    }
}
