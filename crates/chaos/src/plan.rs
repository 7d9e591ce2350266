//! Which faults a run has, and when.

use std::fmt;
use std::time::Duration;

use rig::Server;

use crate::ledger::Origin;
use crate::options::{Form, Options};

/// What a fault happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Victim {
    /// The one process of `up`.
    Everything,
    /// Counted from 1, as all of them.
    EntityService(usize),
    IntakeService(usize),
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
    /// Asked to end, and started again.
    Restart,
}

/// When a stage begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// When the faults before have been recovered from, and after a rest.
    Rested,
    /// When so many leads were accepted, recovered or not.
    LeadsAccepted(u64),
}

/// Faults that overlap.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    pub(crate) moment: Moment,
    pub(crate) harm: Harm,
    /// Each with its delay from the stage's start.
    pub(crate) victims: Vec<(Duration, Victim)>,
}

/// How long a victim is stopped.
pub(crate) const STOPPED: Duration = Duration::from_secs(15);

/// Between kills of one place in a burst.
const SHORTLY: Duration = Duration::from_millis(100);

/// All faults of a run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) stages: Vec<Stage>,
    /// How long the load goes on after a recovery before the next fault.
    pub(crate) rest: Duration,
    /// About how long all of it takes.
    pub(crate) time: Duration,
}

const ENTITY: Victim = Victim::EntityService(1);
const INTAKE: Victim = Victim::IntakeService(1);
const BROKER: Victim = Victim::Server(Server::RabbitMq);
const DATABASE: Victim = Victim::Server(Server::Postgres);

impl Plan {
    pub(crate) fn of(options: &Options, form: Form) -> Self {
        match (form, options.leads) {
            // A burst may be over within a second; while the intake service is down it is not,
            // so it goes on after both are back.
            (Form::Split, Some(leads)) => {
                Self::burst(leads, &[&[INTAKE], &[ENTITY, INTAKE], &[INTAKE, ENTITY]])
            }
            (Form::Up, Some(leads)) => Self::burst(leads, &[&[Victim::Everything][..]; 3]),
            (Form::Up, None) => Self::up(),
            (Form::Split, None) => Self::full(),
        }
    }

    /// Kills at even distances within so many leads, those of one place shortly after each
    /// other.
    fn burst(leads: u64, kills: &[&[Victim]]) -> Self {
        let parts = kills.len() as u64 + 1;
        let stages = (1..).zip(kills).map(|(number, victims)| Stage {
            moment: Moment::LeadsAccepted(leads * number / parts),
            harm: Harm::Kill,
            victims: (0..)
                .map(|place| SHORTLY * place)
                .zip(victims.iter().copied())
                .collect(),
        });
        Self {
            stages: stages.collect(),
            rest: Duration::ZERO,
            time: Duration::ZERO,
        }
    }

    /// The only process there is.
    fn up() -> Self {
        let harms = [Harm::Kill, Harm::Stop, Harm::Kill];
        Self {
            stages: harms.map(|harm| alone(harm, Victim::Everything)).to_vec(),
            rest: Duration::from_secs(3),
            time: Duration::from_secs(40),
        }
    }

    /// Everything twice, each for itself.
    fn full() -> Self {
        let harms = [Harm::Kill, Harm::Stop];
        let rounds = (1..=2).flat_map(|worker| harms.map(|harm| (worker, harm)));
        Self {
            stages: rounds
                .flat_map(|(worker, harm)| all(worker).map(move |victim| alone(harm, victim)))
                .collect(),
            rest: Duration::from_secs(5),
            time: Duration::from_secs(360),
        }
    }
}

fn all(worker: usize) -> impl Iterator<Item = Victim> {
    [INTAKE, ENTITY, Victim::Worker(worker), BROKER, DATABASE].into_iter()
}

fn alone(harm: Harm, victim: Victim) -> Stage {
    Stage {
        moment: Moment::Rested,
        harm,
        victims: vec![(Duration::ZERO, victim)],
    }
}

impl Victim {
    /// Whose requests tell when it is back; of any where this is none.
    pub(crate) fn serves(self) -> Option<Origin> {
        match self {
            Self::EntityService(_) => Some(Origin::Writer),
            Self::IntakeService(_) => Some(Origin::Lead),
            Self::Everything | Self::Worker(_) | Self::Server(_) => None,
        }
    }
}

impl fmt::Display for Victim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("up 1"),
            Self::EntityService(number) => write!(f, "entity-service {number}"),
            Self::IntakeService(number) => write!(f, "intake-service {number}"),
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
            Self::Restart => "restart",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_broken_in_its_midst() {
        let plan = Plan::burst(4_000, &[&[Victim::Everything][..]; 3]);
        let moments: Vec<Moment> = plan.stages.iter().map(|stage| stage.moment).collect();
        assert_eq!(moments, [1_000, 2_000, 3_000].map(Moment::LeadsAccepted));
    }
}
