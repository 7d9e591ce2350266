//! Which lanes may send: what opens and closes them.

use super::Lanes;
use crate::domain::webhook::WebhookId;

/// Whether a lane may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Yes.
    Open,
    /// One request at a time over all workers, each when what became of the
    /// last one is on record.
    HalfOpen,
    /// Not before a time.
    ClosedUntil {
        /// Before this one.
        until_us: i64,
        /// Whether it is half open then, and not open.
        half_open: bool,
    },
    /// Not until somebody opens it.
    Closed,
}

impl Gate {
    /// The gate at a time, if nothing happens until then.
    fn at(self, now_us: i64) -> Self {
        match self {
            Self::ClosedUntil {
                until_us,
                half_open,
            } if until_us <= now_us => match half_open {
                true => Self::HalfOpen,
                false => Self::Open,
            },
            gate => gate,
        }
    }

    /// Whether anything may be sent now.
    pub(super) fn lets_through(self) -> bool {
        matches!(self, Self::Open | Self::HalfOpen)
    }

    /// Whether a circuit breaker has a hand in it.
    fn is_of_breaker(self) -> bool {
        match self {
            Self::HalfOpen => true,
            Self::ClosedUntil { half_open, .. } => half_open,
            Self::Open | Self::Closed => false,
        }
    }
}

impl<J> Lanes<J> {
    /// Opens or closes a lane. What a closed lane had queued comes back, for
    /// its claims to be given up.
    pub(crate) fn set_gate(&mut self, webhook: WebhookId, gate: Gate, now_us: i64) -> Vec<J> {
        let gate = gate.at(now_us);
        let Some(lane) = self.lanes.get_mut(&webhook) else {
            return Vec::new();
        };
        if lane.gate == gate {
            return Vec::new();
        }
        if let Gate::ClosedUntil { until_us, .. } = lane.gate {
            self.opening.remove(&(until_us, webhook));
        }
        self.with_open_breaker -= usize::from(lane.gate.is_of_breaker());
        self.with_open_breaker += usize::from(gate.is_of_breaker());
        lane.gate = gate;
        if let Gate::ClosedUntil { until_us, .. } = gate {
            self.opening.insert((until_us, webhook));
        }
        self.divide(webhook, now_us)
    }

    /// Closes a lane that lets something through, as an answer asked for that is not on
    /// record yet: nothing starts meanwhile. It opens by itself at that time, or by the
    /// record. What it had queued comes back.
    pub(crate) fn hold(&mut self, webhook: WebhookId, until_us: i64, now_us: i64) -> Vec<J> {
        let half_open = match self.lanes.get(&webhook).map(|lane| lane.gate) {
            Some(Gate::Open) => false,
            Some(Gate::HalfOpen) => true,
            _ => return Vec::new(),
        };
        let gate = Gate::ClosedUntil {
            until_us,
            half_open,
        };
        self.set_gate(webhook, gate, now_us)
    }

    /// Opens the lanes whose time has come.
    pub(crate) fn tick(&mut self, now_us: i64) {
        while let Some(&(until_us, webhook)) = self.opening.first() {
            if until_us > now_us {
                break;
            }
            self.opening.pop_first();
            if let Some(lane) = self.lanes.get_mut(&webhook) {
                lane.gate = lane.gate.at(now_us);
            }
            // A closed lane has nothing queued that could come back.
            self.divide(webhook, now_us);
        }
    }

    /// Whether a state of a lane is not older than one that was seen here; it
    /// counts as seen then. Readings may come in after later ones.
    pub(crate) fn is_news(&mut self, webhook: WebhookId, revision: i64) -> bool {
        let Some(lane) = self.lanes.get_mut(&webhook) else {
            return true;
        };
        if revision < lane.revision {
            return false;
        }
        lane.revision = revision;
        true
    }

    /// Whether nothing holds a lane up, its own rate included.
    pub(crate) fn flows_freely(&self, webhook: WebhookId) -> bool {
        self.lanes
            .get(&webhook)
            .is_some_and(|lane| lane.gate == Gate::Open && lane.terms.rate_per_second.is_none())
    }

    /// Whether a lane is open, and not only half.
    #[cfg(test)]
    pub(super) fn is_open(&self, webhook: WebhookId) -> bool {
        self.lanes
            .get(&webhook)
            .is_some_and(|lane| lane.gate == Gate::Open)
    }

    /// How many lanes have a circuit breaker that is open or half open.
    pub(crate) fn with_open_breaker(&self) -> usize {
        self.with_open_breaker
    }
}
