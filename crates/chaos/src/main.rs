//! Breaks Dealwire while it works, and counts what is lost: processes and servers
//! are killed and stopped under a load of changes and leads. Then every change that was
//! answered with 2xx has to have reached every webhook that asked for it, and every lead
//! has to have its client and its one order, and those to have reached the webhooks too.
//!
//! What is expected comes from the record of answers that writers and senders kept,
//! never from the product's databases.

mod arrivals;
mod callback;
mod drain;
mod faults;
mod hooks;
mod insistent;
mod leads;
mod ledger;
mod load;
mod logs;
mod options;
mod pacer;
mod plan;
mod report;
mod rounds;
mod run;
mod settle;
mod site;
mod verdict;
mod writer;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use rig::Infra;
use tokio::signal::unix::{SignalKind, signal};

use options::{Form, Options};

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    match supervise(&options).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("chaos: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs, and cleans up whatever ends the run.
async fn supervise(options: &Options) -> anyhow::Result<bool> {
    anyhow::ensure!(
        options.program.is_file(),
        "there is no program {}",
        options.program.display()
    );
    if options.dir.exists() {
        std::fs::remove_dir_all(&options.dir)?;
    }
    std::fs::create_dir_all(&options.dir)
        .with_context(|| format!("cannot use {}", options.dir.display()))?;
    let mut infra = Infra::new(&options.infra, &options.name);
    if let Some(disks) = &options.disks {
        infra = infra.with_database_in(&disks.join("postgres"));
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let outcome = tokio::select! {
        outcome = run_all(options, &infra) => outcome,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
        _ = terminate.recv() => Err(anyhow::anyhow!("interrupted")),
    };
    if options.keep {
        eprintln!(
            "chaos: logs are in {}; the servers still run",
            options.dir.display()
        );
        return outcome;
    }
    let has_servers = options.forms().contains(&Form::Split);
    if matches!(outcome, Ok(true)) {
        std::fs::remove_dir_all(&options.dir)?;
    } else {
        if has_servers {
            logs::keep_server_logs(&infra, &options.dir).await;
        }
        eprintln!("chaos: logs are in {}", options.dir.display());
    }
    if has_servers {
        infra.remove().await?;
    }
    outcome
}

/// One form after the other; whether all is well with each.
async fn run_all(options: &Options, infra: &Infra) -> anyhow::Result<bool> {
    if options.has_rounds() {
        return rounds::run(options, infra).await;
    }
    let mut is_well = true;
    for form in options.forms() {
        is_well &= run::run(options, form, infra).await?;
    }
    Ok(is_well)
}
