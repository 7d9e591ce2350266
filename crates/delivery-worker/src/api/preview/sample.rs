//! What a preview or a test shall tell of: an event that came, or an order that is
//! described.

use events::{
    AccountId, Action, Actor, ActorKind, Change, Decoded, Event, EventId, OrderChanged,
    OrderSnapshot, Timestamp,
};
use http_api::{ApiError, FieldError, Fields, Invalid, Presence, code};
use uuid::Uuid;

use super::client::ClientDraft;
use super::order::OrderDraft;
use crate::domain::stage::AccountStages;
use crate::domain::trigger::TriggerEvent;
use crate::domain::webhook::WebhookSettings;
use crate::store::error::StoreError;
use crate::store::explain::{KeptEvent, find_event};
use crate::store::pipelines::list_stages;

const ACTIONS: [(&str, Action); 3] = [
    ("add", Action::Add),
    ("edit", Action::Edit),
    ("delete", Action::Delete),
];

/// What was asked for.
#[derive(Debug, Clone)]
pub(crate) enum Sample {
    /// An event that came.
    Stored(EventId),
    /// A change of an order that the caller describes.
    Order(Box<OrderSample>),
}

/// A change of an order as a caller describes it.
#[derive(Debug, Clone)]
pub(crate) struct OrderSample {
    order: OrderDraft,
    client: Option<ClientDraft>,
    action: Option<Action>,
    previous: Option<OrderDraft>,
}

/// An event to render.
#[derive(Debug, Clone)]
pub(crate) struct SampleEvent {
    /// The event.
    pub(crate) event: Event,
    /// Its body as it is stored, if it is an event that came.
    pub(crate) stored_body: Option<Vec<u8>>,
    /// Whether a person was erased from it.
    pub(crate) is_erased: bool,
}

impl Sample {
    /// Whether a body that may have none has one.
    pub(crate) fn is_in(fields: &Fields) -> bool {
        ["event_id", "order", "client", "event", "previous"]
            .into_iter()
            .any(|key| fields.has(key))
    }

    /// Reads `{event_id}`, or `{order, client, event, previous}`.
    pub(crate) fn read(mut fields: Fields) -> Result<Self, ApiError> {
        let is_order = fields.has("order");
        let event_id = fields.custom("event_id", |value| {
            let text = value
                .as_str()
                .ok_or_else(|| Invalid::wrong_type("text", value))?;
            Uuid::try_parse(text)
                .map(EventId)
                .map_err(|_error| Invalid::new(code::INVALID, "Send the id of an event, a UUID."))
        });
        let sample = if is_order {
            if event_id.is_present() {
                fields.error(
                    "order",
                    code::INVALID,
                    "Send either event_id or order, not both.",
                );
            }
            read_order(&mut fields)
        } else {
            for key in ["client", "event", "previous"] {
                if fields.has(key) {
                    let _beside: Presence<()> = fields.custom(key, |_| Ok(()));
                    fields.error(
                        key,
                        code::INVALID,
                        "Send this beside \"order\" only, or leave it out.",
                    );
                }
            }
            if !event_id.is_present() && !fields.has_error_at("event_id") {
                fields.error_of_object(code::REQUIRED, "Send \"event_id\", or an \"order\".");
            }
            fields.not_null("event_id", event_id).map(Self::Stored)
        };
        fields.finish()?;
        // What is not there has been refused.
        sample.ok_or_else(|| ApiError::field("", code::REQUIRED, "Send \"event_id\"."))
    }

    /// The event for a webhook with these settings.
    pub(crate) fn resolve(
        self,
        conn: &mut database::Connection<'_>,
        account_id: AccountId,
        settings: &WebhookSettings,
        now: Timestamp,
    ) -> Result<SampleEvent, StoreError> {
        let sample = match self {
            Self::Stored(id) => read_stored(conn, account_id, id)?,
            Self::Order(sample) => {
                let places = list_stages(conn, account_id)?;
                let change = sample
                    .into_change(settings, &places, now)
                    .map_err(|errors| StoreError::Refused(ApiError::Unprocessable(errors)))?;
                SampleEvent {
                    event: Event {
                        id: EventId::new(now),
                        account_id,
                        occurred_at: now,
                        actor: Actor {
                            kind: ActorKind::Api,
                            token_id: None,
                        },
                        cause: events::Cause::default(),
                        change: Change::Order(Box::new(change)),
                    },
                    stored_body: None,
                    is_erased: false,
                }
            }
        };
        if settings.trigger.is_some() && !matches!(sample.event.change, Change::Order(_)) {
            return Err(StoreError::Refused(ApiError::field(
                "/event_id",
                code::INVALID,
                format!(
                    "This is {}, and triggers are for orders; send the event of an order.",
                    sample.event.change.event_type()
                ),
            )));
        }
        Ok(sample)
    }
}

fn read_order(fields: &mut Fields) -> Option<Sample> {
    let order = fields.object("order", OrderDraft::read_new);
    let order = fields.not_null("order", order);
    let client = fields.object("client", ClientDraft::read).value();
    let action = fields.one_of("event", &ACTIONS).value();
    let previous = fields.object("previous", OrderDraft::read_previous).value();
    if previous.is_some() && action.is_some_and(|action| action != Action::Edit) {
        fields.error(
            "previous",
            code::INVALID,
            "Only an edit has former values; send \"event\": \"edit\", or leave this out.",
        );
    }
    Some(Sample::Order(Box::new(OrderSample {
        order: order?,
        client,
        action,
        previous,
    })))
}

fn read_stored(
    conn: &mut database::Connection<'_>,
    account_id: AccountId,
    id: EventId,
) -> Result<SampleEvent, StoreError> {
    let Some(KeptEvent { row, body }) = find_event(conn, account_id, id)? else {
        return Err(refused(
            "There is no such event; send the id of one that came.",
        ));
    };
    let Some(body) = body else {
        return Err(refused(
            "What this event told is not kept, or no longer; send another one, or an order.",
        ));
    };
    match Event::decode(&body) {
        Ok(Decoded::Event(event)) => Ok(SampleEvent {
            event,
            stored_body: Some(body),
            is_erased: row.erased_at_us.is_some(),
        }),
        Ok(Decoded::Unknown) => Err(refused("This event cannot be read; send another one.")),
        Err(error) => Err(StoreError::Refused(ApiError::internal(error))),
    }
}

/// The event that was named will not do.
fn refused(message: impl Into<String>) -> StoreError {
    StoreError::Refused(ApiError::field("/event_id", code::NOT_FOUND, message))
}

impl OrderSample {
    fn into_change(
        self,
        settings: &WebhookSettings,
        places: &AccountStages,
        now: Timestamp,
    ) -> Result<OrderChanged, Vec<FieldError>> {
        let action = match (self.action, &self.previous) {
            (Some(action), _) => action,
            (None, Some(_)) => Action::Edit,
            (None, None) => usual_action(settings),
        };
        let revision = self.order.revision.unwrap_or(1);
        let mut order = match self.order.into_order(places, now, "/order") {
            Ok(order) => order,
            Err(mut errors) => {
                let previous = self.previous.iter();
                errors.extend(previous.filter_map(|draft| draft.misplaced(places, "/previous")));
                return Err(errors);
            }
        };
        if let Some(client) = self.client {
            client.join(&mut order)?;
        }
        let previous = match (action, self.previous) {
            (Action::Edit, Some(draft)) => {
                Some(draft.into_previous(&order, places, "/previous")?)
            }
            (Action::Edit, None) => Some(before_edit(&order, settings, places)),
            (Action::Add | Action::Delete, _) => None,
        };
        let changed = previous.as_ref().map_or_else(Vec::new, |before| {
            OrderSnapshot::changed_keys(before, &order)
        });
        Ok(OrderChanged {
            action,
            revision,
            order,
            changed,
            previous,
        })
    }
}

/// The order before an edit of which nothing is said: for a trigger that waits for a
/// move, the move that it waits for if the order can have made it; else the same.
fn before_edit(
    order: &OrderSnapshot,
    settings: &WebhookSettings,
    places: &AccountStages,
) -> OrderSnapshot {
    let mut before = order.clone();
    let Some(trigger) = &settings.trigger else {
        return before;
    };
    let is_there = order.stage.id == trigger.stage;
    let came_from = match trigger.event {
        TriggerEvent::Entered | TriggerEvent::EnteredOrCreated if is_there => {
            places.other_than(trigger.stage)
        }
        TriggerEvent::Left if !is_there => places.summarize(trigger.stage),
        _ => None,
    };
    if let Some((stage, pipeline)) = came_from {
        (before.stage, before.pipeline) = (stage, pipeline);
    }
    before
}

/// What happens to the order unless the caller says so.
fn usual_action(settings: &WebhookSettings) -> Action {
    if let Some(trigger) = &settings.trigger {
        return match trigger.event {
            TriggerEvent::CreatedIn => Action::Add,
            _ => Action::Edit,
        };
    }
    let chosen: Vec<&str> = settings.events.names().collect();
    [
        ("order.edit", Action::Edit),
        ("order.add", Action::Add),
        ("order.delete", Action::Delete),
    ]
    .into_iter()
    .find(|(name, _)| chosen.contains(name))
    .map_or(Action::Edit, |(_, action)| action)
}
