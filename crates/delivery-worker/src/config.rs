//! What an operator can set.

use std::time::Duration;

use crate::retry::USUAL_SCHEDULE;
use crate::send::SendConfig;

/// The settings of the delivery worker.
#[derive(Debug, Clone)]
pub struct DeliveryConfig {
    /// How callbacks are sent, and to whom.
    pub send: SendConfig,
    /// How many requests to one webhook may be under way at once, over all
    /// workers, where the webhook says nothing itself.
    pub webhook_concurrency: usize,
    /// How many requests this worker may have under way at once.
    pub max_in_flight: usize,
    /// The pause before each attempt, the first included; there are as many
    /// attempts as pauses.
    pub retry_schedule: Vec<Duration>,
    /// How old a delivery may get.
    pub expire_after: Duration,
    /// How long a webhook may fail without a success before it is disabled.
    pub disable_after: Duration,
    /// Whether no other process can be using the database, so that what an
    /// earlier one had claimed is free at once.
    pub alone: bool,
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self {
            send: SendConfig::default(),
            webhook_concurrency: 16,
            max_in_flight: 512,
            retry_schedule: USUAL_SCHEDULE.to_vec(),
            expire_after: 30 * DAY,
            disable_after: 5 * DAY,
            alone: false,
        }
    }
}
