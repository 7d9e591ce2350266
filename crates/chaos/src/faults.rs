//! Carries the plan out, one stage after the other, while the load goes on.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::arrivals::Arrivals;
use crate::leads::Book;
use crate::ledger::{Ledger, Origin};
use crate::plan::{Harm, Moment, Plan, STOPPED, Stage, Victim};
use crate::site::Site;

/// How long what was killed is left dead.
const DEAD: Duration = Duration::from_secs(1);

/// How long a recovery may take; a slower one is a finding.
pub(crate) const RECOVERY: Duration = Duration::from_secs(60);

/// A fault that happened.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) what: String,
    /// Whose requests tell when its victim is back; of any where this is none.
    pub(crate) serves: Option<Origin>,
    /// Leads accepted when it began.
    pub(crate) leads: u64,
    /// When it began.
    pub(crate) hit: Instant,
    /// When the process was started or resumed, or its server listened again.
    pub(crate) back: Instant,
}

/// Does all that the plan says.
pub(crate) async fn run(
    plan: &Plan,
    site: &mut Site,
    ledger: &Ledger,
    book: &Book,
    arrivals: &Arrivals,
) -> anyhow::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for stage in &plan.stages {
        match stage.moment {
            Moment::Rested => tokio::time::sleep(plan.rest).await,
            Moment::LeadsAccepted(leads) => wait_for_leads(leads, book).await,
        }
        let done = run_stage(stage, site, book).await?;
        if stage.moment == Moment::Rested {
            wait_for_recovery(&done, ledger, book, arrivals).await;
        }
        for fault in &done {
            let [hit, back] = [fault.hit, fault.back].map(|at| ledger.age_of(at).as_secs_f64());
            let (changes, leads) = (ledger.accepted(), fault.leads);
            eprintln!(
                "chaos: {} from {hit:.1} s to {back:.1} s, {changes} changes, {leads} leads before",
                fault.what
            );
        }
        faults.extend(done);
    }
    tokio::time::sleep(plan.rest).await;
    Ok(faults)
}

/// Faults that came when a burst of `leads` was over already: they broke nothing.
pub(crate) fn too_late(faults: &[Fault], leads: Option<u64>) -> Vec<String> {
    let late = faults.iter().filter(|fault| Some(fault.leads) >= leads);
    let late = late.filter(|_| leads.is_some());
    late.map(|fault| format!("{} came after the burst", fault.what))
        .collect()
}

async fn run_stage(stage: &Stage, site: &mut Site, book: &Book) -> anyhow::Result<Vec<Fault>> {
    let lasts = match stage.harm {
        Harm::Kill | Harm::Restart => DEAD,
        Harm::Stop => STOPPED,
    };
    let mut moments: Vec<(Duration, Victim, bool)> = Vec::new();
    for (delay, victim) in &stage.victims {
        moments.push((*delay, *victim, true));
        moments.push((*delay + lasts, *victim, false));
    }
    moments.sort_by_key(|(when, ..)| *when);
    let start = tokio::time::Instant::now();
    let mut begun: Vec<(Victim, Instant, u64)> = Vec::new();
    let mut faults = Vec::new();
    for (when, victim, begins) in moments {
        tokio::time::sleep_until(start + when).await;
        if begins {
            begun.push((victim, Instant::now(), book.accepted()));
            site.harm(stage.harm, victim).await?;
        } else {
            let back = site.bring_back(stage.harm, victim).await?;
            let hit = begun.iter().find(|(begun, ..)| *begun == victim);
            let (_, hit, leads) = hit.copied().unwrap_or((victim, back, 0));
            faults.push(Fault {
                what: format!("{} {victim}", stage.harm),
                // A burst has no other requests than leads.
                serves: victim.serves().filter(|_| stage.moment == Moment::Rested),
                leads,
                hit,
                back,
            });
        }
    }
    Ok(faults)
}

/// Waits until so many leads were accepted, or that takes too long.
async fn wait_for_leads(leads: u64, book: &Book) {
    let started = Instant::now();
    while book.accepted() < leads && started.elapsed() < RECOVERY {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Waits until what was asked of all victims afterwards went through, or for as long
/// as that may take.
pub(crate) async fn wait_for_recovery(
    done: &[Fault],
    ledger: &Ledger,
    book: &Book,
    arrivals: &Arrivals,
) {
    let Some(back) = done.iter().map(|fault| fault.back).max() else {
        return;
    };
    // The callbacks of leads are known when all is over.
    let is_over =
        || book.has_accepted_since(back) && first_fresh(back, None, ledger, arrivals).is_some();
    while !is_over() && back.elapsed() < RECOVERY {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// When the first callback came about a change that was accepted after `back`, of one
/// origin or of any.
pub(crate) fn first_fresh(
    back: Instant,
    origin: Option<Origin>,
    ledger: &Ledger,
    arrivals: &Arrivals,
) -> Option<Instant> {
    let seen = ledger.lock();
    let fresh = seen
        .changes
        .iter()
        .rev()
        .take_while(|change| change.at > back)
        .filter(|change| origin.is_none_or(|origin| change.origin == origin));
    let fresh: HashSet<_> = fresh.map(|change| change.key).collect();
    drop(seen);
    let seen = arrivals.lock();
    let after = seen
        .arrivals
        .iter()
        .rev()
        .take_while(|arrival| arrival.at > back);
    let about_fresh = after.filter(|arrival| arrival.key.is_some_and(|key| fresh.contains(&key)));
    about_fresh.map(|arrival| arrival.at).min()
}
