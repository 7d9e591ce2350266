//! One round: an account, its webhooks, load and faults, then the judgement.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use fastrand::Rng;
use fault_proxy::FaultProxy;
use hyper::{Method, StatusCode};
use rig::{Ask, Receiver};

use super::bound::{Doubles, doubles, is_held_back};
use super::draw::{deal, draw};
use super::fault::{Fault, Kind};
use super::field::Fields;
use super::strike::{Scene, strike};
use crate::arrivals::Arrivals;
use crate::faults::{self, RECOVERY, wait_for_recovery};
use crate::hooks::{self, Hook};
use crate::leads::Book;
use crate::ledger::Ledger;
use crate::load::Load;
use crate::logs;
use crate::options::{Form, Options};
use crate::report::{self, Report};
use crate::settle::settle;
use crate::site::Site;
use crate::verdict::recoveries;

/// How long the load goes on after the last fault.
const REST: Duration = Duration::from_secs(2);

/// In so many rounds one is of the form without servers, where both are played.
const UP_EVERY: u32 = 4;

/// A round as its seed has drawn it.
#[derive(Debug)]
pub(super) struct Round {
    number: u32,
    pub(super) form: Form,
    pub(super) faults: Vec<Fault>,
    hooks: Vec<Hook>,
}

/// Quick rounds of each form, which together have every kind of fault.
const QUICK_SPLIT: usize = 5;
const QUICK_UP: usize = 2;
pub(super) const QUICK: u32 = 7;

/// What a round finds beside the Dealwire that it is played on.
#[derive(Debug)]
pub(super) struct Ground<'a> {
    /// The database's, where it is small.
    pub(super) disk: Option<&'a Path>,
    /// The logs.
    pub(super) folder: &'a Path,
    /// What the round before had received when it was judged.
    pub(super) before: Option<&'a (Arrivals, usize)>,
}

impl Ground<'_> {
    /// Callbacks of the round before that came after it was quiet.
    fn latecomers(&self) -> Option<String> {
        let (arrivals, judged) = self.before?;
        let late = arrivals.lock().arrivals.len().saturating_sub(*judged);
        (late > 0).then(|| format!("{late} callbacks of the round before came after it was quiet"))
    }
}

/// What came of a round.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) is_well: bool,
    pub(super) took: Duration,
    drained: Duration,
    pub(super) changes: u64,
    leads: u64,
    pub(super) callbacks: usize,
    pub(super) doubles: Doubles,
    /// What was received, to see later that nothing came after it was judged.
    pub(super) arrivals: Arrivals,
    /// The slowest of each fault that was drawn, in its order.
    pub(super) recoveries: Vec<(String, Option<Duration>)>,
}

impl Round {
    /// One of the quick rounds: `QUICK_SPLIT`, then `QUICK_UP`.
    pub(super) fn quick(seed: u64, number: u32, fields: &Fields<'_>) -> Self {
        let mut rng = Rng::with_seed(seed.wrapping_add(u64::from(number) << 32));
        let hooks = hooks::draw(&mut rng);
        let place = number as usize - 1;
        let (form, place) = match place.checked_sub(QUICK_SPLIT) {
            None => (Form::Split, (place, QUICK_SPLIT)),
            Some(place) => (Form::Up, (place, QUICK_UP)),
        };
        Self {
            number,
            form,
            faults: deal(&mut rng, form, fields.means(), hooks.len(), place),
            hooks,
        }
    }

    /// Draws it; with `only`, again and again until that fault is among them.
    pub(super) fn draw(
        seed: u64,
        number: u32,
        forms: &[Form],
        fields: &Fields<'_>,
        only: Option<&str>,
    ) -> Self {
        let mut rng = Rng::with_seed(seed.wrapping_add(u64::from(number) << 32));
        let form = match forms {
            [form] => *form,
            _ if rng.u32(0..UP_EVERY) == 0 => Form::Up,
            _ => Form::Split,
        };
        let hooks = hooks::draw(&mut rng);
        let mut draw = || draw(&mut rng, form, fields.means(), hooks.len());
        let mut faults = draw();
        for _ in 0..1_000 {
            let has_it = |only: &str| faults.iter().any(|one| one.kind.family().contains(only));
            if only.is_none_or(has_it) {
                break;
            }
            faults = draw();
        }
        Self {
            number,
            form,
            faults,
            hooks,
        }
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// The rows of the summary that it counts in, each once.
    pub(super) fn families(&self) -> BTreeSet<String> {
        self.faults
            .iter()
            .map(|fault| fault.kind.family())
            .collect()
    }

    /// Plays it.
    pub(super) async fn play(
        &self,
        options: &Options,
        site: &mut Site,
        ground: &Ground<'_>,
    ) -> anyhow::Result<Outcome> {
        let started = Instant::now();
        let Ground { disk, folder, .. } = *ground;
        site.open_account(&format!("round {}", self.number)).await?;
        let (ledger, book) = (Arc::new(Ledger::default()), Arc::<Book>::default());
        let arrivals = Arrivals::of(self.hooks.clone());
        let receiving = arrivals.clone();
        let receiver = Receiver::start(move |callback| receiving.clone().answer(callback)).await?;
        let mut receivers = Vec::new();
        for _ in &self.hooks {
            receivers.push(FaultProxy::start(receiver.address()).await?);
        }
        let url = |number: u32| match receivers.get(number as usize) {
            Some(wire) => format!("http://{}/{number}", wire.address()),
            None => receiver.url(number),
        };
        let paths = site.make_webhooks(url, &arrivals, &ledger).await?;
        let source = site.make_source().await?;
        let first_seq = first_seq(site, &ledger).await?;

        let ends = self.faults.iter().map(|fault| fault.begins + fault.lasts);
        let time = ends.max().unwrap_or_default() + REST;
        let load = Load::start(options, time, site, &source, &ledger, &book);
        let mut scene = Scene {
            site,
            receivers: &receivers,
            disk,
            first_seq,
        };
        let done = strike(&self.faults, &mut scene, &book).await?;
        tokio::time::sleep(REST).await;
        wait_for_recovery(&done, &ledger, &book, &arrivals).await;
        let mut problems = load.end().await?;
        problems.extend(ground.latecomers());
        arrivals.mend();
        resume(site, &paths, &ledger).await?;

        let mut settled = settle(site, &ledger, &book, &arrivals).await?;
        problems.extend(settled.problems);
        let (log_summary, alarms) = logs::read(folder)?;
        problems.extend(alarms);
        let done = self.by_kind(done);
        let overlaps = &mut settled.verdict.overlaps;
        overlaps.retain(|overlap| !is_held_back(&done, overlap));
        let only_faults: Vec<_> = done.iter().map(|(_, fault)| fault.clone()).collect();
        let recoveries = recoveries(&only_faults, &ledger, &arrivals, &settled.verdict);
        problems.extend(report::without_recovery(&recoveries));
        let doubles = doubles(&done, &arrivals.lock(), &settled.verdict.repeats);
        problems.extend(doubles.problems(&self.hooks, |at| ledger.age_of(at).as_secs_f64()));
        let report = Report {
            form: self.form,
            took: started.elapsed(),
            verdict: &settled.verdict,
            lead_verdict: &settled.lead_verdict,
            recoveries: &recoveries,
            verified: &settled.verified,
            log_summary: &log_summary,
            problems: &problems,
        };
        let is_well = report.is_well(&ledger.lock());
        if !is_well {
            report.print(&ledger.lock(), &book.lock(), is_well);
        }
        let families = done.iter().map(|(kind, _)| kind.family());
        let fresh = recoveries.iter().map(|recovery| recovery.fresh);
        Ok(Outcome {
            is_well,
            took: started.elapsed(),
            drained: settled.drained,
            changes: ledger.accepted(),
            leads: book.accepted(),
            callbacks: settled.verdict.received,
            arrivals,
            doubles,
            recoveries: families.zip(fresh).collect(),
        })
    }

    /// What happened, each with what it was; no two have one name.
    fn by_kind(&self, done: Vec<faults::Fault>) -> Vec<(Kind, faults::Fault)> {
        let kind_of = |what: &str| {
            let mut kinds = self.faults.iter().map(|fault| fault.kind);
            kinds.find(|kind| kind.to_string() == what)
        };
        done.into_iter()
            .filter_map(|fault| Some((kind_of(&fault.what)?, fault)))
            .collect()
    }
}

/// The place in the publisher's sequence before the account's first event.
async fn first_seq(site: &Site, ledger: &Arc<Ledger>) -> anyhow::Result<i64> {
    let started = Instant::now();
    let mut records = site.records_api(0, ledger);
    // Numbers are given when events are published.
    while started.elapsed() < RECOVERY {
        let ask = Ask::get("/api/v1/events?after=0&limit=1");
        let page = records.ask(&ask).await?.answer.json()?;
        if let Some(seq) = page["items"][0]["seq"].as_i64() {
            return Ok(seq - 1);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("the account's first event was not published within {RECOVERY:?}")
}

/// Makes every webhook go on at once, as its owner does when the receiver is well again.
async fn resume(site: &Site, paths: &[String], ledger: &Arc<Ledger>) -> anyhow::Result<()> {
    let mut api = site.webhooks_api(ledger);
    for path in paths {
        let ask = Ask::new(Method::POST, format!("{path}/resume"));
        let answer = api.ask(&ask).await.context("resume")?.answer;
        ensure!(
            answer.status == StatusCode::OK,
            "{} was answered with {} {}",
            ask.path,
            answer.status,
            answer.text()
        );
    }
    Ok(())
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "round {}, {}: ", self.number, self.form.as_str())?;
        let faults: Vec<String> = self.faults.iter().map(Fault::to_string).collect();
        let hooks: Vec<String> = self.hooks.iter().map(Hook::describe).collect();
        write!(f, "{}; {}", faults.join(", "), hooks.join(", "))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Doubles { found, bound, .. } = &self.doubles;
        write!(
            f,
            "{} after {:.0} s (quiet in {:.0} s): {} changes, {} leads, {} callbacks, {found} \
             doubles of {bound} at most",
            if self.is_well { "well" } else { "NOT WELL" },
            self.took.as_secs_f64(),
            self.drained.as_secs_f64(),
            self.changes,
            self.leads,
            self.callbacks,
        )
    }
}
