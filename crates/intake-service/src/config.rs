//! What an operator can set.

use std::time::Duration;

use ipnet::IpNet;

/// The settings of the intake service.
#[derive(Debug, Clone)]
pub struct IntakeConfig {
    /// What the inbound URLs that managers are shown begin with, without a slash at the end, such as
    /// `https://in.example.com`. `None`: as the request that asks calls this service.
    pub public_url: Option<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How long a request that was dealt with is kept as it came.
    pub keep_requests: Duration,
    /// How long published events are kept.
    pub keep_events: Duration,
}

impl Default for IntakeConfig {
    fn default() -> Self {
        Self {
            public_url: None,
            trusted_proxies: Vec::new(),
            keep_requests: Duration::from_secs(30 * 24 * 60 * 60),
            keep_events: outbox::retention::USUAL_KEEP,
        }
    }
}
