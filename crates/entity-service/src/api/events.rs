//! `/events`: what happened in the account, to read back.

pub(crate) mod list;

pub(crate) use list::list_events;

use actix_web::body::BoxBody;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Responder};
use events::{Envelope, Event, envelope};
use http_api::next_link;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Who made a change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActorResponse {
    /// `api`, `console`, `lead`, `import` or `system`.
    #[schema(example = "api")]
    kind: &'static str,
    /// The API token, where one was used.
    token_id: Option<String>,
}

/// An event: the envelope that webhooks of that format get, and its place.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventResponse {
    /// Its place; grows, with steps where other accounts' events are.
    seq: i64,
    /// The event's id, the same as in callbacks.
    #[schema(example = "019b7ca9-8d03-7abc-8def-0123456789ab")]
    id: String,
    /// `<component>.<action>`.
    #[serde(rename = "type")]
    #[schema(example = "order.edit")]
    event_type: &'static str,
    /// When the change was made, RFC 3339.
    #[schema(format = DateTime)]
    timestamp: String,
    /// Whose change it is.
    account_id: i64,
    /// The record's revision; null if the event is not of one record.
    revision: Option<i64>,
    /// Who made it.
    actor: ActorResponse,
    /// The record as it is read at its own address; on delete its last state.
    #[schema(value_type = Object)]
    data: Value,
    /// Former values of the changed keys; null on add and delete.
    #[schema(value_type = Option<Object>)]
    previous: Option<Value>,
}

impl EventResponse {
    fn new(seq: i64, event: &Event) -> Self {
        let Envelope {
            id,
            event_type,
            timestamp,
            account_id,
            revision,
            actor,
            data,
            previous,
        } = envelope(event);
        Self {
            seq,
            id: id.to_string(),
            event_type,
            timestamp,
            account_id: account_id.0,
            revision,
            actor: ActorResponse {
                kind: actor.kind,
                token_id: actor.token_id.map(|id| id.0),
            },
            data,
            previous,
        }
    }
}

/// A part of the feed, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventFeedResponse {
    /// In order; no event of the account is missing.
    items: Vec<EventResponse>,
    /// What to send as `after` for what is there already; null if this was all. Later events are
    /// after the last `seq` seen.
    next_cursor: Option<String>,
}

impl Responder for EventFeedResponse {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        if let Some(cursor) = &self.next_cursor {
            let link = next_link(request.path(), request.query_string(), "after", cursor);
            response.insert_header((header::LINK, link));
        }
        response.json(self)
    }
}

#[cfg(test)]
mod tests {
    use events::{AccountId, Actor, ActorKind, Change, EventId, Timestamp, TokenId, TokenRevoked};

    use super::*;

    #[test]
    fn an_item_is_the_envelope_with_its_place() {
        let now = Timestamp(1);
        let event = Event {
            id: EventId::new(now),
            account_id: AccountId(2),
            occurred_at: now,
            actor: Actor {
                kind: ActorKind::Api,
                token_id: Some(TokenId("t".to_owned())),
            },
            cause: events::Cause::default(),
            change: Change::TokenRevoked(TokenRevoked {
                token_id: TokenId("gone".to_owned()),
            }),
        };
        let item = serde_json::to_string(&EventResponse::new(9, &event)).unwrap();
        let envelope = serde_json::to_string(&envelope(&event)).unwrap();
        assert_eq!(item, envelope.replacen('{', "{\"seq\":9,", 1));
    }
}
