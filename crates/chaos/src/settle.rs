//! After the load: waits until all is quiet, then holds what is there against what was
//! promised.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::arrivals::Arrivals;
use crate::drain::{wait_for_conversions, wait_for_silence};
use crate::leads::{self, Book, Census, LeadVerdict};
use crate::ledger::Ledger;
use crate::site::Site;
use crate::verdict::Verdict;

/// What is there at the end.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) verdict: Verdict,
    pub(crate) lead_verdict: LeadVerdict,
    /// Whether `dealwire verify` agrees, and its words.
    pub(crate) verified: (bool, String),
    /// Whatever else went wrong.
    pub(crate) problems: Vec<String>,
    /// From the end of the load.
    pub(crate) drained: Duration,
}

/// Waits until all leads are converted and all callbacks have come, then judges.
pub(crate) async fn settle(
    site: &mut Site,
    ledger: &Arc<Ledger>,
    book: &Book,
    arrivals: &Arrivals,
) -> anyhow::Result<Settled> {
    let started = Instant::now();
    let mut problems = Vec::new();
    let mut leads_api = site.leads_api(0, ledger);
    if wait_for_conversions(&mut leads_api).await? {
        problems.push("leads are still not converted".to_owned());
    }
    let converted = started.elapsed();
    let census = Census::take(&mut leads_api, &mut site.records_api(0, ledger)).await?;
    let promises = book.lock().promises.clone();
    ledger.add(leads::changes(&promises, &census));
    let lead_verdict = leads::judge(&promises, &census);
    let mut webhooks_api = site.webhooks_api(ledger);
    let (verdict, is_pending) = wait_for_silence(&mut webhooks_api, ledger, arrivals).await?;
    if is_pending {
        problems.push("deliveries are still pending".to_owned());
    }
    let drained = started.elapsed();
    eprintln!(
        "chaos: all leads converted after {:.1} s, silence after {:.1} s",
        converted.as_secs_f64(),
        drained.as_secs_f64()
    );
    problems.extend(site.ended()?);
    Ok(Settled {
        verdict,
        lead_verdict,
        verified: site.verify().await?,
        problems,
        drained,
    })
}
