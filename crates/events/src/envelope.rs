//! The envelope: an event as JSON, for webhooks of that format and for the feed.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::rest::{
    client_body, client_value, order_body, order_value, pipeline_body, task_body, task_value,
};
use crate::{AccountId, Actor, Change, Event, EventId, TokenId};

/// An event as integrators see it (WIRE 1, "envelope"). The order of the fields
/// is that of the JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Envelope {
    /// The event's id, by which a receiver knows a repeat.
    pub id: EventId,
    /// `<component>.<action>`, such as `order.edit`.
    #[serde(rename = "type")]
    pub event_type: &'static str,
    /// When the change was made, RFC 3339.
    pub timestamp: String,
    /// Whose change it is.
    pub account_id: AccountId,
    /// The record's revision; null if the event is not of one record.
    pub revision: Option<i64>,
    /// Who made the change.
    pub actor: EnvelopeActor,
    /// The record's REST body after the change; on delete the last one.
    pub data: Value,
    /// The former values of the changed keys; null on add and delete.
    pub previous: Option<Value>,
}

/// Who made a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EnvelopeActor {
    /// `api`, `console`, `lead`, `import` or `system`.
    pub kind: &'static str,
    /// The API token, where one was used.
    pub token_id: Option<TokenId>,
}

/// What an integrator sees of `event`.
///
/// Records come with their REST body. Events that are not of a record name ids
/// only: `lead.conversion_requested` is `{"id_lead"}`, without the person's name
/// and contacts; `lead.converted` is `{"id_lead", "id_client", "id_order",
/// "warnings"}`; `token.revoked` is `{"token_id"}`; `person.erased` is `{}`;
/// `webhook.disabled` is `{"id", "name", "kind", "reason", "disabled_at"}`.
pub fn envelope(event: &Event) -> Envelope {
    Envelope {
        id: event.id,
        event_type: event.change.event_type(),
        timestamp: event.occurred_at.to_rfc3339(),
        account_id: event.account_id,
        revision: event.change.revision(),
        actor: EnvelopeActor::of(&event.actor),
        data: data(&event.change),
        previous: previous(&event.change),
    }
}

impl EnvelopeActor {
    fn of(actor: &Actor) -> Self {
        Self {
            kind: actor.kind.as_str(),
            token_id: actor.token_id.clone(),
        }
    }
}

fn data(change: &Change) -> Value {
    match change {
        Change::Order(change) => order_body(&change.order, change.revision),
        Change::Task(change) => task_body(&change.task, change.revision),
        Change::TasksOfOrderDeleted(change) => {
            json!({"id_order": change.order_id, "count": change.tasks.len()})
        }
        Change::Client(change) => client_body(&change.client, change.revision),
        Change::Pipeline(change) => pipeline_body(&change.pipeline, change.revision),
        Change::LeadConversionRequested(change) => json!({"id_lead": change.lead_id}),
        Change::LeadConverted(change) => json!({
            "id_lead": change.lead_id,
            "id_client": change.client_id,
            "id_order": change.order_id,
            "warnings": change.warnings,
        }),
        Change::TokenRevoked(change) => json!({"token_id": change.token_id}),
        Change::PersonErased(_) => json!({}),
        Change::WebhookDisabled(change) => json!({
            "id": change.webhook_id,
            "name": change.name,
            "kind": change.kind.as_str(),
            "reason": change.reason.as_str(),
            "disabled_at": change.disabled_at.to_rfc3339(),
        }),
    }
}

fn previous(change: &Change) -> Option<Value> {
    match change {
        Change::Order(change) => {
            let before = change.previous.as_ref()?;
            Some(values(&change.changed, |key| order_value(before, key)))
        }
        Change::Task(change) => {
            let before = change.previous.as_ref()?;
            Some(values(&change.changed, |key| task_value(before, key)))
        }
        Change::Client(change) => {
            let before = change.previous.as_ref()?;
            Some(values(&change.changed, |key| client_value(before, key)))
        }
        Change::TasksOfOrderDeleted(_)
        | Change::Pipeline(_)
        | Change::LeadConversionRequested(_)
        | Change::LeadConverted(_)
        | Change::TokenRevoked(_)
        | Change::PersonErased(_)
        | Change::WebhookDisabled(_) => None,
    }
}

/// The named values. A name that a newer version added has none here.
fn values(names: &[String], value_of: impl Fn(&str) -> Option<Value>) -> Value {
    let entries = names
        .iter()
        .filter_map(|name| Some((name.clone(), value_of(name)?)));
    Value::Object(entries.collect::<Map<_, _>>())
}
