//! Places in the order of ids, which begin with the milliseconds of their event.

use std::fmt;

use events::Timestamp;

use crate::domain::delivery::TIME_BYTES;

/// A day in milliseconds.
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// A millisecond since the Unix epoch: the place before all ids that begin with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Moment(pub(crate) u64);

impl Moment {
    /// Before all ids.
    pub(crate) const FIRST: Self = Self(0);

    /// The millisecond of a time in microseconds.
    pub(crate) fn of_us(time_us: i64) -> Self {
        Self(u64::try_from(time_us / 1_000).unwrap_or(0))
    }

    /// When that was, in microseconds.
    pub(crate) fn as_us(self) -> i64 {
        i64::try_from(self.0)
            .unwrap_or(i64::MAX)
            .saturating_mul(1_000)
    }

    /// The millisecond that an id begins with.
    pub(crate) fn of_id(id: &[u8]) -> Self {
        let mut bytes = [0; 8];
        for (to, from) in bytes[8 - TIME_BYTES..].iter_mut().zip(id) {
            *to = *from;
        }
        Self(u64::from_be_bytes(bytes))
    }

    /// What ids that begin with it are not below.
    pub(crate) fn bytes(self) -> Vec<u8> {
        self.0.to_be_bytes()[8 - TIME_BYTES..].to_vec()
    }

    /// The next one.
    pub(crate) fn after(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The beginning of its day (UTC), so many days later.
    pub(crate) fn day(self, later: u64) -> Self {
        Self((self.0 / DAY_MS + later) * DAY_MS)
    }
}

/// The date, as names of partitions have it.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = Timestamp(self.as_us()).to_rfc3339();
        let date = text.split('T').next().unwrap_or_default();
        date.split('-').try_for_each(|part| f.write_str(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_where_its_ids_begin() {
        let id = [
            1, 0x9b, 0x7c, 0xa9, 0x8d, 3, 0x70, 0, 9, 9, 9, 9, 9, 9, 9, 9,
        ];
        let moment = Moment::of_id(&id);
        assert_eq!(moment.bytes(), id[..6]);
        assert!(
            moment.bytes().as_slice() <= &id[..] && &id[..] < moment.after().bytes().as_slice()
        );
        assert_eq!(Moment::of_us(moment.as_us()), moment);
        assert_eq!(Moment::of_us(-1), Moment::FIRST);
    }

    #[test]
    fn days_begin_at_midnight() {
        // 2 January 2026, 03:04:05 UTC.
        let moment = Moment(1_767_323_045_000);
        assert_eq!(moment.day(0).to_string(), "20260102");
        assert_eq!(moment.day(0).0 % DAY_MS, 0);
        assert_eq!(moment.day(2).to_string(), "20260104");
    }
}
