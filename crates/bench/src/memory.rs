//! What the process that delivers takes, idle and with deliveries that wait, and how soon
//! it is ready after its start.

use std::time::Duration;

use rig::{Footprint, Product};

use crate::holding::Holding;
use crate::load;
use crate::options::Options;
use crate::report::{Measure, millis, percentile};
use crate::round::{Findings, Subject};
use crate::waiting;
use crate::worker::Worker;

/// Deliveries to a receiver that never answers.
const WAITING: u32 = 10_000;

/// What a process does by itself after its start is over by then.
const SETTLED: Duration = Duration::from_secs(2);

/// Starts that are timed; the median counts.
const STARTS: usize = 3;

/// Measures on a Dealwire without webhooks.
pub(crate) async fn measure(options: &Options, subject: &mut Subject) -> anyhow::Result<Findings> {
    let product = &mut subject.product;
    let mut findings = Findings::default();
    findings.starts(product, "nothing waiting").await?;
    tokio::time::sleep(SETTLED).await;
    findings.takes(product, "idle")?;

    let holding = Holding::start(None).await?;
    let mut api = load::webhooks(product).await?;
    let webhook = api.create_webhook(&holding.url(0), "client.add").await?;
    load::flood(product, options.connections, WAITING).await?;
    waiting::wait(product, webhook, WAITING.into()).await?;
    findings.takes(product, "10 000 waiting")?;
    findings.starts(product, "10 000 waiting").await?;
    tokio::time::sleep(SETTLED).await;
    findings.takes(product, "started with them")?;
    Ok(findings)
}

impl Findings {
    /// Resident memory, its part that is the process's own, and the most so far.
    fn takes(&mut self, product: &mut Product, when: &str) -> anyhow::Result<()> {
        let footprint = Footprint::of(Worker::of(product)?.process.pid()?)?;
        for (what, kib) in [
            ("RSS", footprint.memory_kib),
            ("PSS", footprint.proportional_kib),
            ("highest RSS", footprint.peak_kib),
        ] {
            self.add(Measure::mib(&format!("worker: {when}, {what}"), kib));
        }
        Ok(())
    }

    /// Stops and starts the process alone, all others running.
    async fn starts(&mut self, product: &mut Product, when: &str) -> anyhow::Result<()> {
        let mut worker = Worker::of(product)?;
        let mut times = Vec::new();
        for _ in 0..STARTS {
            worker.process.end().await?;
            times.push(worker.start().await?);
        }
        let name = format!("worker: start to ready, {when}");
        self.add(Measure::ms(&name, millis(percentile(&times, 50))));
        Ok(())
    }
}
