//! One run: start, load and faults, silence, judgement.

use std::sync::Arc;
use std::time::Instant;

use rig::{Infra, Receiver};

use crate::arrivals::Arrivals;
use crate::hooks::usual;
use crate::leads::Book;
use crate::ledger::Ledger;
use crate::load::Load;
use crate::options::{Form, Options};
use crate::plan::Plan;
use crate::report::{self, Report};
use crate::settle::{Settled, settle};
use crate::site::Site;
use crate::verdict::recoveries;
use crate::{faults, logs};

/// Runs once; whether all is well.
pub(crate) async fn run(options: &Options, form: Form, infra: &Infra) -> anyhow::Result<bool> {
    let started = Instant::now();
    let folder = options.dir.join(form.as_str());
    std::fs::create_dir_all(&folder)?;
    let mut site = match form {
        Form::Up => Site::up(options, &folder).await?,
        Form::Split => Site::split(infra.clone(), options, &folder).await?,
    };
    let (ledger, book) = (Arc::new(Ledger::default()), Arc::<Book>::default());
    let arrivals = Arrivals::of(usual());
    let receiving = arrivals.clone();
    let receiver = Receiver::start(move |callback| receiving.clone().answer(callback)).await?;
    let url = |number| receiver.url(number);
    site.make_webhooks(url, &arrivals, &ledger).await?;
    site.let_queues_settle().await;
    let source = site.make_source().await?;
    let name = form.as_str();
    eprintln!(
        "chaos: {name} is up after {:.1} s",
        started.elapsed().as_secs_f64()
    );

    let plan = Plan::of(options, form);
    let load = Load::start(options, plan.time, &site, &source, &ledger, &book);
    let faults = faults::run(&plan, &mut site, &ledger, &book, &arrivals).await?;
    let mut problems = faults::too_late(&faults, options.leads);
    problems.extend(load.end().await?);

    let settled = settle(&mut site, &ledger, &book, &arrivals).await?;
    let Settled {
        verdict,
        lead_verdict,
        verified,
        ..
    } = settled;
    problems.extend(settled.problems);
    problems.extend(site.stop().await);
    let (log_summary, alarms) = logs::read(&folder)?;
    problems.extend(alarms);
    let recoveries = recoveries(&faults, &ledger, &arrivals, &verdict);
    problems.extend(report::without_recovery(&recoveries));
    let report = Report {
        form,
        took: started.elapsed(),
        verdict: &verdict,
        lead_verdict: &lead_verdict,
        recoveries: &recoveries,
        verified: &verified,
        log_summary: &log_summary,
        problems: &problems,
    };
    let is_well = report.is_well(&ledger.lock());
    report.print(&ledger.lock(), &book.lock(), is_well);
    Ok(is_well)
}
