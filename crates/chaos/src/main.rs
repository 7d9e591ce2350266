//! Breaks Dealwire while it works, and counts what is lost: processes and servers
//! are killed and stopped under a load of changes, then every change that was
//! answered with 2xx has to have reached every webhook that asked for it.
//!
//! What is expected comes from the writers' own record of answers, never from the
//! product's databases.

mod arrivals;
mod callback;
mod faults;
mod hooks;
mod insistent;
mod ledger;
mod logs;
mod pacer;
mod plan;
mod report;
mod run;
mod site;
mod verdict;
mod writer;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use rig::Infra;
use tokio::signal::unix::{SignalKind, signal};

/// Kills and stops Dealwire's processes and servers under load, and finds what is lost.
#[derive(Debug, Parser)]
#[command(
    name = "chaos",
    version,
    max_term_width = 100,
    args_override_self = true
)]
struct Options {
    /// The program to break.
    #[arg(long, value_name = "FILE")]
    program: PathBuf,

    /// The folder for keys and logs; removed when all is well.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,

    /// The script that runs PostgreSQL and RabbitMQ.
    #[arg(long, value_name = "FILE", default_value = "scripts/infra")]
    infra: PathBuf,

    /// The name of the servers; those of other names are left alone.
    #[arg(long, default_value = "chaos")]
    name: String,

    /// Changes to make, at least; the load lasts as long as the faults.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(1..))]
    changes: u64,

    /// Connections that make changes at the same time.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..))]
    writers: u16,

    /// Replicas of the entity service; the first one is harmed.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=4))]
    entities: u16,

    /// Every fault once and stops two at a time: at most 3 minutes.
    #[arg(long)]
    quick: bool,

    /// Leave servers and logs, whatever the outcome.
    #[arg(long)]
    keep: bool,
}

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
    let infra = Infra::new(&options.infra, &options.name);
    let mut terminate = signal(SignalKind::terminate())?;
    let outcome = tokio::select! {
        outcome = run::run(options, &infra) => outcome,
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
    if matches!(outcome, Ok(true)) {
        std::fs::remove_dir_all(&options.dir)?;
    } else {
        logs::keep_server_logs(&infra, &options.dir).await;
        eprintln!("chaos: logs are in {}", options.dir.display());
    }
    infra.remove().await?;
    outcome
}
