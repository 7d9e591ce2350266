//! How soon all is well again after each fault.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::{Place, Repeat, Verdict};
use crate::arrivals::{Arrival, Arrivals};
use crate::faults::{Fault, first_fresh};
use crate::ledger::{Change, Key, Ledger};

/// What followed a fault.
#[derive(Debug)]
pub(crate) struct Recovery {
    pub(crate) what: String,
    /// When it began, by the run's clock.
    pub(crate) at: Duration,
    pub(crate) down: Duration,
    /// From when it was back, to the first change accepted.
    pub(crate) accepted: Option<Duration>,
    /// To the first callback, whatever it was about.
    pub(crate) callback: Option<Duration>,
    /// To the first callback about a change of afterwards.
    pub(crate) fresh: Option<Duration>,
    /// To the last callback about a change of before, where anything was left.
    pub(crate) caught_up: Option<Duration>,
    /// Repeats of what was first taken nearer to this fault's begin than to any other's.
    pub(crate) repeats: usize,
    /// Revisions that came out of order without a reason from here to the next fault.
    pub(crate) out_of_order: usize,
}

/// What followed each fault.
pub(crate) fn recoveries(
    faults: &[Fault],
    ledger: &Ledger,
    arrivals: &Arrivals,
    verdict: &Verdict,
) -> Vec<Recovery> {
    let mut begins: Vec<Instant> = faults.iter().map(|fault| fault.hit).collect();
    begins.sort_unstable();
    let recovery = |fault: &Fault| {
        let back = fault.back;
        let since = |at: Instant| at.saturating_duration_since(back);
        let next = begins.iter().find(|begin| **begin > fault.hit);
        let is_ours = |at: &&Instant| **at >= fault.hit && next.is_none_or(|next| **at < *next);
        let distance = |at: Instant, begin: Instant| (at.max(begin)) - (at.min(begin));
        let nearest = |at: Instant| begins.iter().min_by_key(|begin| distance(at, **begin));
        let was_cut = |repeat: &&Repeat| nearest(repeat.taken_at) == Some(&fault.hit);
        let fresh = first_fresh(back, fault.serves, ledger, arrivals).map(since);
        let changes = &ledger.lock().changes;
        let seen = arrivals.lock();
        let accepted = changes
            .iter()
            .filter(|change| fault.serves.is_none_or(|origin| change.origin == origin))
            .map(|change| change.at)
            .filter(|at| *at > back)
            .min();
        let callback = seen
            .arrivals
            .iter()
            .map(|arrival| arrival.at)
            .filter(|at| *at > back)
            .min();
        Recovery {
            what: fault.what.clone(),
            at: ledger.age_of(fault.hit),
            down: back - fault.hit,
            accepted: accepted.map(since),
            callback: callback.map(since),
            fresh,
            caught_up: caught_up(back, changes, &seen.arrivals).map(since),
            repeats: verdict.repeats.iter().filter(was_cut).count(),
            out_of_order: verdict.out_of_order.iter().filter(is_ours).count(),
        }
    };
    faults.iter().map(recovery).collect()
}

/// When the last event of before `back` was first taken, retries that a receiver
/// asked for left out.
fn caught_up(back: Instant, changes: &[Change], arrivals: &[Arrival]) -> Option<Instant> {
    let before: HashSet<Key> = changes
        .iter()
        .filter(|change| change.at <= back)
        .map(|change| change.key)
        .collect();
    let mut first: HashMap<Place, Instant> = HashMap::new();
    for arrival in arrivals {
        if let Some(key) = arrival.key.filter(|key| before.contains(key)) {
            first.entry((arrival.webhook, key)).or_insert(arrival.at);
        }
    }
    first.into_values().max().filter(|last| *last > back)
}
