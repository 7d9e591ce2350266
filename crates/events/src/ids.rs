//! Ids are newtypes: an order's id cannot be passed where a task's is meant.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::{NoContext, Uuid};

use crate::Timestamp;

macro_rules! integer_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

integer_id! {
    /// One customer of the installation; every row belongs to one.
    AccountId,
    /// An order (deal).
    OrderId,
    /// A task.
    TaskId,
    /// A client of the account.
    ClientId,
    /// A sales pipeline.
    PipelineId,
    /// A step of a pipeline.
    StageId,
    /// An entry of any directory (category, origin, status, type, office, city).
    DirectoryEntryId,
    /// The definition of an extra client field.
    CustomFieldId,
    /// A lead.
    LeadId,
    /// A webhook or a trigger; ids are of one sequence.
    WebhookId,
}

/// A UUIDv7: ordered by time of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(pub Uuid);

impl EventId {
    /// A new id whose leading bits are the milliseconds of `now`.
    pub fn new(now: Timestamp) -> Self {
        let micros = u64::try_from(now.0).unwrap_or(0);
        let nanos = u32::try_from(micros % 1_000_000 * 1_000).unwrap_or(0);
        let moment = uuid::Timestamp::from_unix(NoContext, micros / 1_000_000, nanos);
        Self(Uuid::new_v7(moment))
    }

    /// From the 16 bytes that databases and messages carry; `None` if there are
    /// more or fewer.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Uuid::from_slice(bytes).ok().map(Self)
    }

    /// The 16 bytes that databases and messages carry.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// `jti` of an API token.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenId(pub String);

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_id_begins_with_its_milliseconds() {
        let id = EventId::new(Timestamp(1_767_323_045_123_456));
        assert_eq!(id.0.get_version_num(), 7);
        // 1 767 323 045 123 ms in hexadecimal.
        assert_eq!(id.as_bytes()[..6], [0x01, 0x9b, 0x7c, 0xa9, 0x8d, 0x03]);
    }

    #[test]
    fn event_ids_are_unique_and_survive_bytes() {
        let now = Timestamp(1);
        let id = EventId::new(now);
        assert_ne!(id, EventId::new(now));
        assert_eq!(EventId::from_bytes(id.as_bytes()), Some(id));
        assert_eq!(EventId::from_bytes(&id.as_bytes()[1..]), None);
        assert_eq!(EventId::from_bytes(&[]), None);
    }
}
