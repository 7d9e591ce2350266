//! Which table is parted, by what, and who owns its rows.

use super::Moment;

/// A table that is parted by day on PostgreSQL. Its migrations make it so, with a partition
/// without a lower bound and one without an upper bound; names that begin with its name and
/// `_kept_` or `_gone_` are those of its partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionedTable {
    /// As in the schema.
    pub name: &'static str,
    /// The column that it is parted by.
    pub column: &'static str,
    /// What that column holds, and the time of an owner as well.
    pub key: Key,
    /// The column that says whose a row is.
    pub owned_by: &'static str,
    /// Whose rows they are.
    pub owner: Owner,
}

/// The table whose rows own those of a parted one. A row is kept as long as its owner is there.
/// Both are of one time: of the same millisecond where ids say it, or else of the same day at
/// least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// As in the schema.
    pub table: &'static str,
    /// What [`PartitionedTable::owned_by`] names; an owner without it owns nothing.
    pub id: &'static str,
    /// Its time.
    pub time: &'static str,
}

/// How a column says the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// `BYTEA` that begins with the milliseconds, as a UUIDv7 does.
    TimeOrderedId,
    /// `BIGINT`, microseconds since the Unix epoch.
    Microseconds,
}

impl Key {
    /// The moment as SQL compares the column with it.
    pub(super) fn literal(self, moment: Moment) -> String {
        match self {
            Self::TimeOrderedId => format!("'\\x{:012x}'", moment.0),
            Self::Microseconds => format!("'{}'", moment.as_us()),
        }
    }

    /// What [`Self::literal`] wrote, as PostgreSQL gives it back; `None` for anything else.
    pub(super) fn parse(self, literal: &str) -> Option<Moment> {
        let text = literal.strip_prefix('\'')?.strip_suffix('\'')?;
        match self {
            Self::TimeOrderedId => {
                let hex = text.strip_prefix("\\x").filter(|hex| hex.len() == 12)?;
                u64::from_str_radix(hex, 16).ok().map(Moment)
            }
            Self::Microseconds => {
                let moment = Moment::of_us(text.parse().ok()?);
                (moment.as_us().to_string() == text).then_some(moment)
            }
        }
    }
}
