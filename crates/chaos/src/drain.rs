//! Waits, after the load, until nothing is on its way any more.

use std::time::{Duration, Instant};

use rig::Ask;

use crate::arrivals::Arrivals;
use crate::insistent::Insistent;
use crate::leads::are_converting;
use crate::ledger::Ledger;
use crate::verdict::{Verdict, judge};

/// Without a new callback for so long, what is missing will not come: longer than
/// the longest pause of the retry schedule and a worker's lease together.
const SILENCE: Duration = Duration::from_secs(30);

/// How long the rest may take to be converted or delivered at all.
const DRAINED: Duration = Duration::from_secs(180);

const INTERVAL: Duration = Duration::from_millis(500);

/// Waits until no lead is on its way, or that takes too long; whether one still is.
pub(crate) async fn wait_for_conversions(leads: &mut Insistent) -> anyhow::Result<bool> {
    let started = Instant::now();
    while are_converting(leads).await? {
        if started.elapsed() > DRAINED {
            return Ok(true);
        }
        tokio::time::sleep(INTERVAL).await;
    }
    Ok(false)
}

/// Waits until all has come and nothing is owed, or nothing comes any more; whether
/// something still is.
pub(crate) async fn wait_for_silence(
    webhooks: &mut Insistent,
    ledger: &Ledger,
    arrivals: &Arrivals,
) -> anyhow::Result<(Verdict, bool)> {
    let started = Instant::now();
    let (mut received, mut since) = (0, Instant::now());
    loop {
        let verdict = judge(ledger, arrivals);
        let ask = Ask::get("/api/v1/deliveries?state=pending&limit=1");
        let page = webhooks.ask(&ask).await?.answer.json()?;
        let is_pending = page["items"]
            .as_array()
            .is_none_or(|items| !items.is_empty());
        if verdict.received != received {
            (received, since) = (verdict.received, Instant::now());
        }
        let is_over = verdict.lost.is_empty() && !is_pending;
        if is_over || since.elapsed() > SILENCE || started.elapsed() > DRAINED {
            return Ok((verdict, is_pending));
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
