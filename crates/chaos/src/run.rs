//! One run: start, load and faults, silence, judgement.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rig::{Ask, Infra, Receiver};
use tokio::task::JoinSet;

use crate::arrivals::Arrivals;
use crate::insistent::Insistent;
use crate::ledger::Ledger;
use crate::pacer::Pacer;
use crate::plan::Plan;
use crate::site::Site;
use crate::verdict::{Verdict, judge, recoveries};
use crate::writer::Writer;
use crate::{Options, faults, logs, report};

/// Without a new callback for so long, what is missing will not come: longer than
/// the longest pause of the retry schedule and a worker's lease together.
const SILENCE: Duration = Duration::from_secs(30);

/// How long the rest may take to be delivered at all.
const DRAINED: Duration = Duration::from_secs(180);

/// Runs once; whether all is well.
pub(crate) async fn run(options: &Options, infra: &Infra) -> anyhow::Result<bool> {
    let started = Instant::now();
    infra.start().await?;
    let entities = usize::from(options.entities);
    let site = Site::open(infra.clone(), &options.program, &options.dir, entities);
    let mut site = site.await?;
    let (ledger, arrivals) = (Arc::new(Ledger::default()), Arrivals::default());
    let receiving = arrivals.clone();
    let receiver = Receiver::start(move |callback| receiving.clone().answer(callback)).await?;
    site.make_webhooks(receiver, &arrivals, &ledger).await?;
    eprintln!(
        "chaos: all is up after {:.1} s",
        started.elapsed().as_secs_f64()
    );

    let plan = if options.quick {
        Plan::quick()
    } else {
        Plan::full()
    };
    let pacer = Arc::new(Pacer::new(options.changes, plan.time));
    let mut writers = JoinSet::new();
    for number in 1..=options.writers {
        let writer = Writer {
            name: format!("w{number}"),
            api: site.records_api(usize::from(number), &ledger),
            ledger: Arc::clone(&ledger),
            pacer: Arc::clone(&pacer),
            requests: 0,
        };
        writers.spawn(writer.run());
    }
    let faults = faults::run(&plan, &mut site, &ledger, &arrivals).await?;
    pacer.end_of_faults();
    let mut problems = Vec::new();
    while let Some(ended) = writers.join_next().await {
        if let Err(error) = ended? {
            problems.push(format!("a writer gave up: {error:#}"));
        }
    }
    let drained = Instant::now();
    let mut api = site.webhooks_api(&ledger);
    let (verdict, is_pending) = wait_for_silence(&mut api, &ledger, &arrivals).await?;
    if is_pending {
        problems.push("deliveries are still pending".to_owned());
    }
    eprintln!(
        "chaos: silence after {:.1} s",
        drained.elapsed().as_secs_f64()
    );

    problems.extend(site.ended()?);
    let (verified, words) = site.verify().await?;
    problems.extend(site.stop().await);
    let (log_summary, alarms) = logs::read(&options.dir)?;
    problems.extend(alarms);

    let recoveries = recoveries(&faults, &ledger, &arrivals, &verdict);
    problems.extend(report::without_recovery(&recoveries));
    let seen = ledger.lock();
    report::print(started.elapsed(), &seen, &verdict, &recoveries);
    println!("\n{}", log_summary.join("\n"));
    println!(
        "\ndealwire verify ({}):\n{words}",
        if verified { "agrees" } else { "DISAGREES" }
    );
    for problem in &problems {
        println!("problem: {problem}");
    }
    let is_well =
        verified && verdict.is_clean() && seen.wrong_answers.is_empty() && problems.is_empty();
    println!(
        "\nchaos: {}",
        if is_well {
            "nothing was lost"
        } else {
            "NOT WELL"
        }
    );
    Ok(is_well)
}

/// Waits until all has come and nothing is owed, or nothing comes any more.
async fn wait_for_silence(
    api: &mut Insistent,
    ledger: &Ledger,
    arrivals: &Arrivals,
) -> anyhow::Result<(Verdict, bool)> {
    let started = Instant::now();
    let (mut received, mut since) = (0, Instant::now());
    loop {
        let verdict = judge(ledger, arrivals);
        let ask = Ask::get("/api/v1/deliveries?state=pending&limit=1");
        let page = api.ask(&ask).await?.answer.json()?;
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
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
