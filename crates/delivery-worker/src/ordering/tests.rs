//! Random schedules of arrivals, claims, outcomes and time, against what a person
//! would demand of them.

mod in_order;
mod latest;

use fastrand::Rng;

/// How many schedules each of the two runs.
const SCHEDULES: u64 = 50_000;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Delivered,
    /// It is tried again after so long.
    Retry(i64),
    Failed,
}

fn answer(rng: &mut Rng) -> Answer {
    match rng.u8(..10) {
        0 => Answer::Failed,
        1..4 => Answer::Retry(rng.i64(1..40)),
        _ => Answer::Delivered,
    }
}
