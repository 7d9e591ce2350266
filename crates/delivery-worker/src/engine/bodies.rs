//! Events kept in memory for deliveries that wait, within a bound.
//!
//! Most deliveries start right after their event was taken in, so its decoded
//! form is at hand. Over the bound a delivery waits as an id, and its event is
//! read again when it starts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use events::Event;

/// How many encoded bytes may be held.
#[derive(Debug, Clone)]
pub(crate) struct BodyBudget {
    limit: usize,
    held: Arc<AtomicUsize>,
}

/// An event that counts against the budget until the last clone is gone.
#[derive(Debug, Clone)]
pub(crate) struct HeldEvent {
    inner: Arc<Counted>,
}

#[derive(Debug)]
struct Counted {
    event: Event,
    bytes: usize,
    held: Arc<AtomicUsize>,
}

impl BodyBudget {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            held: Arc::default(),
        }
    }

    /// Counts an event of this encoded size.
    pub(crate) fn hold(&self, event: Event, bytes: usize) -> HeldEvent {
        self.held.fetch_add(bytes, Ordering::Relaxed);
        HeldEvent {
            inner: Arc::new(Counted {
                event,
                bytes,
                held: Arc::clone(&self.held),
            }),
        }
    }

    /// Whether events may be kept for deliveries that wait.
    pub(crate) fn has_room(&self) -> bool {
        self.held.load(Ordering::Relaxed) < self.limit
    }
}

impl std::ops::Deref for HeldEvent {
    type Target = Event;

    fn deref(&self) -> &Event {
        &self.inner.event
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use events::{AccountId, Actor, ActorKind, Change, EventId, Timestamp, TokenId, TokenRevoked};

    use super::*;

    #[test]
    fn an_event_counts_until_its_last_clone_is_gone() {
        let budget = BodyBudget::new(100);
        let event = Event {
            id: EventId::new(Timestamp(0)),
            account_id: AccountId(1),
            occurred_at: Timestamp(0),
            actor: Actor {
                kind: ActorKind::System,
                token_id: None,
            },
            cause: events::Cause::default(),
            change: Change::TokenRevoked(TokenRevoked {
                token_id: TokenId("t".to_owned()),
            }),
        };
        let held = budget.hold(event, 150);
        let clone = held.clone();
        assert!(!budget.has_room());
        drop(held);
        assert!(!budget.has_room());
        drop(clone);
        assert!(budget.has_room());
    }
}
