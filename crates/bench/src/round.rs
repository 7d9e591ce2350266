//! One round of one form: every measurement, in one order, on fresh data.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use rig::{Footprint, Product};

use crate::api::{Accepted, Api};
use crate::arrivals::{Arrivals, Noting};
use crate::form::{Backends, Form};
use crate::processor::Parts;
use crate::report::{Measure, millis, percentile};
use crate::{Options, load};

/// The rate at which latency is measured.
const STEADY_PER_SECOND: u32 = 50;

/// The number of the webhook whose callback says that all before it is through.
const MARKER: u32 = 1_000;

/// The rows that ratios refer to.
pub(crate) const ACCEPTED: &str = "changes accepted, no webhook";

/// The row of callbacks delivered to so many webhooks.
pub(crate) fn delivered(fan_out: u32) -> String {
    format!("callbacks delivered, fan-out {fan_out}")
}

/// Measures once; the measures in the order to report, and the body of a callback.
pub(crate) async fn measure(
    options: &Options,
    form: Form,
    folder: &Path,
    backends: Option<&Backends>,
) -> anyhow::Result<(Vec<Measure>, Bytes)> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    let home = form.prepare(&options.program, folder, backends).await?;
    let (product, ready) = home.start().await?;
    let mut round = Round {
        options,
        servers: match (form, backends) {
            (Form::Split { .. }, Some(backends)) => backends.processes().await?,
            _ => Vec::new(),
        },
        measures: vec![Measure::ms("first start to ready", millis(ready))],
        sample: Bytes::new(),
    };
    round.footprints(&product, "at rest")?;
    round.throughput(&product).await?;
    round.footprints(&product, "after load")?;

    let stopping = product.stop().await?;
    round.measures.push(Measure::ms("stop", millis(stopping)));
    let (product, ready) = home.start().await?;
    round
        .measures
        .push(Measure::ms("later start to ready", millis(ready)));
    product.stop().await?;
    std::fs::remove_dir_all(folder)?;
    // Only `up` keeps its log beside the folder.
    let _ = std::fs::remove_file(folder.with_extension("log"));
    Ok((round.measures, round.sample))
}

struct Round<'a> {
    options: &'a Options,
    servers: Vec<(String, u32)>,
    measures: Vec<Measure>,
    sample: Bytes,
}

impl Round<'_> {
    fn footprints(&mut self, product: &Product, when: &str) -> anyhow::Result<()> {
        for process in product.processes() {
            let footprint = Footprint::of(process.pid()?)?;
            let name = |what: &str| format!("{what} {when}: {}", process.name());
            let (kib, memory) = match when {
                "at rest" => (footprint.memory_kib, "memory"),
                _ => (footprint.peak_kib, "highest memory"),
            };
            self.measures.push(Measure::mib(&name(memory), kib));
            self.measures
                .push(Measure::count(&name("threads"), footprint.threads));
            self.measures
                .push(Measure::count(&name("connections"), footprint.connections));
        }
        Ok(())
    }

    async fn throughput(&mut self, product: &Product) -> anyhow::Result<()> {
        let receiver = Noting::start().await?;
        let addresses = product.webhooks();
        let address = addresses.first().context("nobody takes webhooks")?;
        let mut api = Api::connect(*address, product.token()).await?;
        let changes = self.options.changes;

        let url = |number| receiver.receiver().url(number);
        api.create_webhook(&url(MARKER), "task.add").await?;
        let parts = Parts::of(product, &self.servers)?;
        let before = parts.used()?;
        let flood = load::flood(product, self.options.connections, changes).await?;
        load::connect(product).await?.create_task().await?;
        receiver.wait_for_task().await?;
        let whole = flood.started.elapsed();
        let count = changes as usize;
        let used = parts.measures(&before, "a change without webhook", count, whole)?;
        let rate = per_second(count, flood.took);
        self.measures.push(Measure::per_second(ACCEPTED, rate));
        let name = "changes taken in, no webhook";
        self.measures
            .push(Measure::per_second(name, per_second(count, whole)));
        self.measures.extend(used);

        // A webhook meets changes that still wait for a worker when it is made.
        receiver.ignore_up_to(flood.highest_id);
        api.create_webhook(&url(0), "client.add").await?;
        self.latency(product, &receiver).await?;
        for (fan_out, changes) in [(1, changes), (10, changes / 5)] {
            for webhook in 1..fan_out {
                api.create_webhook(&url(webhook), "client.add").await?;
            }
            self.callbacks(product, &receiver, fan_out, changes).await?;
        }
        Ok(())
    }

    async fn latency(&mut self, product: &Product, receiver: &Noting) -> anyhow::Result<()> {
        receiver.take();
        let seconds = self.options.latency_seconds;
        let accepted = load::steady(product, STEADY_PER_SECOND, seconds).await?;
        receiver.wait_for(accepted.len()).await;
        let arrivals = receiver.take();
        check(&arrivals, accepted.len())?;
        let answered: Vec<Duration> = accepted.iter().map(|change| change.took).collect();
        let delivered = latencies(&accepted, &arrivals)?;
        for (name, times) in [
            ("API answer at 50/s", &answered),
            ("answer to callback at 50/s", &delivered),
        ] {
            for rank in [50, 99] {
                let value = millis(percentile(times, rank));
                self.measures
                    .push(Measure::ms(&format!("{name}, p{rank}"), value));
            }
        }
        self.sample = arrivals.sample;
        Ok(())
    }

    async fn callbacks(
        &mut self,
        product: &Product,
        receiver: &Noting,
        fan_out: u32,
        changes: u32,
    ) -> anyhow::Result<()> {
        receiver.take();
        let expected = (changes * fan_out) as usize;
        let parts = Parts::of(product, &self.servers)?;
        let before = parts.used()?;
        let flood = load::flood(product, self.options.connections, changes).await?;
        receiver.wait_for(expected).await;
        let arrivals = receiver.take();
        check(&arrivals, expected)?;
        let last = arrivals.first.iter().map(|(_, at)| *at).max();
        let whole = last.context("nothing was delivered")? - flood.started;
        let what = format!("a callback at fan-out {fan_out}");
        let used = parts.measures(&before, &what, expected, whole)?;
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

/// From each answer's arrival to its callback's; zero where the callback was first.
fn latencies(accepted: &[Accepted], arrivals: &Arrivals) -> anyhow::Result<Vec<Duration>> {
    let answered: HashMap<u64, Instant> = accepted
        .iter()
        .map(|change| (change.id, change.at))
        .collect();
    arrivals
        .first
        .iter()
        .map(|(client, at)| {
            let answered = answered
                .get(client)
                .with_context(|| format!("a callback is about the unknown client {client}"))?;
            Ok(at.saturating_duration_since(*answered))
        })
        .collect()
}

/// Every callback came, and none twice: without a crash there is no reason to repeat.
fn check(arrivals: &Arrivals, expected: usize) -> anyhow::Result<()> {
    let came = arrivals.first.len();
    ensure!(came == expected, "{came} of {expected} callbacks came");
    if arrivals.repeats > 0 {
        eprintln!("bench: {} callbacks came again", arrivals.repeats);
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
fn per_second(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}
