//! Measures Dealwire from outside: starts the release program as child processes,
//! talks to it over loopback as integrators do, and receives its callbacks.
//!
//! Load, receiver, product and servers share one machine, so the numbers are what
//! one small host does, not what the product does alone. What the machine does
//! without Dealwire is measured in the same run.

mod api;
mod arrivals;
mod backlog;
mod ceilings;
mod changes;
mod crash;
mod form;
mod holding;
mod latency;
mod leads;
mod load;
mod memory;
mod options;
mod processor;
mod report;
mod round;
mod stuck;
mod under_way;
mod waiting;
mod worker;

use anyhow::Context as _;
use clap::Parser as _;
use rig::Infra;

use form::Backends;
use options::Options;
use report::{CEILINGS, Report};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    std::fs::create_dir_all(&options.dir)
        .with_context(|| format!("cannot use {}", options.dir.display()))?;
    let infra = options
        .needs_servers()
        .then(|| Infra::new(&options.infra, "bench"));
    let measured = tokio::select! {
        measured = measure(&options, infra.as_ref()) => measured,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    if let Some(infra) = infra {
        infra.remove().await?;
    }
    measured?.print(&ceilings::ratios(options.backlog));
    Ok(())
}

async fn measure(options: &Options, infra: Option<&Infra>) -> anyhow::Result<Report> {
    let backends = match infra {
        Some(infra) => Some(Backends::start(infra.clone()).await?),
        None => None,
    };
    let mut report = Report::default();
    for number in 1..=options.rounds {
        let mut sample = None;
        for form in options.forms() {
            eprintln!("round {number} of {}, {}", options.rounds, form.title());
            let round = round::measure(options, form, backends.as_ref()).await?;
            report.add(form.title(), round.measures);
            sample = round.sample.or(sample);
        }
        eprintln!("round {number} of {}, ceilings", options.rounds);
        let ceilings = ceilings::measure(options, backends.as_ref(), sample.as_ref()).await?;
        report.add(CEILINGS, ceilings);
        report.end_round();
    }
    Ok(report)
}
