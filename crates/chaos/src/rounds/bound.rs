//! How many callbacks may have come twice.
//!
//! A callback that was answered with 2xx comes again only if its worker did not get
//! the answer, or could not note it. Without a fault both are done at once. So each
//! fault has its windows: what may come again because of it was taken within one of
//! them. Outside of all windows nothing may. And of one webhook no fault may bring more again
//! than workers let be under way and not on record.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rig::Server;

use super::draw::LAYOUT;
use super::fault::{Kind, Wire};
use crate::arrivals::Seen;
use crate::faults;
use crate::hooks::Hook;
use crate::plan::{Harm, Victim};
use crate::verdict::{AtOnce, Repeat};

/// Within what time an answer is noted when nothing is broken: a commit on a machine
/// that is busy with all of this, and perhaps with another such run.
const NOTED: Duration = Duration::from_secs(3);

/// How many callbacks of one webhook a worker has under way or not on record at most, with as
/// many slots as the webhooks of a round have.
const OPEN: usize = 256;

/// How long a request takes at most (DESIGN 8).
const REQUEST: Duration = Duration::from_secs(3);

/// How long a worker needs at most until its database takes notes again.
const RECONNECTED: Duration = Duration::from_secs(4);

/// How long an answer is on its way.
const ON_ITS_WAY: Duration = Duration::from_millis(250);

/// What may be repeated and what was.
#[derive(Debug)]
pub(super) struct Doubles {
    pub(super) found: usize,
    /// Repeats that the faults explain, at most.
    pub(super) bound: usize,
    /// Repeats of what was taken when no fault could be the reason.
    pub(super) unexplained: Vec<Repeat>,
    /// Webhooks of which more came again than workers may have open, and how many.
    pub(super) crowds: Vec<(u32, usize)>,
}

/// What is taken within it may come again.
#[derive(Debug, Clone, Copy)]
struct Window {
    from: Instant,
    to: Instant,
    /// That webhook's callbacks alone.
    webhook: Option<u32>,
}

/// Counts both.
pub(super) fn doubles(done: &[(Kind, faults::Fault)], seen: &Seen, repeats: &[Repeat]) -> Doubles {
    let windows = done.iter().map(|(kind, fault)| windows(*kind, fault));
    let windows: Vec<Window> = windows.flatten().collect();
    let explained_by = |webhook: u32, at: Instant| {
        let explains = |window: &&Window| window.holds(webhook, at);
        windows.iter().filter(explains).count()
    };
    let taken = seen.arrivals.iter();
    let bound = taken.filter_map(|one| {
        let at = one.taken_at?;
        Some(explained_by(one.webhook, at) + usize::from(is_late(one.at, at)))
    });
    let is_unexplained = |repeat: &&Repeat| {
        let by_faults = explained_by(repeat.webhook, repeat.taken_at);
        by_faults == 0 && !is_late(repeat.came_at, repeat.taken_at)
    };
    Doubles {
        found: repeats.len(),
        bound: bound.sum(),
        unexplained: repeats.iter().filter(is_unexplained).copied().collect(),
        crowds: crowds(repeats, windows.len()),
    }
}

/// Webhooks with more repeats than so many windows can have brought.
fn crowds(repeats: &[Repeat], windows: usize) -> Vec<(u32, usize)> {
    let mut of_webhook: BTreeMap<u32, usize> = BTreeMap::new();
    for repeat in repeats {
        *of_webhook.entry(repeat.webhook).or_default() += 1;
    }
    let most = OPEN * LAYOUT.delivery_workers * windows.max(1);
    of_webhook
        .into_iter()
        .filter(|(_, count)| *count > most)
        .collect()
}

/// Whether a wire held a request back until the next one of its record was under way: its
/// sender had been killed or had given it up, and both came when the wire went on.
pub(super) fn is_held_back(done: &[(Kind, faults::Fault)], overlap: &AtOnce) -> bool {
    done.iter().any(|(kind, fault)| {
        let went_on = Window {
            from: fault.back - ON_ITS_WAY,
            to: fault.back + ON_ITS_WAY,
            webhook: Some(overlap.webhook),
        };
        matches!(kind, Kind::Stall(Wire::Receiver(number)) if *number == overlap.webhook)
            && went_on.holds(overlap.webhook, overlap.at)
    })
}

/// Whether an answer was that late that its sender may have been gone: a machine that is busy
/// makes some of the slow ones so.
fn is_late(came_at: Instant, taken_at: Instant) -> bool {
    taken_at - came_at > REQUEST - ON_ITS_WAY
}

/// The windows of a fault; none where all answers arrive and are noted.
fn windows(kind: Kind, fault: &faults::Fault) -> Vec<Window> {
    let (hit, back) = (fault.hit, fault.back);
    let window = |from, to, webhook| Window { from, to, webhook };
    // What was under way when its sender was struck.
    let of_sender = |at: Instant| window(at - NOTED, at + REQUEST, None);
    // All that could not be noted.
    let of_notes = window(hit - NOTED, back + RECONNECTED, None);
    match kind {
        Kind::Harm(_, Victim::Server(Server::Postgres)) | Kind::FullDisk => vec![of_notes],
        Kind::Cut(Wire::Database(victim)) | Kind::Stall(Wire::Database(victim))
            if is_sender(victim) =>
        {
            vec![of_notes]
        }
        Kind::Harm(Harm::Kill, victim) if is_sender(victim) => vec![of_sender(hit)],
        // Stopped before it wrote a request whose time had begun, it writes it when it goes
        // on, and gives it up in the same moment.
        Kind::Harm(Harm::Stop, victim) if is_sender(victim) => vec![
            of_sender(hit),
            window(back - ON_ITS_WAY, back + ON_ITS_WAY, None),
        ],
        // Killed and started twice.
        Kind::WrongClock(..) => vec![of_sender(hit), of_sender(back)],
        // The answers to what had come do not get through, nor do requests that were held back:
        // they arrive in the end, when their sender has given them up.
        Kind::Cut(Wire::Receiver(number)) | Kind::Stall(Wire::Receiver(number)) => vec![
            window(hit - ON_ITS_WAY, hit + REQUEST, Some(number)),
            window(back - ON_ITS_WAY, back + REQUEST, Some(number)),
        ],
        // Who is asked to end notes what it has sent, and so does who is parted from the
        // broker or from clients alone.
        Kind::Harm(..) | Kind::Cut(_) | Kind::Stall(_) | Kind::LostQueue(_) | Kind::LostBroker => {
            Vec::new()
        }
    }
}

fn is_sender(victim: Victim) -> bool {
    matches!(victim, Victim::Worker(_) | Victim::Everything)
}

impl Window {
    fn holds(&self, webhook: u32, at: Instant) -> bool {
        let is_of_webhook = self.webhook.is_none_or(|number| number == webhook);
        is_of_webhook && self.from <= at && at <= self.to
    }
}

impl Doubles {
    /// What is wrong with them, in words; `second` tells a moment by the run's clock.
    pub(super) fn problems(&self, hooks: &[Hook], second: impl Fn(Instant) -> f64) -> Vec<String> {
        let mut problems = Vec::new();
        if self.found > self.bound {
            problems.push(format!(
                "{} callbacks came twice, {} at most may",
                self.found, self.bound
            ));
        }
        problems.extend(self.crowds.iter().map(|(webhook, count)| {
            format!(
                "{count} callbacks to `{}` came twice, more than are open at any time",
                hooks[*webhook as usize].name
            )
        }));
        problems.extend(self.unexplained.iter().map(|repeat| {
            format!(
                "no fault explains why a callback to `{}` that came at {:.2} s and was taken at \
                 {:.2} s came again at {:.2} s",
                hooks[repeat.webhook as usize].name,
                second(repeat.came_at),
                second(repeat.taken_at),
                second(repeat.again_at)
            )
        }));
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(kind: Kind, hit: Instant) -> (Kind, faults::Fault) {
        let fault = faults::Fault {
            what: kind.to_string(),
            serves: None,
            leads: 0,
            hit,
            back: hit + Duration::from_secs(5),
        };
        (kind, fault)
    }

    fn repeat(taken_at: Instant) -> Repeat {
        Repeat {
            webhook: 1,
            came_at: taken_at,
            taken_at,
            again_at: taken_at,
        }
    }

    /// How many repeats are not explained of those that were first taken so many seconds
    /// after the hit.
    fn unexplained(kind: Kind, seconds: &[u64]) -> usize {
        let hit = Instant::now() + Duration::from_secs(60);
        let after = |seconds: &u64| repeat(hit + Duration::from_secs(*seconds));
        let repeats: Vec<Repeat> = seconds.iter().map(after).collect();
        doubles(&[fault(kind, hit)], &Seen::default(), &repeats)
            .unexplained
            .len()
    }

    #[test]
    fn only_what_a_fault_kept_from_being_noted_may_come_again() {
        let worker = Victim::Worker(1);
        for (kind, expected) in [
            (Kind::Harm(Harm::Kill, worker), 2),
            (Kind::Harm(Harm::Stop, worker), 1),
            (Kind::Harm(Harm::Restart, worker), 3),
            (Kind::Harm(Harm::Kill, Victim::EntityService(1)), 3),
            (Kind::FullDisk, 1),
            (Kind::Stall(Wire::Receiver(1)), 1),
            (Kind::Stall(Wire::Receiver(2)), 3),
            (Kind::Stall(Wire::Broker(worker)), 3),
            (Kind::LostBroker, 3),
        ] {
            assert_eq!(unexplained(kind, &[0, 5, 20]), expected, "{kind}");
        }
    }

    #[test]
    fn a_fault_brings_no_more_again_than_was_open() {
        let hit = Instant::now() + Duration::from_secs(60);
        let repeats = vec![repeat(hit); OPEN * LAYOUT.delivery_workers + 1];
        let kill = fault(Kind::Harm(Harm::Kill, Victim::Worker(1)), hit);
        let found = doubles(&[kill], &Seen::default(), &repeats);
        assert!(found.unexplained.is_empty());
        assert_eq!(found.crowds, [(1, repeats.len())]);
        assert!(crowds(&repeats, 2).is_empty());
    }

    #[test]
    fn an_answer_that_its_sender_may_not_have_waited_for_explains_a_repeat() {
        let taken_at = Instant::now() + Duration::from_secs(60);
        for (seconds, expected) in [(0, 1), (2, 1), (3, 0)] {
            let repeat = Repeat {
                came_at: taken_at - Duration::from_secs(seconds),
                ..repeat(taken_at)
            };
            let unexplained = doubles(&[], &Seen::default(), &[repeat]).unexplained;
            assert_eq!(unexplained.len(), expected, "{seconds} s");
        }
    }
    #[test]
    fn a_stalled_wire_may_bring_two_of_one_record_when_it_goes_on() {
        let hit = Instant::now() + Duration::from_secs(60);
        let (kind, fault) = fault(Kind::Stall(Wire::Receiver(1)), hit);
        let (back, done) = (fault.back, [(kind, fault)]);
        let is_held = |webhook, at| {
            let what = String::new();
            is_held_back(&done, &AtOnce { webhook, at, what })
        };
        assert!(is_held(1, back));
        assert!(!is_held(2, back), "another wire");
        assert!(!is_held(1, back + Duration::from_secs(1)), "too late");
        assert!(!is_held(1, hit), "before");
    }
}
