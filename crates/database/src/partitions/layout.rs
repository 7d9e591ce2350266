//! How a table is parted on PostgreSQL, and what is to be changed of it.
//!
//! From the oldest rows up: what was kept of days that are gone (one partition
//! without a lower bound), a partition per day, and one without an upper bound
//! that takes what is further ahead. There is never a hole between two.

use super::Moment;
use super::table::{Key, PartitionedTable};

/// How many days have partitions, today's included.
const DAYS_AHEAD: u64 = 4;
/// How many whole days are ahead, at least, before more are made.
const LEAST_AHEAD: u64 = 2;

/// A partition and the rows that belong into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Partition {
    pub(super) name: String,
    /// The first one; `None`: there is no lower bound.
    pub(super) from: Option<Moment>,
    /// The first one that does not; `None`: there is no upper bound.
    pub(super) until: Option<Moment>,
}

/// Partitions that are to be made where the last one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ahead {
    /// The one without an upper bound.
    pub(super) last: Partition,
    /// Where the new ones begin, and last of all the new one without an upper bound.
    pub(super) bounds: Vec<Moment>,
}

/// A partition that is to go, with what has to stay of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Release {
    pub(super) partition: Partition,
    /// The one below, if that holds what was kept: it takes over.
    pub(super) below: Option<Partition>,
}

impl Partition {
    /// From the name, and the bounds as PostgreSQL writes them; `None` if they are not those
    /// that are made here.
    pub(super) fn parse(key: Key, name: String, bounds: &str) -> Option<Self> {
        let (from, until) = bounds
            .strip_prefix("FOR VALUES FROM (")?
            .strip_suffix(')')?
            .split_once(") TO (")?;
        let from = match from {
            "MINVALUE" => None,
            literal => Some(key.parse(literal)?),
        };
        let until = match until {
            "MAXVALUE" => None,
            literal => Some(key.parse(literal)?),
        };
        Some(Self { name, from, until })
    }

    /// Whether it holds what was kept of partitions that are gone.
    pub(super) fn is_rest(&self) -> bool {
        self.name.contains("_kept_")
    }

    /// What a partition that begins here is called.
    pub(super) fn name_of(table: &PartitionedTable, from: Moment) -> String {
        format!("{}_{from}", table.name)
    }

    /// What one is called that holds what was kept from here on.
    pub(super) fn name_of_rest(table: &PartitionedTable, from: Option<Moment>) -> String {
        match from {
            Some(from) => format!("{}_kept_{from}", table.name),
            None => format!("{}_kept_first", table.name),
        }
    }
}

/// The partitions that are wanting at `now`; `None` if enough are there.
pub(super) fn wanting(partitions: &[Partition], now: Moment) -> Option<Ahead> {
    let last = partitions.iter().find(|one| one.until.is_none())?;
    let from = last.from?;
    if from >= now.day(LEAST_AHEAD) {
        return None;
    }
    // Days that are over already lie in one.
    let mut bounds = vec![from];
    bounds.extend(
        (0..=DAYS_AHEAD)
            .map(|later| now.day(later))
            .filter(|day| *day > from),
    );
    Some(Ahead {
        last: last.clone(),
        bounds,
    })
}

/// Up to where rows go one by one: the end of the partition without a lower bound, which holds
/// what was kept, or what was there before there were partitions.
pub(super) fn end_of_first(partitions: &[Partition]) -> Moment {
    partitions
        .iter()
        .find(|one| one.from.is_none())
        .and_then(|first| first.until)
        .unwrap_or(Moment::FIRST)
}

/// Partitions above the first one that are older than `cutoff`.
pub(super) fn old(partitions: &[Partition], cutoff: Moment) -> impl Iterator<Item = &Partition> {
    partitions
        .iter()
        .filter(move |one| one.from.is_some() && one.until.is_some_and(|until| until <= cutoff))
}

/// The lowest partition that is older than `cutoff` and not one of `passed`.
/// `partitions` are in order.
pub(super) fn next_release(
    partitions: &[Partition],
    cutoff: Moment,
    passed: &[String],
) -> Option<Release> {
    let mut below: Option<&Partition> = None;
    for partition in partitions {
        if partition.until.is_none_or(|until| until > cutoff) {
            return None;
        }
        let rest = below.filter(|below| below.is_rest());
        below = Some(partition);
        // What was kept goes only where it can go on being kept.
        let is_idle = partition.is_rest() && rest.is_none();
        if !is_idle && !passed.contains(&partition.name) {
            return Some(Release {
                partition: partition.clone(),
                below: rest.cloned(),
            });
        }
    }
    None
}

#[cfg(test)]
mod tests;
