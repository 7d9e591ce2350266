//! How long what is over is kept.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// The longest time, about ten years: a longer one is a slip.
const MOST_DAYS: u16 = 3_660;

/// How long what is over is kept; what is still owed stays in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetentionSettings {
    events_days: Days,
    deliveries_days: Days,
    requests_days: Days,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Days(u16);

impl RetentionSettings {
    /// Published events: the feed.
    pub(crate) fn events(self) -> Duration {
        self.events_days.as_duration()
    }

    /// Deliveries with their attempts.
    pub(crate) fn deliveries(self) -> Duration {
        self.deliveries_days.as_duration()
    }

    /// What the delivery workers know events by: a day longer than anybody has them.
    pub(crate) fn known_events(self) -> Duration {
        Days(
            self.events_days
                .max(self.deliveries_days)
                .0
                .saturating_add(1),
        )
        .as_duration()
    }

    /// Requests to inbound URLs as they came.
    pub(crate) fn requests(self) -> Duration {
        self.requests_days.as_duration()
    }
}

impl Days {
    fn as_duration(self) -> Duration {
        Duration::from_secs(u64::from(self.0) * 24 * 60 * 60)
    }
}

impl<'de> Deserialize<'de> for Days {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let days = u16::deserialize(deserializer)?;
        if !(1..=MOST_DAYS).contains(&days) {
            let why = format!("{days} is no number of days from 1 to {MOST_DAYS}");
            return Err(de::Error::custom(why));
        }
        Ok(Self(days))
    }
}
