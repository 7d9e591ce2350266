//! How a table of bodies is parted on PostgreSQL, and what is to be changed of it.
//!
//! From the lowest ids up: what was kept of days that are gone (one partition
//! without a lower bound), a partition per day, and one without an upper bound
//! that takes what is further ahead. There is never a hole between two.

use super::Moment;

/// How many days have partitions, today's included.
const DAYS_AHEAD: u64 = 4;
/// How many whole days are ahead, at least, before more are made.
const LEAST_AHEAD: u64 = 2;

/// A table whose rows lie in partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyTable {
    /// Events as they came.
    EventBodies,
    /// What was sent and answered.
    AttemptBodies,
    /// That something was sent.
    Attempts,
}

impl BodyTable {
    pub(crate) const ALL: [Self; 3] = [Self::EventBodies, Self::AttemptBodies, Self::Attempts];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::EventBodies => "event_bodies",
            Self::AttemptBodies => "attempt_bodies",
            Self::Attempts => "attempts",
        }
    }

    /// The column that the table is parted by.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::EventBodies => "event_id",
            Self::AttemptBodies | Self::Attempts => "delivery_id",
        }
    }
}

/// A partition and the ids that belong into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partition {
    pub(crate) name: String,
    /// The first one; `None`: there is no lower bound.
    pub(crate) from: Option<Moment>,
    /// The first one that does not; `None`: there is no upper bound.
    pub(crate) until: Option<Moment>,
}

/// Partitions that are to be made where the last one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ahead {
    /// The one without an upper bound.
    pub(crate) last: Partition,
    /// Where the new ones begin, and last of all the new one without an upper bound.
    pub(crate) bounds: Vec<Moment>,
}

/// A partition that is to go, with what has to stay of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Release {
    pub(crate) partition: Partition,
    /// The one below, if that holds what was kept: it takes over.
    pub(crate) below: Option<Partition>,
}

impl Partition {
    /// From the name, and the bounds as PostgreSQL writes them; `None` if they are not those
    /// that are made here.
    pub(crate) fn parse(name: String, bounds: &str) -> Option<Self> {
        let (from, until) = bounds
            .strip_prefix("FOR VALUES FROM (")?
            .strip_suffix(')')?
            .split_once(") TO (")?;
        let from = match from {
            "MINVALUE" => None,
            bytes => Some(parse_bytes(bytes)?),
        };
        let until = match until {
            "MAXVALUE" => None,
            bytes => Some(parse_bytes(bytes)?),
        };
        Some(Self { name, from, until })
    }

    /// Whether it holds what was kept of partitions that are gone.
    pub(crate) fn is_rest(&self) -> bool {
        self.name.contains("_kept_")
    }

    /// What a partition that begins here is called.
    pub(crate) fn name_of(table: BodyTable, from: Moment) -> String {
        format!("{}_{from}", table.name())
    }

    /// What one is called that holds what was kept from here on.
    pub(crate) fn name_of_rest(table: BodyTable, from: Option<Moment>) -> String {
        match from {
            Some(from) => format!("{}_kept_{from}", table.name()),
            None => format!("{}_kept_first", table.name()),
        }
    }
}

fn parse_bytes(text: &str) -> Option<Moment> {
    let hex = text.strip_prefix("'\\x")?.strip_suffix('\'')?;
    // Six bytes: other bounds were not made here.
    if hex.len() != 12 {
        return None;
    }
    u64::from_str_radix(hex, 16).ok().map(Moment)
}

/// The partitions that are wanting at `now`; `None` if enough are there.
pub(crate) fn wanting(partitions: &[Partition], now: Moment) -> Option<Ahead> {
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
pub(crate) fn end_of_first(partitions: &[Partition]) -> Moment {
    partitions
        .iter()
        .find(|one| one.from.is_none())
        .and_then(|first| first.until)
        .unwrap_or(Moment::FIRST)
}

/// The lowest partition that is older than `cutoff` and not one of `passed`.
/// `partitions` are in order.
pub(crate) fn next_release(
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
