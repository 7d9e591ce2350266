//! Holds what was promised against what came.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use crate::arrivals::{Arrival, Arrivals};
use crate::faults::{Fault, first_fresh};
use crate::hooks::HOOKS;
use crate::ledger::{Change, Key, Ledger, Record};

/// Within what time the receiver hears of a connection that its sender closed.
const SAME_MOMENT: Duration = Duration::from_millis(250);

/// The outcome of a run. What must be empty holds what was found, in words.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) expected: usize,
    pub(crate) received: usize,
    pub(crate) refused: usize,
    /// When each callback that came again had first been taken.
    pub(crate) repeats: Vec<Instant>,
    /// Promised, and never taken by the receiver.
    pub(crate) lost: Vec<String>,
    /// Came without a promise: a change that happened twice, or one nobody made.
    pub(crate) unexpected: Vec<String>,
    /// One event came to one webhook under two ids.
    pub(crate) doubled: Vec<String>,
    pub(crate) wrong_signatures: Vec<String>,
    /// A repeat differs, or does not say what was written.
    pub(crate) wrong_bodies: Vec<String>,
    pub(crate) overlaps: Vec<String>,
    /// A revision was first taken after a later one of its record, though none of its
    /// attempts was refused.
    pub(crate) out_of_order: Vec<Instant>,
    /// The same, where the receiver had refused it: a retry, which others overtake.
    pub(crate) overtaken_retries: usize,
}

/// What followed a fault.
#[derive(Debug)]
pub(crate) struct Recovery {
    pub(crate) what: String,
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

type Place = (u32, Key);

/// When a webhook first took a revision, and whether it had refused it before.
struct Taken {
    revision: u64,
    at: Instant,
    was_refused: bool,
}

/// Judges all that was seen.
pub(crate) fn judge(ledger: &Ledger, arrivals: &Arrivals) -> Verdict {
    let promised = ledger.lock();
    let seen = arrivals.lock();
    let mut verdict = Verdict {
        received: seen.arrivals.len(),
        refused: seen
            .arrivals
            .iter()
            .filter(|one| one.taken_at.is_none())
            .count(),
        ..Verdict::default()
    };
    let mut expected: HashMap<Place, &Change> = HashMap::new();
    for change in &promised.changes {
        for number in wanting(change.key) {
            expected.insert((number, change.key), change);
        }
    }
    verdict.expected = expected.len();

    let mut by_place: HashMap<Place, Vec<&Arrival>> = HashMap::new();
    for arrival in &seen.arrivals {
        if !arrival.has_valid_signature {
            verdict.wrong_signatures.push(describe(arrival));
        }
        match arrival.key {
            Some(key) => by_place
                .entry((arrival.webhook, key))
                .or_default()
                .push(arrival),
            None => verdict.wrong_bodies.push(describe(arrival)),
        }
    }
    for ((number, key), change) in &expected {
        let came = by_place
            .get(&(*number, *key))
            .map_or(&[][..], Vec::as_slice);
        if !came.iter().any(|arrival| arrival.taken_at.is_some()) {
            let hook = HOOKS[*number as usize].name;
            let tries = came.len();
            verdict.lost.push(format!(
                "{key} to the webhook `{hook}`: accepted {:.1} s ago, {tries} attempts came",
                change.at.elapsed().as_secs_f64()
            ));
        }
        let ids: HashSet<&str> = came.iter().map(|arrival| arrival.id.as_str()).collect();
        if ids.len() > 1 {
            verdict.doubled.push(format!("{key}: {ids:?}"));
        }
        let says_it = |arrival: &&&Arrival| {
            let text = String::from_utf8_lossy(&arrival.body);
            change
                .mark
                .as_deref()
                .is_none_or(|mark| text.contains(mark))
        };
        if let Some(wrong) = came.iter().find(|arrival| !says_it(arrival)) {
            verdict.wrong_bodies.push(describe(wrong));
        }
    }
    for (place, came) in &by_place {
        if !expected.contains_key(place) {
            verdict.unexpected.push(describe(came[0]));
        }
    }
    judge_repeats(&seen.arrivals, &mut verdict);
    judge_order(&by_place, &mut verdict);
    for overlap in &seen.overlaps {
        let (earlier, later) = (
            &seen.arrivals[overlap.earlier],
            &seen.arrivals[overlap.later],
        );
        // A sender may give up and begin the next one in the same moment; which of two
        // connections the receiver hears from first is chance.
        let given_up = earlier.given_up_at;
        if given_up.is_some_and(|at| at.saturating_duration_since(later.at) < SAME_MOMENT) {
            continue;
        }
        let apart = later.at.saturating_duration_since(earlier.at);
        verdict.overlaps.push(format!(
            "{:.3} s into the run, {:.3} s after {} was begun: {}",
            ledger.age_of(later.at).as_secs_f64(),
            apart.as_secs_f64(),
            earlier.id,
            describe(later)
        ));
    }
    verdict
}

/// The webhooks that an event fires.
fn wanting(key: Key) -> impl Iterator<Item = u32> {
    let event = key.event();
    let numbered = (0..).zip(&HOOKS);
    numbered
        .filter(move |(_, hook)| hook.wants(&event))
        .map(|(number, _)| number)
}

fn judge_repeats(arrivals: &[Arrival], verdict: &mut Verdict) {
    let mut first: HashMap<&str, &Arrival> = HashMap::new();
    let mut taken: HashMap<&str, Instant> = HashMap::new();
    for arrival in arrivals {
        let id = arrival.id.as_str();
        let before = first.entry(id).or_insert(arrival);
        if before.body != arrival.body {
            verdict
                .wrong_bodies
                .push(format!("another body: {}", describe(arrival)));
        }
        if let Some(at) = taken.get(id).filter(|at| **at < arrival.at) {
            verdict.repeats.push(*at);
        }
        if let Some(at) = arrival.taken_at {
            taken.entry(id).or_insert(at);
        }
    }
}

fn judge_order(by_place: &HashMap<Place, Vec<&Arrival>>, verdict: &mut Verdict) {
    let mut histories: HashMap<(u32, Record), Vec<Taken>> = HashMap::new();
    for ((number, key), came) in by_place {
        let first_taken = came.iter().filter_map(|arrival| arrival.taken_at).min();
        let Some(first_taken) = first_taken else {
            continue;
        };
        let was_refused = came.iter().any(|arrival| arrival.taken_at.is_none());
        let history = histories.entry((*number, key.record)).or_default();
        history.push(Taken {
            revision: key.revision,
            at: first_taken,
            was_refused,
        });
    }
    for mut history in histories.into_values() {
        history.sort_by_key(|taken| taken.at);
        let mut highest = 0;
        for taken in history {
            if taken.revision >= highest {
                highest = taken.revision;
            } else if taken.was_refused {
                verdict.overtaken_retries += 1;
            } else {
                verdict.out_of_order.push(taken.at);
            }
        }
    }
}

fn describe(arrival: &Arrival) -> String {
    let hook = HOOKS[arrival.webhook as usize].name;
    let about = arrival
        .key
        .map_or("no known event".to_owned(), |key| key.to_string());
    let body: String = String::from_utf8_lossy(&arrival.body)
        .chars()
        .take(300)
        .collect();
    format!("{about} to the webhook `{hook}`, id {}: {body}", arrival.id)
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
        let was_cut = |at: &&Instant| nearest(**at) == Some(&fault.hit);
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

impl Verdict {
    /// Whether nothing is wrong that a run must not show.
    pub(crate) fn is_clean(&self) -> bool {
        [
            &self.lost,
            &self.unexpected,
            &self.doubled,
            &self.wrong_signatures,
            &self.wrong_bodies,
            &self.overlaps,
        ]
        .iter()
        .all(|found| found.is_empty())
    }
}

#[cfg(test)]
mod tests;
