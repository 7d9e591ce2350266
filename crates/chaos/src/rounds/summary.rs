//! All rounds in one table.

use std::collections::BTreeMap;
use std::time::Duration;

use super::round::{Outcome, Round};

/// What came of all rounds.
#[derive(Debug, Default)]
pub(super) struct Summary {
    rounds: u32,
    took: Duration,
    changes: u64,
    callbacks: usize,
    doubles: usize,
    failed: Vec<u32>,
    by_fault: BTreeMap<String, Row>,
}

/// The rounds with one kind of fault.
#[derive(Debug, Default)]
struct Row {
    rounds: u32,
    failed: u32,
    changes: u64,
    callbacks: usize,
    doubles: usize,
    slowest: Duration,
}

impl Summary {
    pub(super) fn add(&mut self, round: &Round, outcome: Outcome) {
        self.rounds += 1;
        self.took += outcome.took;
        self.changes += outcome.changes;
        self.callbacks += outcome.callbacks;
        self.doubles += outcome.doubles.found;
        if !outcome.is_well {
            self.failed.push(round.number());
        }
        for family in round.families() {
            let row = self.by_fault.entry(family).or_default();
            row.rounds += 1;
            row.failed += u32::from(!outcome.is_well);
            row.changes += outcome.changes;
            row.callbacks += outcome.callbacks;
            row.doubles += outcome.doubles.found;
        }
        for (family, fresh) in outcome.recoveries {
            let row = self.by_fault.entry(family).or_default();
            row.slowest = row.slowest.max(fresh.unwrap_or_default());
        }
    }

    /// A round that came to no judgement.
    pub(super) fn broke_off(&mut self, round: &Round) {
        self.rounds += 1;
        self.failed.push(round.number());
        for family in round.families() {
            let row = self.by_fault.entry(family).or_default();
            row.rounds += 1;
            row.failed += 1;
        }
    }

    /// The numbers of the rounds that were not well.
    pub(super) fn failed(&self) -> &[u32] {
        &self.failed
    }

    pub(super) fn print(&self, seed: u64) {
        println!(
            "\n{:<34} {:>6} {:>6} {:>9} {:>10} {:>8} {:>9}",
            "fault", "rounds", "failed", "changes", "callbacks", "doubles", "slowest"
        );
        for (family, row) in &self.by_fault {
            println!(
                "{family:<34} {:>6} {:>6} {:>9} {:>10} {:>8} {:>7.2} s",
                row.rounds,
                row.failed,
                row.changes,
                row.callbacks,
                row.doubles,
                row.slowest.as_secs_f64()
            );
        }
        println!(
            "a round counts in the row of each of its faults; slowest: from the fault's end to the\n\
             first callback about a change of afterwards"
        );
        println!(
            "\nchaos: seed {seed}: {} rounds in {:.0} min, {} changes, {} callbacks, {} doubles",
            self.rounds,
            self.took.as_secs_f64() / 60.0,
            self.changes,
            self.callbacks,
            self.doubles
        );
        match self.failed.as_slice() {
            [] => println!("chaos: nothing was lost"),
            failed => println!("chaos: NOT WELL: rounds {failed:?}"),
        }
    }
}
