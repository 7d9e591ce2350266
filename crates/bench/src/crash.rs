//! What a kill of a worker in the middle of its work costs: time and doubles.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::arrivals::{Component, Noting};
use crate::form::Home;
use crate::options::Options;
use crate::report::{Measure, millis};
use crate::round::{Findings, Subject};
use crate::waiting::Waiting;
use crate::worker::Worker;

/// Deliveries that wait and are let go.
const DELIVERIES: u32 = 10_000;

/// The kill comes when so many of them came.
const BEFORE: usize = 3_000;

/// How long the receiver takes for each, so that many are under way.
const ANSWER_TAKES: Duration = Duration::from_millis(50);

/// What a killed process had sent is read by the receiver within this, and no process
/// has started again by then.
const ECHO: Duration = Duration::from_millis(20);

/// Measures on a Dealwire without webhooks. The first worker, or the only process, is
/// killed; others go on.
pub(crate) async fn measure(
    options: &Options,
    home: &Home,
    subject: &mut Subject,
) -> anyhow::Result<Findings> {
    let product = &mut subject.product;
    let receiver = Noting::start_taking(Component::Client, ANSWER_TAKES).await?;
    let waiting = Waiting::create(product, &receiver).await?;
    waiting.fill(options, home, product, DELIVERIES).await?;
    receiver.take();
    waiting.resume(product).await?;
    receiver.wait_for(BEFORE).await;
    let under_way = receiver.under_way();
    let killed = Instant::now();
    let mut worker = Worker::of(product)?;
    worker.process.kill().await?;
    let gone = Instant::now();
    worker.start().await?;
    let ready = killed.elapsed();
    receiver.wait_for(DELIVERIES as usize).await;
    waiting.wait_until_none(product).await?;
    let recorded = killed.elapsed();

    let arrivals = receiver.take();
    let came = arrivals.first.len();
    ensure!(
        came == DELIVERIES as usize,
        "{came} of {DELIVERIES} callbacks came after a kill"
    );
    let new = arrivals.first.iter().map(|(_, at)| *at);
    let last = new.clone().max().context("nothing was delivered")?;
    let all = new.chain(arrivals.repeats.iter().copied());
    let next = all.filter(|at| *at > gone + ECHO).min();
    let next = next.context("nothing came after the kill")?;
    let mut findings = Findings::default();
    for (name, took) in [
        ("ready again", ready),
        ("next callback", next - killed),
        (
            "every callback has come",
            last.saturating_duration_since(killed),
        ),
        ("all are recorded", recorded),
    ] {
        let name = format!("kill -9: until {name}");
        findings.add(Measure::ms(&name, millis(took)));
    }
    for (name, count) in [
        ("under way at the receiver", under_way),
        ("came twice", arrivals.repeats.len()),
    ] {
        let name = format!("kill -9: {name}");
        findings.add(Measure::count(&name, u64::try_from(count)?));
    }
    Ok(findings)
}
