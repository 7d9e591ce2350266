//! Only the latest.

use events::Action;

use super::*;
use crate::ordering::{Waiting, settle};

const REVISIONS: i64 = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waits,
    UnderWay,
    Delivered,
    Failed,
    Skipped,
}

#[derive(Debug)]
struct Row {
    waiting: Waiting<usize>,
    state: State,
    /// As what it was sent.
    sent_as: Option<Action>,
}

/// The deliveries of one record.
#[derive(Debug, Default)]
struct World {
    now: i64,
    rows: Vec<Row>,
    /// As what the receiver was told of it.
    told: Vec<(i64, Action)>,
}

impl World {
    fn arrive(&mut self, revision: i64) {
        let action = match revision {
            1 => Action::Add,
            REVISIONS => Action::Delete,
            _ => Action::Edit,
        };
        self.rows.push(Row {
            waiting: Waiting {
                id: self.rows.len(),
                revision,
                action: Some(action),
                due_at_us: self.now,
                was_tried: false,
                coalesced: 0,
            },
            state: State::Waits,
            sent_as: None,
        });
        self.settle();
    }

    fn settle(&mut self) {
        let waiting = self.rows.iter().filter(|row| row.state == State::Waits);
        let waiting: Vec<Waiting<usize>> = waiting.map(|row| row.waiting.clone()).collect();
        let Some(settled) = settle(&waiting, self.now) else {
            return;
        };
        for skipped in settled.skipped {
            self.rows[skipped].state = State::Skipped;
        }
        let kept = &mut self.rows[settled.kept].waiting;
        kept.coalesced = settled.coalesced;
        kept.due_at_us = settled.due_at_us;
        if settled.becomes_add {
            kept.action = Some(Action::Add);
        }
        let mut due = waiting.iter().filter(|it| it.due_at_us <= self.now);
        assert!(due.all(|it| kept.due_at_us <= it.due_at_us));
        assert!(waiting.iter().any(|it| it.due_at_us == kept.due_at_us));
    }

    fn place(&self, state: State) -> Option<usize> {
        let places: Vec<usize> = (0..self.rows.len())
            .filter(|&place| self.rows[place].state == state)
            .collect();
        assert!(places.len() <= 1, "{:?}", self.rows);
        places.first().copied()
    }

    /// A claim: never while one is under way, and never what is older than what
    /// was delivered.
    fn claim(&mut self) {
        if let (None, Some(place)) = (self.place(State::UnderWay), self.place(State::Waits))
            && self.rows[place].waiting.due_at_us <= self.now
        {
            let is_late = self
                .told
                .iter()
                .any(|(told, _)| *told > self.rows[place].waiting.revision);
            let row = &mut self.rows[place];
            if is_late {
                row.state = State::Skipped;
                return;
            }
            row.state = State::UnderWay;
            row.waiting.was_tried = true;
            let action = row.waiting.action;
            assert_eq!(row.sent_as.or(action), action, "one id, two bodies");
            row.sent_as = action;
        }
    }

    fn finish(&mut self, answer: Answer) {
        let Some(place) = self.place(State::UnderWay) else {
            return;
        };
        let row = &mut self.rows[place];
        match answer {
            Answer::Failed => row.state = State::Failed,
            Answer::Delivered => {
                row.state = State::Delivered;
                self.told
                    .push((row.waiting.revision, row.waiting.action.unwrap()));
            }
            Answer::Retry(pause) => {
                row.state = State::Waits;
                row.waiting.due_at_us = self.now + pause;
                self.settle();
            }
        }
    }
}

fn run(seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let mut world = World::default();
    let mut to_come: Vec<i64> = (1..=REVISIONS).collect();
    let in_order = rng.bool();
    while !to_come.is_empty() {
        match rng.u8(..5) {
            0 | 1 => {
                let reach = if in_order { 1 } else { 3 };
                let place = rng.usize(..to_come.len().min(reach));
                world.arrive(to_come.remove(place));
            }
            2 => world.claim(),
            3 => world.finish(answer(&mut rng)),
            _ => world.now += rng.i64(1..30),
        }
    }
    for _ in 0..4 {
        world.now += 100;
        world.finish(Answer::Delivered);
        world.claim();
    }
    world.finish(Answer::Delivered);
    demand(&world, in_order);
}

fn demand(world: &World, in_order: bool) {
    assert_eq!(
        (world.place(State::Waits), world.place(State::UnderWay)),
        (None, None)
    );
    // Every change is sent, or one that was stands for it.
    let stood_for: i64 = world
        .rows
        .iter()
        .filter(|row| row.state != State::Skipped)
        .map(|row| 1 + row.waiting.coalesced)
        .sum();
    assert!(stood_for <= REVISIONS, "{world:?}");
    assert!(stood_for == REVISIONS || !in_order, "{world:?}");
    assert!(world.told.is_sorted_by(|a, b| a.0 < b.0), "{world:?}");
    let last = world
        .rows
        .iter()
        .max_by_key(|row| row.waiting.revision)
        .unwrap();
    assert_ne!(last.state, State::Skipped);
    // An edit is never the first that a receiver hears of a record, unless it
    // refused the add for good.
    let refused_add = world
        .rows
        .iter()
        .any(|row| row.state == State::Failed && row.waiting.action == Some(Action::Add));
    if let (Some((_, action)), false, true) = (world.told.first(), refused_add, in_order) {
        assert_ne!(*action, Action::Edit, "{world:?}");
    }
    let adds = world
        .told
        .iter()
        .filter(|(_, action)| *action == Action::Add);
    assert!(adds.count() <= 1, "{world:?}");
}

#[test]
fn every_schedule_sends_the_latest_and_counts_the_rest() {
    for seed in 0..SCHEDULES {
        if let Err(panic) = std::panic::catch_unwind(|| run(seed)) {
            println!("schedule {seed} failed");
            std::panic::resume_unwind(panic);
        }
    }
}
