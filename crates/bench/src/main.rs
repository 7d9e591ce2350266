//! Measures Dealwire from outside: starts the release program as child processes,
//! talks to it over loopback as integrators do, and receives its callbacks.
//!
//! Load, receiver, product and servers share one machine, so the numbers are what
//! one small host does, not what the product does alone. What the machine does
//! without Dealwire is measured in the same run.

mod api;
mod arrivals;
mod ceilings;
mod form;
mod load;
mod processor;
mod report;
mod round;

use std::path::PathBuf;

use anyhow::Context as _;
use bytes::Bytes;
use clap::Parser;
use rig::Infra;

use form::{Backends, Choice, Form};
use report::{CEILINGS, Ratio, Report};

/// Measures the `dealwire` program on this machine.
#[derive(Debug, Parser)]
#[command(
    name = "bench",
    version,
    max_term_width = 100,
    args_override_self = true
)]
struct Options {
    /// The program to measure.
    #[arg(long, value_name = "FILE")]
    program: PathBuf,

    /// The folder for data, on the disk to measure; what a run leaves is removed.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,

    /// The form to measure [default: both].
    #[arg(long, value_enum)]
    form: Option<Choice>,

    /// The script that runs PostgreSQL and RabbitMQ.
    #[arg(long, value_name = "FILE", default_value = "scripts/infra")]
    infra: PathBuf,

    /// Rounds, each on fresh data; the medians are reported.
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
    measured?.print(&ratios());
    Ok(())
}

async fn measure(options: &Options, infra: Option<&Infra>) -> anyhow::Result<Report> {
    let backends = match infra {
        Some(infra) => Some(Backends::start(infra.clone()).await?),
        None => None,
    };
    let mut report = Report::default();
    for number in 1..=options.rounds {
        let mut body = Bytes::new();
        for form in options.forms() {
            eprintln!("round {number} of {}, {}", options.rounds, form.title());
            let folder = options.dir.join("data");
            let (measures, sample) =
                round::measure(options, form, &folder, backends.as_ref()).await?;
            report.add(form.title(), measures);
            body = sample;
        }
        eprintln!("round {number} of {}, ceilings", options.rounds);
        let ceilings = ceilings::measure(options, backends.as_ref(), &body).await?;
        report.add(CEILINGS, ceilings);
        report.end_round();
    }
    Ok(report)
}

fn ratios() -> Vec<Ratio> {
    let ratio = |row: &str, ceiling: &str| Ratio {
        name: format!("{row} / {ceiling}"),
        row: row.to_owned(),
        ceiling: (CEILINGS, ceiling.to_owned()),
    };
    let mut ratios = vec![
        ratio(round::ACCEPTED, ceilings::INSERTS),
        ratio(round::ACCEPTED, ceilings::PUBLISHED),
    ];
    for (fan_out, connections) in [1, 10].into_iter().zip(ceilings::CONNECTIONS) {
        let row = round::delivered(fan_out);
        ratios.push(ratio(&row, &ceilings::posts(connections)));
    }
    ratios
}

impl Options {
    fn choices(&self) -> Vec<Choice> {
        match self.form {
            Some(choice) => vec![choice],
            None => vec![Choice::Up, Choice::Split],
        }
    }

    fn forms(&self) -> impl Iterator<Item = Form> {
        let choices = self.choices().into_iter();
        choices.flat_map(|choice| choice.forms().iter().copied())
    }

    fn needs_servers(&self) -> bool {
        self.choices().contains(&Choice::Split)
    }
}
