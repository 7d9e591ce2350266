//! Who makes a change, and the events that tell of it.

use database::{Connection, DatabaseError};
use events::{AccountId, Actor, ActorKind, Cause, Change, Event, EventId, Timestamp, TokenId};

/// Who makes a change, when, and because of which request.
#[derive(Debug, Clone)]
pub(crate) struct Author {
    /// Whose records.
    pub account_id: AccountId,
    /// The way it came.
    pub actor: Actor,
    /// The request that it is made for.
    pub cause: Cause,
    /// The moment that all of the change bears.
    pub now: Timestamp,
}

impl Author {
    /// A caller of the API.
    pub(crate) fn api(
        account_id: AccountId,
        token_id: TokenId,
        cause: Cause,
        now: Timestamp,
    ) -> Self {
        Self {
            account_id,
            actor: Actor {
                kind: ActorKind::Api,
                token_id: Some(token_id),
            },
            cause,
            now,
        }
    }

    /// Dealwire itself.
    pub(crate) fn system(account_id: AccountId, now: Timestamp) -> Self {
        Self {
            account_id,
            actor: Actor {
                kind: ActorKind::System,
                token_id: None,
            },
            cause: Cause::default(),
            now,
        }
    }

    /// A lead that is converted.
    pub(crate) fn lead(account_id: AccountId, cause: Cause, now: Timestamp) -> Self {
        Self {
            account_id,
            actor: Actor {
                kind: ActorKind::Lead,
                token_id: None,
            },
            cause,
            now,
        }
    }

    /// The event of `change`.
    pub(crate) fn event(&self, change: Change) -> Event {
        Event {
            id: EventId::new(self.now),
            account_id: self.account_id,
            occurred_at: self.now,
            actor: self.actor.clone(),
            cause: self.cause.clone(),
            change,
        }
    }

    /// Adds the event of `change` to the outbox, in the transaction open on `conn`.
    pub(crate) fn append(
        &self,
        conn: &mut Connection<'_>,
        change: Change,
    ) -> Result<(), DatabaseError> {
        outbox::append(conn, &self.event(change))
    }
}
