//! What an operator can set.

use std::time::Duration;

use serde::Deserialize;

/// The settings of the entity service.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EntityConfig {
    /// Whether this process carries the events of the outbox to the broker; on unless another
    /// process of the same database does.
    pub relay: RelaySwitch,
    /// How long published events are kept: the feed.
    pub keep_events: Duration,
}

impl Default for EntityConfig {
    fn default() -> Self {
        Self {
            relay: RelaySwitch::default(),
            keep_events: outbox::retention::USUAL_KEEP,
        }
    }
}

/// Whether a part of the service runs in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelaySwitch {
    /// It runs here.
    #[default]
    On,
    /// It runs elsewhere.
    Off,
}
