//! Changes of records: how many are accepted, and how soon and how fast their callbacks come.

use anyhow::Context as _;
use rig::Product;

use crate::api::Api;
use crate::arrivals::{Component, Noting};
use crate::options::Options;
use crate::processor::Parts;
use crate::report::{Measure, per_second};
use crate::round::{Findings, Subject};
use crate::{latency, load};

/// The number of the webhook whose callback says that all before it is through.
const MARKER: u32 = 1_000;

/// The rows that ratios refer to.
pub(crate) const ACCEPTED: &str = "changes accepted, no webhook";

/// The row of callbacks delivered to so many webhooks.
pub(crate) fn delivered(fan_out: u32) -> String {
    format!("callbacks delivered, fan-out {fan_out}")
}

struct Phase<'a> {
    options: &'a Options,
    product: &'a Product,
    parts: Parts,
    receiver: Noting,
    measures: Vec<Measure>,
}

/// Measures on a Dealwire without webhooks.
pub(crate) async fn measure(options: &Options, subject: &Subject) -> anyhow::Result<Findings> {
    let product = &subject.product;
    let mut phase = Phase {
        options,
        product,
        parts: Parts::of(product, &subject.servers)?,
        receiver: Noting::start(Component::Client).await?,
        measures: Vec::new(),
    };
    let mut api = load::webhooks(product).await?;
    let highest_id = phase.without_webhooks(&mut api).await?;

    // A webhook meets changes that still wait for a worker when it is made.
    phase.receiver.ignore_up_to(highest_id);
    let url = |number| phase.receiver.receiver().url(number);
    api.create_webhook(&url(0), "client.add").await?;
    let latency = latency::beside_fsync(options, subject, &phase.receiver).await?;
    phase.measures.extend(latency.measures);
    for (fan_out, changes) in [(1, options.changes), (10, options.changes / 5)] {
        for webhook in 1..fan_out {
            let url = phase.receiver.receiver().url(webhook);
            api.create_webhook(&url, "client.add").await?;
        }
        phase.callbacks(fan_out, changes).await?;
    }
    Ok(Findings {
        measures: phase.measures,
        sample: latency.sample,
    })
}

impl Phase<'_> {
    /// The highest id of a client that was made.
    async fn without_webhooks(&mut self, api: &mut Api) -> anyhow::Result<u64> {
        let changes = self.options.changes;
        let marker = self.receiver.receiver().url(MARKER);
        api.create_webhook(&marker, "task.add").await?;
        let before = self.parts.used()?;
        let flood = load::flood(self.product, self.options.connections, changes).await?;
        load::records(self.product).await?.create_task().await?;
        self.receiver.wait_for_task().await?;
        let whole = flood.started.elapsed();
        let count = changes as usize;
        let what = "a change without webhook";
        let used = self.parts.measures(&before, what, count, whole)?;
        let rate = per_second(count, flood.took);
        self.measures.push(Measure::per_second(ACCEPTED, rate));
        let name = "changes taken in, no webhook";
        self.measures
            .push(Measure::per_second(name, per_second(count, whole)));
        self.measures.extend(used);
        Ok(flood.highest_id)
    }

    async fn callbacks(&mut self, fan_out: u32, changes: u32) -> anyhow::Result<()> {
        self.receiver.take();
        let expected = (changes * fan_out) as usize;
        let before = self.parts.used()?;
        let flood = load::flood(self.product, self.options.connections, changes).await?;
        self.receiver.wait_for(expected).await;
        let arrivals = self.receiver.take();
        arrivals.check(expected)?;
        let last = arrivals.first.iter().map(|(_, at)| *at).max();
        let whole = last.context("nothing was delivered")? - flood.started;
        let what = format!("a callback at fan-out {fan_out}");
        let used = self.parts.measures(&before, &what, expected, whole)?;
        let accepted = per_second(changes as usize, flood.took);
        let name = format!("changes accepted, fan-out {fan_out}");
        self.measures.push(Measure::per_second(&name, accepted));
        // From the first change to the last callback, the change's own cost included.
        let rate = per_second(expected, whole);
        self.measures
            .push(Measure::per_second(&delivered(fan_out), rate));
        self.measures.extend(used);
        Ok(())
    }
}
