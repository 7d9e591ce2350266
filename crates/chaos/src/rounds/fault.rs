//! What a round may suffer.

use std::fmt;
use std::time::Duration;

use rig::Server;

use crate::ledger::Origin;
use crate::plan::{Harm, Victim};

/// A fault with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    /// From the begin of the load.
    pub(crate) begins: Duration,
    pub(crate) lasts: Duration,
}

/// What happens, and to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// To a process or a server.
    Harm(Harm, Victim),
    /// Connections are reset and no new ones taken.
    Cut(Wire),
    /// Nothing gets through, and connections stay open.
    Stall(Wire),
    /// The database's disk has no room left.
    FullDisk,
    /// A worker's clock is wrong by so many seconds.
    WrongClock(usize, i32),
    /// The broker loses a queue, the one of that number among all.
    LostQueue(usize),
    /// The broker loses all its data.
    LostBroker,
}

/// A connection that can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    /// From its clients to a process.
    Clients(Victim),
    /// From a process to its database.
    Database(Victim),
    /// From a process to the broker.
    Broker(Victim),
    /// From the workers to the receiver of a webhook.
    Receiver(u32),
}

impl Kind {
    /// What is struck; two faults of one round never strike the same.
    pub(crate) fn subject(self) -> String {
        match self {
            Self::Harm(_, victim) => victim.to_string(),
            Self::Cut(wire) | Self::Stall(wire) => wire.to_string(),
            Self::FullDisk => Victim::Server(Server::Postgres).to_string(),
            Self::WrongClock(worker, _) => Victim::Worker(worker).to_string(),
            Self::LostQueue(_) | Self::LostBroker => Victim::Server(Server::RabbitMq).to_string(),
        }
    }

    /// Its row in the summary: numbers of replicas and webhooks left out.
    pub(crate) fn family(self) -> String {
        let of = |victim: Victim| match victim.to_string().split_once(' ') {
            Some((service, _number)) => service.to_owned(),
            None => victim.to_string(),
        };
        let wire = |wire: Wire| match wire {
            Wire::Clients(victim) => format!("clients–{}", of(victim)),
            Wire::Database(victim) => format!("{}–postgres", of(victim)),
            Wire::Broker(victim) => format!("{}–rabbitmq", of(victim)),
            Wire::Receiver(_) => "workers–receiver".to_owned(),
        };
        match self {
            Self::Harm(harm, victim) => format!("{harm} {}", of(victim)),
            Self::Cut(broken) => format!("cut {}", wire(broken)),
            Self::Stall(broken) => format!("stall {}", wire(broken)),
            Self::FullDisk => "full disk".to_owned(),
            Self::WrongClock(..) => "wrong clock".to_owned(),
            Self::LostQueue(_) => "lost queue".to_owned(),
            Self::LostBroker => "lost broker".to_owned(),
        }
    }

    /// Whose requests tell when all is back; of any where this is none.
    pub(crate) fn serves(self) -> Option<Origin> {
        match self {
            Self::Harm(_, victim)
            | Self::Cut(Wire::Clients(victim))
            | Self::Stall(Wire::Clients(victim)) => victim.serves(),
            _ => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (begins, lasts) = (self.begins.as_secs_f64(), self.lasts.as_secs_f64());
        write!(f, "{} at {begins:.1} s for {lasts:.1} s", self.kind)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Harm(harm, victim) => write!(f, "{harm} {victim}"),
            Self::Cut(wire) => write!(f, "cut {wire}"),
            Self::Stall(wire) => write!(f, "stall {wire}"),
            Self::FullDisk => f.write_str("full disk"),
            Self::WrongClock(worker, seconds) => {
                write!(f, "clock {seconds:+} s delivery-worker {worker}")
            }
            Self::LostQueue(number) => write!(f, "lost queue {number}"),
            Self::LostBroker => f.write_str("lost broker"),
        }
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clients(victim) => write!(f, "clients–{victim}"),
            Self::Database(victim) => write!(f, "{victim}–postgres"),
            Self::Broker(victim) => write!(f, "{victim}–rabbitmq"),
            Self::Receiver(number) => write!(f, "workers–receiver {number}"),
        }
    }
}
