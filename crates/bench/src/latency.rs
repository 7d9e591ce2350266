//! How soon callbacks come at a low steady rate, and how much of that is the disk's.

use std::time::Duration;

use bytes::Bytes;
use rig::Product;

use crate::arrivals::{Component, Noting};
use crate::ceilings::fsync_times;
use crate::form::Form;
use crate::load;
use crate::options::Options;
use crate::report::{Measure, millis, percentile};
use crate::round::{Findings, Subject};

/// The rate at which latency is measured.
pub(crate) const STEADY_PER_SECOND: u32 = 50;

/// Changes before it, so that caches are filled and connections open.
pub(crate) const WARM_UP: u32 = 1_000;

/// What was seen of changes at the steady rate.
#[derive(Debug)]
pub(crate) struct Steady {
    /// From each request to its answer.
    answers: Vec<Duration>,
    /// From each answer to its callback.
    pub(crate) callbacks: Vec<Duration>,
    /// The body of a callback.
    pub(crate) sample: Bytes,
}

/// Measures on a Dealwire without webhooks.
pub(crate) async fn measure(options: &Options, subject: &Subject) -> anyhow::Result<Findings> {
    let product = &subject.product;
    let receiver = Noting::start(Component::Client).await?;
    let url = receiver.receiver().url(0);
    let mut api = load::webhooks(product).await?;
    api.create_webhook(&url, "client.add").await?;
    load::flood(product, options.connections, WARM_UP).await?;
    receiver.wait_for(WARM_UP as usize).await;
    beside_fsync(options, subject, &receiver).await
}

/// With one webhook that is there and has nothing to do.
pub(crate) async fn beside_fsync(
    options: &Options,
    subject: &Subject,
    receiver: &Noting,
) -> anyhow::Result<Findings> {
    let seconds = options.latency_seconds;
    let mut fsyncs = fsync_times(&subject.disk)?;
    let steady = steady(&subject.product, receiver, seconds).await?;
    fsyncs.extend(fsync_times(&subject.disk)?);
    let mut measures = Vec::new();
    for (name, times) in [
        ("API answer at 50/s", &steady.answers),
        ("answer to callback at 50/s", &steady.callbacks),
        ("fsync beside it", &fsyncs),
    ] {
        for rank in [50, 99] {
            let value = millis(percentile(times, rank));
            measures.push(Measure::ms(&format!("{name}, p{rank}"), value));
        }
    }
    let typical = millis(percentile(&steady.callbacks, 50));
    let fsync = millis(percentile(&fsyncs, 50));
    let beyond = typical - f64::from(fsyncs_on_the_way(subject.form)) * fsync;
    let name = "p50 beyond the fsyncs on its way (up 1, split 2)";
    measures.push(Measure::ms(name, beyond));
    Ok(Findings {
        measures,
        sample: Some(steady.sample),
    })
}

/// Makes changes that fire one webhook, and waits for their callbacks.
pub(crate) async fn steady(
    product: &Product,
    receiver: &Noting,
    seconds: u32,
) -> anyhow::Result<Steady> {
    receiver.take();
    let accepted = load::steady(product, STEADY_PER_SECOND, seconds).await?;
    receiver.wait_for(accepted.len()).await;
    let arrivals = receiver.take();
    arrivals.check(accepted.len())?;
    let by_client = accepted.iter().map(|change| (change.id, change.at));
    Ok(Steady {
        answers: accepted.iter().map(|change| change.took).collect(),
        callbacks: arrivals.latencies(&by_client.collect())?,
        sample: arrivals.sample,
    })
}

/// Writes that a callback has to wait for after its change was answered: the delivery's,
/// and the broker's where there is one.
fn fsyncs_on_the_way(form: Form) -> u32 {
    match form {
        Form::Up => 1,
        Form::Split { .. } => 2,
    }
}
