//! Which faults a run has, and when.

use std::fmt;
use std::time::Duration;

use rig::Server;

/// What a fault happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Victim {
    EntityService,
    /// Counted from 1.
    Worker(usize),
    Server(Server),
}

/// What happens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Harm {
    /// SIGKILL, and started again at once.
    Kill,
    /// SIGSTOP, and after a while SIGCONT.
    Stop,
}

/// Faults that overlap: the next ones wait until all have been recovered from.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    pub(crate) harm: Harm,
    /// Each with its delay from the stage's start.
    pub(crate) victims: Vec<(Duration, Victim)>,
}

/// How long a victim is stopped.
pub(crate) const STOPPED: Duration = Duration::from_secs(15);

/// All faults of a run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) stages: Vec<Stage>,
    /// How long the load goes on after a recovery before the next fault.
    pub(crate) rest: Duration,
    /// About how long all of it takes.
    pub(crate) time: Duration,
}

const BROKER: Victim = Victim::Server(Server::RabbitMq);
const DATABASE: Victim = Victim::Server(Server::Postgres);

impl Plan {
    /// Everything once, stops two at a time.
    pub(crate) fn quick() -> Self {
        let mut stages: Vec<Stage> = all(1).map(|victim| alone(Harm::Kill, victim)).collect();
        for (first, second) in [
            (Victim::Worker(2), BROKER),
            (Victim::EntityService, DATABASE),
        ] {
            stages.push(Stage {
                harm: Harm::Stop,
                victims: vec![(Duration::ZERO, first), (Duration::from_secs(5), second)],
            });
        }
        Self {
            stages,
            rest: Duration::from_secs(2),
            time: Duration::from_secs(110),
        }
    }

    /// Everything twice, each for itself.
    pub(crate) fn full() -> Self {
        let harms = [Harm::Kill, Harm::Stop];
        let rounds = (1..=2).flat_map(|worker| harms.map(|harm| (worker, harm)));
        Self {
            stages: rounds
                .flat_map(|(worker, harm)| all(worker).map(move |victim| alone(harm, victim)))
                .collect(),
            rest: Duration::from_secs(5),
            time: Duration::from_secs(300),
        }
    }
}

fn all(worker: usize) -> impl Iterator<Item = Victim> {
    [
        Victim::EntityService,
        Victim::Worker(worker),
        BROKER,
        DATABASE,
    ]
    .into_iter()
}

fn alone(harm: Harm, victim: Victim) -> Stage {
    Stage {
        harm,
        victims: vec![(Duration::ZERO, victim)],
    }
}

impl fmt::Display for Victim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EntityService => f.write_str("entity-service 1"),
            Self::Worker(number) => write!(f, "delivery-worker {number}"),
            Self::Server(server) => server.fmt(f),
        }
    }
}

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kill => "kill -9",
            Self::Stop => "stop",
        })
    }
}
