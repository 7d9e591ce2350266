//! What a run breaks, and under which load.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Kills and stops Dealwire's processes and servers under load, and finds what is lost.
#[derive(Debug, Parser)]
#[command(
    name = "chaos",
    version,
    max_term_width = 100,
    args_override_self = true
)]
pub(crate) struct Options {
    /// The program to break.
    #[arg(long, value_name = "FILE")]
    pub(crate) program: PathBuf,

    /// The folder for keys and logs; removed when all is well.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// The script that runs PostgreSQL and RabbitMQ.
    #[arg(long, value_name = "FILE", default_value = "scripts/infra")]
    pub(crate) infra: PathBuf,

    /// The name of the servers; those of other names are left alone.
    #[arg(long, default_value = "chaos")]
    pub(crate) name: String,

    /// The form to break [default: split; of a burst of leads and in rounds both].
    #[arg(long, value_enum)]
    pub(crate) form: Option<Form>,

    /// Changes to make, at least, and leads for a fifth of them; the load lasts as long
    /// as the faults [default: 5000; in a round 300].
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    changes: Option<u64>,

    /// Instead of one run, so many rounds, each with faults and receivers of its own
    /// that its seed draws; without --form in both forms.
    #[arg(long, value_name = "COUNT", conflicts_with = "leads", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: Option<u32>,

    /// What the rounds are drawn from [default: chosen by chance, and printed].
    #[arg(long)]
    seed: Option<u64>,

    /// The first round, to repeat a later one of a seed.
    #[arg(long, value_name = "ROUND", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) first: u32,

    /// A folder with small disks named `postgres` and `sqlite`, to be filled in rounds.
    #[arg(long, value_name = "DIR")]
    pub(crate) disks: Option<PathBuf>,

    /// Draw only rounds with this fault among them, such as "full disk".
    #[arg(long, value_name = "FAULT", requires = "rounds")]
    pub(crate) only: Option<String>,

    /// Instead of that load, a burst of so many leads, in whose midst what takes and
    /// converts them is killed.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(100..))]
    pub(crate) leads: Option<u64>,

    /// Connections that make changes at the same time.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) writers: u16,

    /// Connections that post leads at the same time [default: 6; in a burst 32].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    senders: Option<u16>,

    /// Replicas of the entity service; the first one is harmed.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=4))]
    pub(crate) entities: u16,

    /// Replicas of the intake service; the first one is harmed.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=4))]
    pub(crate) intakes: u16,

    /// Seven rounds that together have every kind of fault: at most 3 minutes.
    #[arg(long, conflicts_with = "leads")]
    pub(crate) quick: bool,

    /// Leave servers and logs, whatever the outcome.
    #[arg(long)]
    pub(crate) keep: bool,
}

/// A form in which Dealwire runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// One process on SQLite files.
    Up,
    /// Services apart, on PostgreSQL and RabbitMQ.
    Split,
}

impl Options {
    /// Broken one after the other.
    pub(crate) fn forms(&self) -> Vec<Form> {
        match self.form {
            Some(form) => vec![form],
            None if self.leads.is_some() || self.has_rounds() => vec![Form::Split, Form::Up],
            None => vec![Form::Split],
        }
    }

    pub(crate) fn changes(&self) -> u64 {
        let usual = if self.has_rounds() { 300 } else { 5_000 };
        self.changes.unwrap_or(usual)
    }

    pub(crate) fn has_rounds(&self) -> bool {
        self.rounds.is_some() || self.quick
    }

    /// What the rounds are drawn from.
    pub(crate) fn seed(&self) -> u64 {
        self.seed.unwrap_or_else(|| fastrand::u64(..1_000_000))
    }

    pub(crate) fn senders(&self) -> u16 {
        let usual = if self.leads.is_some() { 32 } else { 6 };
        self.senders.unwrap_or(usual)
    }
}

impl Form {
    /// The name of its folder, and in reports.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Split => "split",
        }
    }
}
