//! The database's time, estimated between the moments that it is read.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// What the database's clock shows now, to within the time of a round trip.
#[derive(Debug, Default)]
pub(crate) struct DatabaseTime {
    read: Mutex<Option<(i64, Instant)>>,
}

impl DatabaseTime {
    /// Takes a reading that has just come in.
    pub(crate) fn set(&self, now_us: i64) {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some((now_us, Instant::now()));
    }

    /// Microseconds since the Unix epoch; 0 before the first reading.
    pub(crate) fn now_us(&self) -> i64 {
        let read = *self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.map_or(0, |(now_us, at)| {
            now_us.saturating_add(super::micros(at.elapsed()))
        })
    }
}
