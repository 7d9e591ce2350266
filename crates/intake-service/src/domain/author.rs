//! Who changes something, and the events that tell of it.

use events::{AccountId, Actor, ActorKind, Cause, Change, Event, EventId, Timestamp, TokenId};
use http_api::{Caller, CorrelationId};

/// Who changes something by the API, when, and because of which request.
#[derive(Debug, Clone)]
pub(crate) struct Author {
    pub(crate) account_id: AccountId,
    token_id: TokenId,
    cause: Cause,
    /// The moment that all of the change bears.
    pub(crate) now: Timestamp,
}

impl Author {
    /// A caller of the API.
    pub(crate) fn api(caller: &Caller, correlation_id: &CorrelationId, now: Timestamp) -> Self {
        Self {
            account_id: AccountId(caller.account_id),
            token_id: TokenId(caller.token_id.clone()),
            cause: Cause {
                correlation_id: correlation_id.to_string(),
                traceparent: correlation_id.traceparent().into(),
            },
            now,
        }
    }

    /// The event of `change`.
    pub(crate) fn event(&self, change: Change) -> Event {
        Event {
            id: EventId::new(self.now),
            account_id: self.account_id,
            occurred_at: self.now,
            actor: Actor {
                kind: ActorKind::Api,
                token_id: Some(self.token_id.clone()),
            },
            cause: self.cause.clone(),
            change,
        }
    }
}
