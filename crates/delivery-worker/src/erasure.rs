//! Where the worker keeps bodies that may speak of a person who asked to be
//! forgotten: events, what was sent and answered, messages that were parked.
//!
//! An event goes with the requests that told of it, once none of its deliveries is
//! pending; one that is still owed is left whole until it is over.

mod late_attempts;
mod told;

use outbox::erasure::{PARKED, Place};

/// All of them.
pub(crate) const PLACES: &[Place] = &[TOLD, LATE_ATTEMPTS, PARKED];

/// Events and their deliveries.
const TOLD: Place = Place {
    name: "events",
    find: told::find,
    erase: told::erase,
};

/// What was written down of a request after its delivery was erased: a worker
/// that was given up for dead reports late.
const LATE_ATTEMPTS: Place = Place {
    name: "late attempts",
    find: late_attempts::find,
    erase: late_attempts::erase,
};
