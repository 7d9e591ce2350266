//! Holds what was promised against what came.

mod recovery;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::{Duration, Instant};

use crate::arrivals::{Arrival, Arrivals};
use crate::hooks::{Hook, Order};
use crate::ledger::{Change, Key, Ledger, Record};
pub(crate) use recovery::{Recovery, recoveries};

/// Within what time the receiver hears of a connection that its sender closed.
const SAME_MOMENT: Duration = Duration::from_millis(250);

/// The outcome of a run. What must be empty holds what was found, in words.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) expected: usize,
    pub(crate) received: usize,
    pub(crate) refused: usize,
    /// Callbacks that came again after they had been taken.
    pub(crate) repeats: Vec<Repeat>,
    /// Promised, and never taken by the receiver.
    pub(crate) lost: Vec<String>,
    /// Came without a promise: a change that happened twice, or one nobody made.
    pub(crate) unexpected: Vec<String>,
    /// One event came to one webhook under two ids.
    pub(crate) doubled: Vec<String>,
    pub(crate) wrong_signatures: Vec<String>,
    /// A repeat differs, or does not say what was written.
    pub(crate) wrong_bodies: Vec<String>,
    /// Two callbacks of one record were on their way to one webhook at once.
    pub(crate) overlaps: Vec<AtOnce>,
    /// A revision was first taken after a later one by a webhook that promises order.
    pub(crate) disordered: Vec<String>,
    /// Left out for a newer one, where the webhook wants only that.
    pub(crate) skipped: usize,
    /// A revision was first taken after a later one of its record, though none of its
    /// attempts was refused.
    pub(crate) out_of_order: Vec<Instant>,
    /// The same, where the receiver had refused it: a retry, which others overtake.
    pub(crate) overtaken_retries: usize,
}

/// A callback that came again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Repeat {
    pub(crate) webhook: u32,
    /// When it had first come.
    pub(crate) came_at: Instant,
    /// When it had first been taken.
    pub(crate) taken_at: Instant,
    /// When it came again.
    pub(crate) again_at: Instant,
}

/// A callback that came while another one of its record was being answered.
#[derive(Debug)]
pub(crate) struct AtOnce {
    pub(crate) webhook: u32,
    pub(crate) at: Instant,
    pub(crate) what: String,
}

impl fmt::Display for AtOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
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
    let hooks = arrivals.hooks();
    let mut expected: HashMap<Place, &Change> = HashMap::new();
    let mut newest: HashMap<(u32, Record), u64> = HashMap::new();
    for change in &promised.changes {
        for number in wanting(hooks, change.key) {
            expected.insert((number, change.key), change);
            let newest = newest.entry((number, change.key.record)).or_default();
            *newest = change.key.revision.max(*newest);
        }
    }
    verdict.expected = expected.len();

    let mut by_place: HashMap<Place, Vec<&Arrival>> = HashMap::new();
    for arrival in &seen.arrivals {
        if !arrival.has_valid_signature {
            verdict.wrong_signatures.push(describe(hooks, arrival));
        }
        let Some(key) = arrival.key else {
            verdict.wrong_bodies.push(describe(hooks, arrival));
            continue;
        };
        let mut place = (arrival.webhook, key);
        let as_edit = (arrival.webhook, key.as_edit());
        let is_merged = order_of(hooks, arrival.webhook) == Order::LatestOnly
            && !expected.contains_key(&place)
            && expected.contains_key(&as_edit);
        if is_merged {
            // An addition that waited, in the state that an edit has given it.
            place = as_edit;
        }
        by_place.entry(place).or_default().push(arrival);
    }
    for ((number, key), change) in &expected {
        let came = by_place
            .get(&(*number, *key))
            .map_or(&[][..], Vec::as_slice);
        let was_taken = came.iter().any(|arrival| arrival.taken_at.is_some());
        let may_be_skipped = order_of(hooks, *number) == Order::LatestOnly
            && newest.get(&(*number, key.record)) > Some(&key.revision);
        if !was_taken && may_be_skipped {
            verdict.skipped += 1;
        } else if !was_taken {
            let hook = hooks[*number as usize].name;
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
            verdict.wrong_bodies.push(describe(hooks, wrong));
        }
    }
    for (place, came) in &by_place {
        if !expected.contains_key(place) {
            verdict.unexpected.push(describe(hooks, came[0]));
        }
    }
    judge_repeats(hooks, &seen.arrivals, &mut verdict);
    judge_order(hooks, &by_place, &mut verdict);
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
        verdict.overlaps.push(AtOnce {
            webhook: later.webhook,
            at: later.at,
            what: format!(
                "{:.3} s into the run, {:.3} s after {} was begun: {}",
                ledger.age_of(later.at).as_secs_f64(),
                apart.as_secs_f64(),
                earlier.id,
                describe(hooks, later)
            ),
        });
    }
    verdict
}

/// The webhooks that an event fires.
fn wanting(hooks: &[Hook], key: Key) -> impl Iterator<Item = u32> {
    let event = key.event();
    let numbered = (0..).zip(hooks);
    numbered
        .filter(move |(_, hook)| hook.wants(&event))
        .map(|(number, _)| number)
}

fn order_of(hooks: &[Hook], number: u32) -> Order {
    let hook = hooks.get(number as usize);
    hook.map_or(Order::Any, |hook| hook.order)
}

fn judge_repeats(hooks: &[Hook], arrivals: &[Arrival], verdict: &mut Verdict) {
    let mut first: HashMap<&str, &Arrival> = HashMap::new();
    let mut taken: HashMap<&str, (Instant, Instant)> = HashMap::new();
    for arrival in arrivals {
        let id = arrival.id.as_str();
        let before = first.entry(id).or_insert(arrival);
        // What was refused as an edit may come as an addition, when an addition before it
        // is known by then.
        let may_change =
            order_of(hooks, arrival.webhook) == Order::LatestOnly && !taken.contains_key(id);
        if may_change {
            *before = arrival;
        }
        if before.body != arrival.body {
            verdict
                .wrong_bodies
                .push(format!("another body: {}", describe(hooks, arrival)));
        }
        let before = taken.get(id).filter(|(_, at)| *at < arrival.at);
        if let Some(&(came_at, taken_at)) = before {
            verdict.repeats.push(Repeat {
                webhook: arrival.webhook,
                came_at,
                taken_at,
                again_at: arrival.at,
            });
        }
        if let Some(at) = arrival.taken_at {
            taken.entry(id).or_insert((arrival.at, at));
        }
    }
}

fn judge_order(hooks: &[Hook], by_place: &HashMap<Place, Vec<&Arrival>>, verdict: &mut Verdict) {
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
    for ((number, record), mut history) in histories {
        history.sort_by_key(|taken| taken.at);
        let mut highest = 0;
        for taken in history {
            if taken.revision >= highest {
                highest = taken.revision;
            } else if order_of(hooks, number) != Order::Any {
                let hook = hooks[number as usize].name;
                let late = taken.revision;
                let wrong = format!("{record:?} to `{hook}`: {late} after {highest}");
                verdict.disordered.push(wrong);
            } else if taken.was_refused {
                verdict.overtaken_retries += 1;
            } else {
                verdict.out_of_order.push(taken.at);
            }
        }
    }
}

fn describe(hooks: &[Hook], arrival: &Arrival) -> String {
    let hook = hooks[arrival.webhook as usize].name;
    let about = arrival
        .key
        .map_or("no known event".to_owned(), |key| key.to_string());
    let body: String = String::from_utf8_lossy(&arrival.body)
        .chars()
        .take(300)
        .collect();
    format!("{about} to the webhook `{hook}`, id {}: {body}", arrival.id)
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
            &self.disordered,
        ]
        .iter()
        .all(|found| found.is_empty())
            && self.overlaps.is_empty()
    }
}

#[cfg(test)]
mod tests;
