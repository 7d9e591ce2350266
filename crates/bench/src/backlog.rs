//! How fast what waits is delivered, and whether that depends on how much it is.

use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::arrivals::{Arrivals, Component, Noting};
use crate::form::Home;
use crate::options::Options;
use crate::processor::Parts;
use crate::report::{Measure, millis, per_second};
use crate::round::{Findings, Subject};
use crate::waiting::Waiting;

/// What a large backlog is held against, and whose rate is looked at within one.
pub(crate) const SMALL: u32 = 10_000;

/// The row of the rate at which so many are delivered.
pub(crate) fn drained(deliveries: u32) -> String {
    format!("backlog of {deliveries}: delivered")
}

/// Measures on a Dealwire without webhooks.
pub(crate) async fn measure(
    options: &Options,
    home: &Home,
    subject: &Subject,
) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    let receiver = Noting::start(Component::Client).await?;
    let product = &subject.product;
    let waiting = Waiting::create(product, &receiver).await?;
    for deliveries in [SMALL, options.backlog] {
        let filling = Instant::now();
        waiting.fill(options, home, product, deliveries).await?;
        eprintln!("{deliveries} deliveries wait after {:?}", filling.elapsed());
        receiver.take();
        let parts = Parts::of(product, &subject.servers)?;
        let before = parts.used()?;
        let resumed = Instant::now();
        waiting.resume(product).await?;
        receiver.wait_for(deliveries as usize).await;
        let arrivals = receiver.take();
        arrivals.check(deliveries as usize)?;
        waiting.wait_until_none(product).await?;
        findings.drain(deliveries, &Drain::of(&arrivals, resumed)?);
        let what = format!("a callback of {deliveries} that waited");
        let used = parts.measures(&before, &what, deliveries as usize, resumed.elapsed())?;
        findings.measures.extend(used);
        findings.sample = Some(arrivals.sample);
        waiting.pause(product).await?;
    }
    Ok(findings)
}

impl Findings {
    fn drain(&mut self, deliveries: u32, drain: &Drain) {
        let (count, part) = (drain.times.len(), SMALL as usize);
        let rate = drain.rate(0..count);
        self.add(Measure::per_second(&drained(deliveries), rate));
        let kind = format!("backlog of {deliveries}");
        if count > part {
            for (name, range) in [("first", 0..part), ("last", count - part..count)] {
                let name = format!("{kind}: its {name} {SMALL}");
                self.add(Measure::per_second(&name, drain.rate(range)));
            }
        }
        let name = format!("{kind}: resumed to first callback");
        self.add(Measure::ms(&name, millis(drain.first)));
    }
}

/// When what waited came.
#[derive(Debug)]
struct Drain {
    times: Vec<Instant>,
    /// From when it was let go.
    first: Duration,
}

impl Drain {
    fn of(arrivals: &Arrivals, resumed: Instant) -> anyhow::Result<Self> {
        let mut times: Vec<Instant> = arrivals.first.iter().map(|(_, at)| *at).collect();
        times.sort_unstable();
        let first = times.first().context("nothing was delivered")?;
        Ok(Self {
            first: first.saturating_duration_since(resumed),
            times,
        })
    }

    /// Between the first and the last of a range of them.
    fn rate(&self, range: std::ops::Range<usize>) -> f64 {
        let times = &self.times[range];
        match (times.first(), times.last()) {
            (Some(first), Some(last)) if first < last => {
                per_second(times.len() - 1, *last - *first)
            }
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_between_the_first_and_the_last_of_its_range() {
        let start = Instant::now();
        let steady = (0..11).map(|number| Duration::from_millis(10 * number));
        let slower = (1..11).map(|number| Duration::from_millis(100 + 20 * number));
        let times = steady.chain(slower).map(|offset| start + offset);
        let drain = Drain {
            times: times.collect(),
            first: Duration::ZERO,
        };
        let rounded = |range| drain.rate(range).round().to_string();
        assert_eq!(rounded(0..11), "100");
        assert_eq!(rounded(10..21), "50");
        assert_eq!(rounded(0..1), "0");
    }
}
