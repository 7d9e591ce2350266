//! How fast requests may come: per source, and per source and address (WIRE 2).
//!
//! Each process counts for itself; so many replicas let so many times as much through.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::domain::source::{Limits, SourceId};

/// Addresses are counted in this many cells per source, so that no sender can make it grow without
/// end. Which two share one cannot be known from outside.
const CELLS: u64 = 65_536;

/// The counters of all sources; clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limiter {
    sources: Arc<Mutex<HashMap<SourceId, Arc<Counters>>>>,
    hasher: Arc<RandomState>,
}

#[derive(Debug)]
struct Counters {
    limits: Limits,
    all: Option<DefaultDirectRateLimiter>,
    per_address: Option<DefaultKeyedRateLimiter<u64>>,
}

impl Limiter {
    /// Counts a request to this source from this address; an error says how long to wait, in whole
    /// seconds.
    pub(crate) fn check(
        &self,
        source: SourceId,
        limits: Limits,
        address: Option<IpAddr>,
    ) -> Result<(), Duration> {
        let counters = self.counters(source, limits);
        let now = DefaultClock::default().now();
        if let (Some(per_address), Some(address)) = (&counters.per_address, address) {
            let cell = self.hasher.hash_one(network(address)) % CELLS;
            per_address
                .check_key(&cell)
                .map_err(|until| whole_seconds(until.wait_time_from(now)))?;
        }
        match &counters.all {
            Some(all) => all
                .check()
                .map_err(|until| whole_seconds(until.wait_time_from(now))),
            None => Ok(()),
        }
    }

    /// Forgets addresses that count no more; to be called now and then.
    pub(crate) fn clean(&self) {
        for counters in self.lock().values() {
            if let Some(per_address) = &counters.per_address {
                per_address.retain_recent();
                per_address.shrink_to_fit();
            }
        }
    }

    fn counters(&self, source: SourceId, limits: Limits) -> Arc<Counters> {
        let mut sources = self.lock();
        match sources.get(&source) {
            Some(known) if known.limits == limits => Arc::clone(known),
            _ => {
                let counters = Arc::new(Counters::new(limits));
                sources.insert(source, Arc::clone(&counters));
                counters
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SourceId, Arc<Counters>>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counters {
    fn new(limits: Limits) -> Self {
        let all = NonZeroU32::new(limits.per_second).map(|per_second| {
            let burst = NonZeroU32::new(limits.burst).unwrap_or(per_second);
            RateLimiter::direct(Quota::per_second(per_second).allow_burst(burst))
        });
        let per_address = NonZeroU32::new(limits.per_address_per_minute)
            .map(|per_minute| RateLimiter::keyed(Quota::per_minute(per_minute)));
        Self {
            limits,
            all,
            per_address,
        }
    }
}

/// What one sender has: an address of version 4, a /64 of version 6.
fn network(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits() >> 64 << 64,
    }
}

fn whole_seconds(wait: Duration) -> Duration {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Duration::from_secs(seconds.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: SourceId = SourceId(1);

    fn limits(per_second: u32, burst: u32, per_address_per_minute: u32) -> Limits {
        Limits {
            per_second,
            burst,
            per_address_per_minute,
        }
    }

    fn count_allowed(limiter: &Limiter, limits: Limits, address: &str, tries: u32) -> usize {
        let address = address.parse().unwrap();
        (0..tries)
            .filter(|_| limiter.check(SOURCE, limits, Some(address)).is_ok())
            .count()
    }

    #[test]
    fn a_burst_passes_and_then_the_sender_waits() {
        let limiter = Limiter::default();
        let limits = limits(1, 5, 0);
        assert_eq!(count_allowed(&limiter, limits, "192.0.2.1", 20), 5);
        assert_eq!(
            limiter.check(SOURCE, limits, None),
            Err(Duration::from_secs(1))
        );
        assert!(limiter.check(SourceId(2), limits, None).is_ok());
    }

    #[test]
    fn zero_is_no_limit() {
        let limiter = Limiter::default();
        assert_eq!(
            count_allowed(&limiter, limits(0, 0, 0), "192.0.2.1", 9_999),
            9_999
        );
    }

    #[test]
    fn addresses_do_not_count_for_each_other() {
        let limiter = Limiter::default();
        let limits = limits(0, 0, 3);
        assert_eq!(count_allowed(&limiter, limits, "192.0.2.1", 10), 3);
        assert_eq!(count_allowed(&limiter, limits, "192.0.2.2", 10), 3);
        assert_eq!(count_allowed(&limiter, limits, "2001:db8::1", 10), 3);
        // The same subscriber.
        assert_eq!(count_allowed(&limiter, limits, "2001:db8::2", 10), 0);
        let wait = limiter.check(SOURCE, limits, "192.0.2.1".parse().ok());
        assert_eq!(wait, Err(Duration::from_secs(20)));
    }

    #[test]
    fn new_settings_count_anew() {
        let limiter = Limiter::default();
        assert_eq!(count_allowed(&limiter, limits(1, 1, 0), "192.0.2.1", 5), 1);
        assert_eq!(count_allowed(&limiter, limits(1, 2, 0), "192.0.2.1", 5), 2);
    }

    #[test]
    fn cleaning_keeps_what_counts() {
        let limiter = Limiter::default();
        let limits = limits(0, 0, 3);
        assert_eq!(count_allowed(&limiter, limits, "192.0.2.1", 10), 3);
        limiter.clean();
        assert_eq!(count_allowed(&limiter, limits, "192.0.2.1", 10), 0);
    }
}
