//! Places in the order of rows, which have or begin with the milliseconds of their time.

use std::fmt;

use time::OffsetDateTime;

/// A day in milliseconds.
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// The part of a UUIDv7 that holds its milliseconds (RFC 9562).
const TIME_BYTES: usize = 6;

/// A millisecond since the Unix epoch: the place before all rows that begin with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub u64);

impl Moment {
    /// Before all rows.
    pub const FIRST: Self = Self(0);
    /// After all rows.
    pub const LAST: Self = Self(u64::MAX);

    /// The millisecond of a time in microseconds; what is before the epoch is at it.
    pub fn of_us(time_us: i64) -> Self {
        Self(u64::try_from(time_us / 1_000).unwrap_or(0))
    }

    /// When that was, in microseconds.
    pub fn as_us(self) -> i64 {
        i64::try_from(self.0)
            .unwrap_or(i64::MAX)
            .saturating_mul(1_000)
    }

    /// The millisecond that an id begins with.
    pub fn of_id(id: &[u8]) -> Self {
        let mut bytes = [0; 8];
        for (to, from) in bytes[8 - TIME_BYTES..].iter_mut().zip(id) {
            *to = *from;
        }
        Self(u64::from_be_bytes(bytes))
    }

    /// The same of an id as PostgreSQL writes it; `None` if that is too short for one.
    pub(super) fn of_hex(id: &str) -> Option<Self> {
        let hex = id.strip_prefix("\\x")?.get(..2 * TIME_BYTES)?;
        u64::from_str_radix(hex, 16).ok().map(Self)
    }

    /// What ids that begin with it are not below.
    pub fn bytes(self) -> Vec<u8> {
        self.0.to_be_bytes()[8 - TIME_BYTES..].to_vec()
    }

    /// The next one.
    #[must_use]
    pub fn after(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The beginning of its day (UTC), so many days later.
    #[must_use]
    pub fn day(self, later: u64) -> Self {
        Self((self.0 / DAY_MS + later) * DAY_MS)
    }
}

/// The date, as names of partitions have it.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.as_us() / 1_000_000;
        let date = OffsetDateTime::from_unix_timestamp(seconds)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
            .date();
        let month = u8::from(date.month());
        write!(f, "{:04}{month:02}{:02}", date.year(), date.day())
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
        let hex = "\\x019b7ca98d0370000909090909090909";
        assert_eq!(Moment::of_hex(hex), Some(moment));
        assert_eq!(Moment::of_hex("\\x019b"), None);
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
