//! Measures Dealwire from outside: starts the release program as a child, talks
//! to it over loopback as integrators do, and receives its callbacks.
//!
//! Load, receiver and product share one machine, so the numbers are what one
//! small host does, not what the product does alone. The disk's own speed is
//! measured in the same run, since a change is answered only once it is on disk.

mod api;
mod disk;
mod load;
mod product;
mod receiver;
mod report;
mod round;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;

use report::Report;

/// Measures the `dealwire` program on this machine.
#[derive(Debug, Parser)]
#[command(name = "bench", version, max_term_width = 100)]
struct Options {
    /// The program to measure.
    #[arg(long, value_name = "FILE")]
    program: PathBuf,

    /// The folder for data, on the disk to measure; what a run leaves is removed.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,

    /// Rounds, each on a fresh data folder; the medians are reported.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// Changes made in each throughput measurement (a fifth of it at fan-out 10).
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..))]
    changes: u32,

    /// Connections that make changes at the same time.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    connections: u32,

    /// How long the latency is measured, at 50 changes a second.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    latency_seconds: u32,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    std::fs::create_dir_all(&options.dir)
        .with_context(|| format!("cannot use {}", options.dir.display()))?;
    let mut report = Report::default();
    for number in 1..=options.rounds {
        eprintln!("round {number} of {}", options.rounds);
        report.add(round::measure(&options, number).await?);
    }
    report.print();
    Ok(())
}
