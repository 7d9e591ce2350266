//! Leads: how many are taken and how soon, and when each has its client and its order.
//!
//! Every step has a source of its own, so that its leads can be listed apart, and
//! begins when the leads of the one before are converted.

mod conversions;
mod flood;
mod paced;
mod person;
mod target;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rig::{Product, Source};

use crate::arrivals::{Component, Noting};
use crate::form::Home;
use crate::latency::STEADY_PER_SECOND;
use crate::load;
use crate::options::Options;
use crate::processor::Parts;
use crate::report::{Measure, millis, per_second, percentile};
use crate::round::Subject;

use conversions::Conversions;

pub(crate) use flood::{Flood, flood};
pub(crate) use person::{People, Phones, lead};
pub(crate) use target::Target;

/// The rows that ratios refer to.
pub(crate) const ACCEPTED: &str = "leads accepted";
pub(crate) const ACCEPTED_INBOX: &str = "leads accepted, inbox";

/// The part of the highest rate at which latency is measured as well (issue: 70 %).
const OF_PEAK: f64 = 0.7;

/// Connections that share a low steady rate.
const STEADY_CONNECTIONS: u32 = 8;

/// Leads in the warm-up.
const WARM_UP: u32 = 1_000;

/// A way to post as many leads as are taken.
#[derive(Debug)]
struct Burst {
    name: &'static str,
    /// What processor time is of.
    each: &'static str,
    phones: Phones,
    fate: Fate,
}

const AT_ONCE: Burst = Burst {
    name: ACCEPTED,
    each: "a lead",
    phones: Phones::Own,
    fate: Fate::Converted,
};

const KNOWN: Burst = Burst {
    name: "leads accepted, 10 % known phones",
    each: "a lead of these",
    phones: Phones::SomeKnown,
    fate: Fate::Converted,
};

const INBOX: Burst = Burst {
    name: ACCEPTED_INBOX,
    each: "a lead in the inbox",
    phones: Phones::Own,
    fate: Fate::Inbox,
};

struct Phase<'a> {
    options: &'a Options,
    product: &'a Product,
    parts: Parts,
    people: Arc<People>,
    measures: Vec<Measure>,
}

/// What becomes of a source's leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Converted,
    Inbox,
}

/// Measures on a Dealwire without webhooks.
pub(crate) async fn measure(
    options: &Options,
    home: &Home,
    subject: &Subject,
) -> anyhow::Result<Vec<Measure>> {
    let product = &subject.product;
    let mut phase = Phase {
        options,
        product,
        parts: Parts::of(product, &subject.servers)?,
        people: Arc::default(),
        measures: Vec::new(),
    };
    phase.warm_up().await?;
    home.analyze().await?;
    let peak = phase.peak(&AT_ONCE, options.leads).await?;
    phase.peak(&KNOWN, options.leads / 2).await?;
    phase.peak(&INBOX, options.leads / 2).await?;
    phase.below_peak(peak).await?;
    phase.callbacks().await?;
    Ok(phase.measures)
}

impl Phase<'_> {
    async fn warm_up(&self) -> anyhow::Result<()> {
        let (target, conversions) = self.source("warm-up", Fate::Converted).await?;
        let connections = self.options.connections;
        let flood = flood(&target, connections, WARM_UP, &self.people, Phones::Own).await?;
        let count = WARM_UP as usize;
        conversions.wait(flood.highest_id, count).await?;
        Ok(())
    }

    /// As many as are taken; the rate.
    async fn peak(&mut self, burst: &Burst, leads: u32) -> anyhow::Result<f64> {
        let Burst {
            name, each, phones, ..
        } = *burst;
        let (target, conversions) = self.source(name, burst.fate).await?;
        let before = self.parts.used()?;
        let connections = self.options.connections;
        let flood = flood(&target, connections, leads, &self.people, phones).await?;
        let count = leads as usize;
        let rate = per_second(count, flood.took);
        self.measures.push(Measure::per_second(name, rate));
        self.times(&format!("answer: {name}"), &flood.answers);
        let mut until = flood.took;
        if burst.fate == Fate::Converted {
            until = conversions.wait(flood.highest_id, count).await? - flood.started;
            let rate = per_second(count, until);
            let name = format!("converted: {name}");
            self.measures.push(Measure::per_second(&name, rate));
        }
        let used = self.parts.measures(&before, each, count, until)?;
        self.measures.extend(used);
        if burst.fate == Fate::Converted {
            conversions.orders(count).await?;
        }
        Ok(rate)
    }

    /// At a part of the highest rate, whatever the answers take.
    async fn below_peak(&mut self, peak: f64) -> anyhow::Result<()> {
        let name = "leads at 70 % of the most";
        let (target, conversions) = self.source(name, Fate::Converted).await?;
        let pace = paced::Pace {
            connections: self.options.connections,
            per_second: peak * OF_PEAK,
            seconds: self.options.latency_seconds,
        };
        let posted = paced::post(&target, pace, &self.people).await?;
        let lasted = paced::lasted(&posted);
        let rate = per_second(posted.len(), lasted);
        self.measures.push(Measure::per_second(name, rate));
        let answers: Vec<Duration> = posted.iter().map(|one| one.took).collect();
        self.times(&format!("answer, from when due: {name}"), &answers);
        let last = posted.iter().map(|one| one.lead).max();
        conversions
            .wait(last.unwrap_or_default(), posted.len())
            .await?;
        conversions.orders(posted.len()).await?;
        Ok(())
    }

    /// From the answer to the callback about the order.
    async fn callbacks(&mut self) -> anyhow::Result<()> {
        let name = format!("leads at {STEADY_PER_SECOND}/s");
        let (target, conversions) = self.source(&name, Fate::Converted).await?;
        let receiver = Noting::start(Component::Order).await?;
        // A webhook meets events that still wait for a worker when it is made.
        receiver.ignore_up_to(conversions.highest_order().await?);
        let mut api = load::webhooks(self.product).await?;
        let url = receiver.receiver().url(0);
        api.create_webhook(&url, "order.add").await?;
        let pace = paced::Pace {
            connections: STEADY_CONNECTIONS,
            per_second: f64::from(STEADY_PER_SECOND),
            seconds: self.options.latency_seconds,
        };
        let posted = paced::post(&target, pace, &self.people).await?;
        receiver.wait_for(posted.len()).await;
        let arrivals = receiver.take();
        arrivals.check(posted.len())?;
        let orders = conversions.orders(posted.len()).await?;
        let answered: HashMap<u64, Instant> = posted.iter().map(|one| (one.lead, one.at)).collect();
        let mut by_order = HashMap::new();
        for (order, lead) in orders {
            let at = answered.get(&lead).context("a lead that was not posted")?;
            by_order.insert(order, *at);
        }
        let answers: Vec<Duration> = posted.iter().map(|one| one.took).collect();
        self.times(&format!("answer: {name}"), &answers);
        let callbacks = arrivals.latencies(&by_order)?;
        self.times(&format!("201 to order.add callback: {name}"), &callbacks);
        Ok(())
    }

    async fn source(&self, name: &str, fate: Fate) -> anyhow::Result<(Target, Conversions)> {
        let addresses = self.product.leads();
        let address = *addresses.first().context("nobody takes leads")?;
        let token = self.product.token();
        let source = match fate {
            Fate::Converted => Source::create(address, token, name).await?,
            Fate::Inbox => Source::create_inbox(address, token, name).await?,
        };
        let target = Target::new(address, source.path());
        let conversions = Conversions::of(self.product, source.id())?;
        Ok((target, conversions))
    }

    fn times(&mut self, name: &str, times: &[Duration]) {
        for rank in [50, 99] {
            let value = millis(percentile(times, rank));
            self.measures
                .push(Measure::ms(&format!("{name}, p{rank}"), value));
        }
    }
}
