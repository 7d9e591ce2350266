//! Changes in order.

use std::collections::BTreeMap;

use super::*;
use crate::ordering::{Patience, RecordNow, SeenRevisions, Turn, Waiter, turn};

const PATIENCE: Patience = Patience {
    gap_us: 50,
    start_us: 10,
};
const RECORDS: u64 = 2;
const REVISIONS: i64 = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waits { due: i64 },
    UnderWay,
    Delivered,
    Failed,
    Skipped,
}

#[derive(Debug)]
struct Row {
    record: u64,
    waiter: Waiter,
    state: State,
}

impl Row {
    fn is_over(&self) -> bool {
        !matches!(self.state, State::Waits { .. } | State::UnderWay)
    }
}

/// What the tables hold, and what is demanded.
#[derive(Debug, Default)]
struct World {
    now: i64,
    rows: Vec<Row>,
    seen: BTreeMap<u64, SeenRevisions>,
    /// When each revision arrived.
    arrived: BTreeMap<(u64, i64), i64>,
    /// The highest revision that was delivered of each record.
    delivered: BTreeMap<u64, i64>,
}

impl World {
    fn arrive(&mut self, record: u64, revision: i64, fires: bool) {
        self.seen.entry(record).or_default().note(revision);
        self.arrived.insert((record, revision), self.now);
        if fires {
            self.rows.push(Row {
                record,
                waiter: Waiter {
                    revision,
                    created_at_us: self.now,
                    is_live: true,
                    is_new: true,
                },
                state: State::Waits { due: self.now },
            });
        }
    }

    fn record(&self, record: u64) -> RecordNow {
        let rows = || self.rows.iter().filter(|row| row.record == record);
        let open = rows().filter(|row| !row.is_over());
        let first = open.map(|row| row.waiter.revision).min();
        RecordNow {
            seen: self.seen.get(&record).cloned(),
            first,
            first_live: first,
            is_busy: rows().any(|row| row.state == State::UnderWay),
            delivered: self.delivered.get(&record).copied(),
        }
    }

    fn claim(&mut self) {
        for place in 0..self.rows.len() {
            let Row {
                record,
                waiter,
                state,
            } = self.rows[place];
            if !matches!(state, State::Waits { due } if due <= self.now) {
                continue;
            }
            let verdict = turn(waiter, &self.record(record), PATIENCE, self.now);
            match verdict {
                Turn::Now | Turn::PassingGap => {
                    self.demand_of_start(record, waiter);
                    let seen = self.seen.get_mut(&record).unwrap();
                    if verdict == Turn::PassingGap {
                        seen.pass(waiter.revision);
                    }
                    self.rows[place].waiter.is_new = false;
                    self.rows[place].state = State::UnderWay;
                }
                Turn::Late { after } => {
                    assert!(after > waiter.revision);
                    self.rows[place].state = State::Skipped;
                }
                Turn::Behind => {}
                Turn::Gap { until_us } => assert!(until_us > self.now),
            }
        }
    }

    /// Whatever may start.
    fn demand_of_start(&self, record: u64, waiter: Waiter) {
        let others = || self.rows.iter().filter(|row| row.record == record);
        assert!(others().all(|row| row.state != State::UnderWay));
        assert!(!others().any(|row| {
            row.waiter.revision < waiter.revision && matches!(row.state, State::Waits { .. })
        }));
        let newer = self
            .delivered
            .get(&record)
            .filter(|it| **it > waiter.revision);
        assert_eq!(newer, None, "{waiter:?}");
        if !waiter.is_new {
            return;
        }
        // Only what was waited for may be missing.
        let has_all = (1..waiter.revision).all(|it| self.arrived.contains_key(&(record, it)));
        let waited = self.now - waiter.created_at_us;
        let began = self.arrived.keys().any(|&(of, it)| of == record && it == 1);
        let was_passed = self.seen[&record].has_all_before(waiter.revision);
        let patience = if began {
            PATIENCE.gap_us
        } else {
            PATIENCE.start_us
        };
        assert!(has_all || was_passed || waited >= patience, "{waiter:?}");
    }

    fn finish(&mut self, place: usize, answer: Answer) {
        let (record, revision) = (self.rows[place].record, self.rows[place].waiter.revision);
        self.rows[place].state = match answer {
            Answer::Retry(pause) => State::Waits {
                due: self.now + pause,
            },
            Answer::Failed => State::Failed,
            Answer::Delivered => {
                let before = self.delivered.insert(record, revision).unwrap_or(0);
                assert!(before < revision, "{before} before {revision}");
                State::Delivered
            }
        };
    }

    fn under_way(&self) -> Vec<usize> {
        let rows = self.rows.iter().enumerate();
        rows.filter(|(_, row)| row.state == State::UnderWay)
            .map(|(place, _)| place)
            .collect()
    }

    fn step(&mut self, rng: &mut Rng, to_come: &mut Vec<(u64, i64)>) {
        match rng.u8(..6) {
            0 | 1 if !to_come.is_empty() => {
                // Mostly in order, as events come; some never do.
                let place = rng.usize(..to_come.len().min(3));
                let (record, revision) = to_come.remove(place);
                if rng.u8(..12) > 0 {
                    self.arrive(record, revision, rng.u8(..4) > 0);
                }
            }
            2 | 3 => self.claim(),
            4 => {
                if let Some(place) = rng.choice(self.under_way()) {
                    self.finish(place, answer(rng));
                }
            }
            _ => self.now += rng.i64(1..30),
        }
    }
}

fn run(seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let mut world = World::default();
    let first = if rng.bool() { 1 } else { 4 };
    let mut to_come: Vec<(u64, i64)> = (first..first + REVISIONS)
        .flat_map(|revision| (0..RECORDS).map(move |record| (record, revision)))
        .collect();
    while !to_come.is_empty() {
        world.step(&mut rng, &mut to_come);
    }
    // Nothing waits for ever.
    for _ in 0..100 {
        if world.rows.iter().all(Row::is_over) {
            return;
        }
        world.now += PATIENCE.gap_us;
        world.claim();
        for place in world.under_way() {
            world.finish(place, Answer::Delivered);
        }
    }
    panic!("something waits for ever: {world:?}");
}

#[test]
fn every_schedule_keeps_the_order_and_ends() {
    for seed in 0..SCHEDULES {
        if let Err(panic) = std::panic::catch_unwind(|| run(seed)) {
            println!("schedule {seed} failed");
            std::panic::resume_unwind(panic);
        }
    }
}
