//! One round: every measurement, in one order, on a fresh data folder.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::api::Accepted;
use crate::product::Product;
use crate::receiver::{Arrivals, Receiver};
use crate::report::{Measure, millis, percentile};
use crate::{Options, disk, load};

/// The rate at which latency is measured.
const STEADY_PER_SECOND: u32 = 50;

/// Measures once; name and value of each measure, in the order to report.
pub(crate) async fn measure(options: &Options, number: u32) -> anyhow::Result<Vec<Measure>> {
    let folder = options.dir.join(format!("round-{number}"));
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let mut measures = Vec::new();
    let fsync = disk::fsync_times(&options.dir)?;
    measures.push(Measure::ms("fsync p50", millis(percentile(&fsync, 50))));

    let (product, ready) = Product::start(&options.program, &folder).await?;
    measures.push(Measure::ms("first start to ready", millis(ready)));
    measures.push(Measure::mib("memory, idle", product.memory()?.now_kib));
    throughput(options, &product, &mut measures).await?;
    measures.push(Measure::mib("memory, highest", product.memory()?.peak_kib));

    measures.push(Measure::ms("stop", millis(product.stop().await?)));
    let (product, ready) = Product::start(&options.program, &folder).await?;
    measures.push(Measure::ms("later start to ready", millis(ready)));
    product.stop().await?;
    std::fs::remove_dir_all(&folder)?;
    std::fs::remove_file(folder.with_extension("log"))?;
    Ok(measures)
}

async fn throughput(
    options: &Options,
    product: &Product,
    measures: &mut Vec<Measure>,
) -> anyhow::Result<()> {
    let receiver = Receiver::start().await?;
    let mut api = product.connect().await?;

    let (_, took) = load::flood(product, options.connections, options.changes).await?;
    let rate = per_second(options.changes as usize, took);
    measures.push(Measure::per_second("changes accepted, no webhook", rate));

    api.create_webhook(&receiver.url(0)).await?;
    latency(options, product, &receiver, measures).await?;

    for (fan_out, changes) in [(1, options.changes), (10, options.changes / 5)] {
        for webhook in 1..fan_out {
            api.create_webhook(&receiver.url(webhook)).await?;
        }
        callbacks(options, product, &receiver, fan_out, changes, measures).await?;
    }
    Ok(())
}

async fn latency(
    options: &Options,
    product: &Product,
    receiver: &Receiver,
    measures: &mut Vec<Measure>,
) -> anyhow::Result<()> {
    receiver.take();
    let accepted = load::steady(product, STEADY_PER_SECOND, options.latency_seconds).await?;
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
            measures.push(Measure::ms(&format!("{name}, p{rank}"), value));
        }
    }
    Ok(())
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

async fn callbacks(
    options: &Options,
    product: &Product,
    receiver: &Receiver,
    fan_out: u32,
    changes: u32,
    measures: &mut Vec<Measure>,
) -> anyhow::Result<()> {
    receiver.take();
    let expected = (changes * fan_out) as usize;
    let (started, took) = load::flood(product, options.connections, changes).await?;
    receiver.wait_for(expected).await;
    let arrivals = receiver.take();
    check(&arrivals, expected)?;
    let last = arrivals.first.iter().map(|(_, at)| *at).max();
    let whole = last.context("nothing was delivered")? - started;
    let name = |what: &str| format!("{what}, fan-out {fan_out}");
    let accepted = per_second(changes as usize, took);
    measures.push(Measure::per_second(&name("changes accepted"), accepted));
    // From the first change to the last callback, the change's own cost included.
    let delivered = per_second(expected, whole);
    measures.push(Measure::per_second(&name("callbacks delivered"), delivered));
    Ok(())
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
