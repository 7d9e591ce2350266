//! What callbacks of one webhook notice of others whose receivers keep their callers waiting.

use std::time::Duration;

use rig::Product;

use crate::arrivals::{Component, Noting};
use crate::holding::Holding;
use crate::latency::{self, Steady, WARM_UP};
use crate::load;
use crate::options::Options;
use crate::report::{Measure, millis, percentile};
use crate::round::{Findings, Subject};

/// Others than the webhook that is watched.
#[derive(Debug)]
struct Others {
    name: &'static str,
    webhooks: u32,
    /// Deliveries that are due to them when watching begins.
    calls: u32,
    /// Until they answer; never, where there is none.
    takes: Option<Duration>,
}

/// A receiver that is dead: after some calls its webhook is left alone for a while.
const DEAD: Others = Others {
    name: "1 500 calls to a dead receiver",
    webhooks: 1,
    calls: 1_500,
    takes: None,
};

/// Receivers that answer just in time, so that no webhook is ever left alone: as many
/// calls as there are slots stay under way.
const SLOW: Others = Others {
    name: "100 webhooks that take 2.5 s",
    webhooks: 100,
    // More than a worker's slots are free for in the time that is watched.
    calls: 6_000,
    takes: Some(Duration::from_millis(2_500)),
};

/// Measures on a Dealwire without webhooks.
pub(crate) async fn measure(options: &Options, subject: &Subject) -> anyhow::Result<Findings> {
    let product = &subject.product;
    let receiver = Noting::start(Component::Client).await?;
    let url = receiver.receiver().url(0);
    let mut api = load::webhooks(product).await?;
    api.create_webhook(&url, "client.add").await?;
    load::flood(product, options.connections, WARM_UP).await?;
    receiver.wait_for(WARM_UP as usize).await;

    let mut findings = Findings::default();
    let undisturbed = latency::steady(product, &receiver, options.latency_seconds).await?;
    findings.times("undisturbed", &undisturbed);
    for others in [DEAD, SLOW] {
        let (beside, most) = others.beside(options, product, &receiver).await?;
        findings.times(others.name, &beside);
        for rank in [50, 99] {
            let before = percentile(&undisturbed.callbacks, rank).as_secs_f64();
            let with = percentile(&beside.callbacks, rank).as_secs_f64();
            let name = name(others.name, &format!("p{rank} / undisturbed"));
            findings.add(Measure::new(&name, "", with / before));
        }
        let name = name(others.name, "under way");
        findings.add(Measure::count(&name, u64::try_from(most)?));
    }
    Ok(findings)
}

impl Others {
    /// Callbacks of the webhook that is watched while these are busy, and how many calls
    /// were under way to these at the same time.
    async fn beside(
        &self,
        options: &Options,
        product: &Product,
        watched: &Noting,
    ) -> anyhow::Result<(Steady, usize)> {
        let holding = Holding::start(self.takes).await?;
        let mut api = load::webhooks(product).await?;
        let mut webhooks = Vec::new();
        for number in 0..self.webhooks {
            let url = holding.url(number);
            webhooks.push(api.create_webhook(&url, "task.add").await?);
        }
        let mut records = load::records(product).await?;
        for _ in 0..self.calls / self.webhooks {
            records.create_task().await?;
        }
        holding.wait_for(self.webhooks as usize).await?;
        let steady = latency::steady(product, watched, options.latency_seconds).await?;
        let mut api = load::webhooks(product).await?;
        for webhook in webhooks {
            api.delete_webhook(webhook).await?;
        }
        Ok((steady, holding.most()))
    }
}

impl Findings {
    fn times(&mut self, beside: &str, steady: &Steady) {
        for rank in [50, 99] {
            let value = millis(percentile(&steady.callbacks, rank));
            let name = name(beside, &format!("p{rank}"));
            self.add(Measure::ms(&name, value));
        }
    }
}

/// The row of what was seen beside such others.
fn name(beside: &str, what: &str) -> String {
    format!("stuck: {beside}, {what}")
}
