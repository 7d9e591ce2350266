//! What a run measures, and how long.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::form::{Choice, Form};

/// Measures the `dealwire` program on this machine.
#[derive(Debug, Parser)]
#[command(
    name = "bench",
    version,
    max_term_width = 100,
    args_override_self = true
)]
pub(crate) struct Options {
    /// The program to measure.
    #[arg(long, value_name = "FILE")]
    pub(crate) program: PathBuf,

    /// The folder for data, on the disk to measure; what a run leaves is removed.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// The form to measure [default: both].
    #[arg(long, value_enum)]
    form: Option<Choice>,

    /// The part to measure [default: all].
    #[arg(long, value_enum)]
    only: Option<Part>,

    /// The script that runs PostgreSQL and RabbitMQ.
    #[arg(long, value_name = "FILE", default_value = "scripts/infra")]
    pub(crate) infra: PathBuf,

    /// Rounds, each on fresh data; the medians are reported.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,

    /// Changes made in each throughput measurement (a fifth of it at fan-out 10).
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..))]
    pub(crate) changes: u32,

    /// Leads posted in each throughput measurement.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..))]
    pub(crate) leads: u32,

    /// Connections that make changes, or post leads, at the same time.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) connections: u32,

    /// Deliveries that wait in the large backlog, which is held against one of 10 000.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(20_000..))]
    pub(crate) backlog: u32,

    /// How long a latency is measured: at 50 changes or leads a second, and of leads
    /// at 70 % of what was accepted at most.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    pub(crate) latency_seconds: u32,
}

/// What `--only` chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Changes of records, and their callbacks, their latency included.
    Changes,
    /// The latency of callbacks alone.
    Latency,
    /// Leads, and what becomes of them.
    Leads,
    /// What a webhook notices of others whose receivers hang.
    Stuck,
    /// What a killed worker costs.
    Crash,
    /// Memory of a worker and the time of its start, idle and with 10 000 waiting.
    Memory,
    /// How fast a small and a large backlog are delivered.
    Backlog,
}

impl Part {
    /// Those of a round, in their order.
    pub(crate) const ALL: [Self; 7] = [
        Self::Changes,
        Self::Latency,
        Self::Leads,
        Self::Stuck,
        Self::Crash,
        Self::Memory,
        Self::Backlog,
    ];

    /// Whether a form is measured: a second worker changes nothing about some parts.
    fn is_of(self, form: Form) -> bool {
        match self {
            Self::Changes | Self::Latency | Self::Crash | Self::Backlog => true,
            Self::Leads | Self::Stuck | Self::Memory => form != Form::Split { workers: 2 },
        }
    }
}

impl Options {
    pub(crate) fn forms(&self) -> impl Iterator<Item = Form> {
        let choices = match self.form {
            Some(choice) => vec![choice],
            None => vec![Choice::Up, Choice::Split],
        };
        let forms = choices
            .into_iter()
            .flat_map(|choice| choice.forms().iter().copied());
        forms.filter(|form| self.parts(*form).next().is_some())
    }

    /// What is measured in a form.
    pub(crate) fn parts(&self, form: Form) -> impl Iterator<Item = Part> {
        let only = self.only;
        Part::ALL.into_iter().filter(move |part| {
            let is_chosen = match only {
                Some(only) => only == *part,
                None => *part != Part::Latency,
            };
            is_chosen && part.is_of(form)
        })
    }

    pub(crate) fn needs_servers(&self) -> bool {
        self.form != Some(Choice::Up)
    }

    pub(crate) fn measures(&self, part: Part) -> bool {
        self.only.is_none_or(|only| only == part)
    }
}
