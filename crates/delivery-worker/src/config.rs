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
    /// How long a webhook that wants changes in order waits for a revision that
    /// has not arrived, from the arrival of the next one.
    pub gap_wait: Duration,
    /// When a webhook that keeps failing is left alone for a while.
    pub breaker: BreakerConfig,
    /// How long deliveries are kept with their attempts and bodies, by the age of their event;
    /// those that are pending stay until they are over.
    pub keep_deliveries: Duration,
    /// How long events are kept: what comes again after that is taken for new. At least as long
    /// as publishers keep theirs, and as deliveries are kept.
    pub keep_events: Duration,
    /// Whether no other process can be using the database, so that what an
    /// earlier one had claimed is free at once.
    pub alone: bool,
}

/// When a webhook's circuit breaker opens, and for how long (DESIGN 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerConfig {
    /// After so many failures in a row; at least 1.
    pub failures: u32,
    /// How long it is open the first time. Twice as long each time that it
    /// opens again without a success.
    pub first_pause: Duration,
    /// How long it is open at most.
    pub longest_pause: Duration,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            failures: 10,
            first_pause: Duration::from_secs(30),
            longest_pause: Duration::from_secs(5 * 60),
        }
    }
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
            gap_wait: Duration::from_secs(10 * 60),
            breaker: BreakerConfig::default(),
            keep_deliveries: 30 * DAY,
            keep_events: 31 * DAY,
            alone: false,
        }
    }
}
