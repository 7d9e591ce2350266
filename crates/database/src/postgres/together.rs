//! Units that share a transaction while many come at once.
//!
//! Beginning, committing and waiting for the disk is most of what a small unit costs the
//! server, and so is the way there and back. One thread serves who waits, as many in one
//! transaction as have come while it was busy.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::DatabaseError;
use crate::unit::Unit;

/// How many units go each its own way before the next ones share: two that meet now and then
/// shall not wait for each other's disk.
const APART: usize = 2;

/// How many share one transaction at most, so that the first does not wait for ever.
const GROUP_LIMIT: usize = 64;

/// How long units get savepoints of their own after one has failed among others: it costs
/// less than to do the work of all of them twice.
const CAREFUL_FOR: Duration = Duration::from_secs(1);

/// The units that may share, and whether a thread serves them.
pub(super) struct Together {
    apart: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Box<dyn Unit>>,
    served: bool,
    careful_until: Option<Instant>,
}

/// What came while a thread was busy, to be written in one transaction.
pub(super) struct Group {
    pub(super) units: Vec<Box<dyn Unit>>,
    /// Each in a savepoint of its own.
    pub(super) careful: bool,
}

impl fmt::Debug for Together {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Together").finish_non_exhaustive()
    }
}

impl Together {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            apart: Arc::new(Semaphore::new(APART)),
            state: Mutex::default(),
        })
    }

    /// A place for a unit that goes its own way, to be kept until it is done.
    pub(super) fn go_apart(&self) -> Option<OwnedSemaphorePermit> {
        if self.lock().served {
            return None;
        }
        Arc::clone(&self.apart).try_acquire_owned().ok()
    }

    /// Lets a unit wait; whether a thread is to be sent for.
    pub(super) fn join(&self, unit: Box<dyn Unit>) -> bool {
        let mut state = self.lock();
        state.waiting.push_back(unit);
        !std::mem::replace(&mut state.served, true)
    }

    /// Those that come next, in their order.
    pub(super) fn next_group(&self) -> Group {
        let mut state = self.lock();
        let count = state.waiting.len().min(GROUP_LIMIT);
        let units = state.waiting.drain(..count).collect();
        let careful = state.careful_until.is_some_and(|end| Instant::now() < end);
        Group { units, careful }
    }

    /// One of a group has failed.
    pub(super) fn be_careful(&self) {
        self.lock().careful_until = Some(Instant::now() + CAREFUL_FOR);
    }

    /// Whether there is another group for the thread; if not, the next to join sends for one.
    pub(super) fn goes_on(&self) -> bool {
        let mut state = self.lock();
        state.served = !state.waiting.is_empty();
        state.served
    }

    /// There is no thread.
    pub(super) fn refuse(&self, why: &str) {
        let mut state = self.lock();
        state.served = false;
        let refused: Vec<_> = state.waiting.drain(..).collect();
        drop(state);
        for unit in refused {
            unit.answer(Err(DatabaseError::Unavailable(why.to_owned())));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
