//! Carries the plan out, one stage after the other, while the load goes on.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::arrivals::Arrivals;
use crate::ledger::Ledger;
use crate::plan::{Harm, Plan, STOPPED, Stage, Victim};
use crate::site::Site;

/// How long what was killed is left dead.
const DEAD: Duration = Duration::from_secs(1);

/// How long a recovery may take; a slower one is a finding.
pub(crate) const RECOVERY: Duration = Duration::from_secs(60);

/// A fault that happened.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) what: String,
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
    arrivals: &Arrivals,
) -> anyhow::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for stage in &plan.stages {
        tokio::time::sleep(plan.rest).await;
        let done = run_stage(stage, site).await?;
        if let Some(last) = done.iter().map(|fault| fault.back).max() {
            wait_for_recovery(last, ledger, arrivals).await;
        }
        for fault in &done {
            let [hit, back] = [fault.hit, fault.back].map(|at| ledger.age_of(at).as_secs_f64());
            let accepted = ledger.accepted();
            eprintln!(
                "chaos: {} from {hit:.1} s to {back:.1} s, {accepted} changes",
                fault.what
            );
        }
        faults.extend(done);
    }
    tokio::time::sleep(plan.rest).await;
    Ok(faults)
}

async fn run_stage(stage: &Stage, site: &mut Site) -> anyhow::Result<Vec<Fault>> {
    let lasts = match stage.harm {
        Harm::Kill => DEAD,
        Harm::Stop => STOPPED,
    };
    let mut moments: Vec<(Duration, Victim, bool)> = Vec::new();
    for (delay, victim) in &stage.victims {
        moments.push((*delay, *victim, true));
        moments.push((*delay + lasts, *victim, false));
    }
    moments.sort_by_key(|(when, ..)| *when);
    let start = tokio::time::Instant::now();
    let mut begun: Vec<(Victim, Instant)> = Vec::new();
    let mut faults = Vec::new();
    for (when, victim, begins) in moments {
        tokio::time::sleep_until(start + when).await;
        if begins {
            begun.push((victim, Instant::now()));
            site.harm(stage.harm, victim).await?;
        } else {
            let back = site.bring_back(stage.harm, victim).await?;
            let hit = begun.iter().find(|(begun, _)| *begun == victim);
            faults.push(Fault {
                what: format!("{} {victim}", stage.harm),
                hit: hit.map_or(back, |(_, hit)| *hit),
                back,
            });
        }
    }
    Ok(faults)
}

/// Waits until a change of afterwards was delivered, or for as long as that may take.
async fn wait_for_recovery(back: Instant, ledger: &Ledger, arrivals: &Arrivals) {
    while first_fresh(back, ledger, arrivals).is_none() && back.elapsed() < RECOVERY {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// When the first callback came about a change that was accepted after `back`.
pub(crate) fn first_fresh(back: Instant, ledger: &Ledger, arrivals: &Arrivals) -> Option<Instant> {
    let seen = ledger.lock();
    let fresh = seen
        .changes
        .iter()
        .rev()
        .take_while(|change| change.at > back);
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
