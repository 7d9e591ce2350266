//! Why there is a delivery: what its trigger waited for, and the values that
//! matched. Worked out anew from the event and the settings that it met.

use database::{Connection, DatabaseError};
use events::{AccountId, Change, Event, EventId};
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::domain::delivery::Origin;
use crate::domain::record::Record;
use crate::domain::stage::AccountStages;
use crate::domain::trigger::TriggerSettings;
use crate::domain::webhook::{WebhookId, WebhookSettings};
use crate::store::delivery_log::DeliveryRow;
use crate::store::explain::{find_event, find_version_in_force};
use crate::store::pipelines::list_stages;

/// What a trigger waited for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FiredTriggerResponse {
    /// `entered`, `created_in`, `entered_or_created`, `left` or `changed`.
    #[schema(example = "entered")]
    event: &'static str,
    /// The stage.
    id_status: i64,
    /// Its name when the event came, if the event tells it; else its name now, null once it is
    /// gone.
    stage: Option<String>,
    /// The pipeline of the stage.
    id_pipeline: i64,
    /// Its name, as that of the stage.
    pipeline: Option<String>,
}

/// A field that was asked for, and what it had.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MatchResponse {
    /// The field.
    #[schema(example = "price")]
    field: String,
    /// The operator; `changed` of the fields of `changed`.
    #[schema(example = "greater")]
    operator: &'static str,
    /// What was asked for; null for an operator without a value.
    #[schema(value_type = Value, nullable)]
    value: Json,
    /// What the record had.
    #[schema(value_type = Value, nullable)]
    actual: Json,
}

/// Why there is a delivery.
#[derive(Debug)]
pub(super) struct Fired {
    pub(super) trigger: Option<FiredTriggerResponse>,
    /// `None` if the event is no longer kept.
    pub(super) matched: Option<Vec<MatchResponse>>,
}

/// Works it out of a delivery that was found for its account.
pub(super) fn find_fired(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    delivery: &DeliveryRow,
) -> Result<Fired, DatabaseError> {
    let nothing = |matched| Fired {
        trigger: None,
        matched,
    };
    let event_id = delivery.event_id.as_deref().and_then(EventId::from_bytes);
    let Some(event_id) = event_id.filter(|_| delivery.origin == Origin::Event.as_str()) else {
        return Ok(nothing(Some(Vec::new())));
    };
    let Some(kept) = find_event(conn, account_id, event_id)? else {
        return Ok(nothing(None));
    };
    let webhook = WebhookId(delivery.webhook_id);
    let version = find_version_in_force(conn, account_id, webhook, &kept.row)?;
    let settings = version
        .and_then(|version| serde_json::from_value::<WebhookSettings>(version.settings).ok());
    let Some(settings) = settings else {
        return Ok(nothing(None));
    };
    let content = kept.decode();
    let stages = list_stages(conn, account_id)?;
    let is_erased = kept.row.erased_at_us.is_some() || delivery.erased_at_us.is_some();
    Ok(Fired {
        trigger: settings
            .trigger
            .as_ref()
            .map(|trigger| show_trigger(trigger, content.as_ref(), &stages)),
        matched: content
            .filter(|_| !is_erased)
            .map(|event| list_matched(&settings, &event)),
    })
}

fn show_trigger(
    trigger: &TriggerSettings,
    event: Option<&Event>,
    stages: &AccountStages,
) -> FiredTriggerResponse {
    let order = match event.map(|event| &event.change) {
        Some(Change::Order(change)) => [Some(&change.order), change.previous.as_ref()]
            .into_iter()
            .flatten()
            .find(|order| order.stage.id == trigger.stage),
        _ => None,
    };
    let (stage, pipeline) = match order {
        Some(order) => (
            Some(order.stage.name.clone()),
            Some(order.pipeline.name.clone()),
        ),
        None => (
            stages.find(trigger.stage).map(|stage| stage.name.clone()),
            stages.pipeline_name(trigger.pipeline).map(str::to_owned),
        ),
    };
    FiredTriggerResponse {
        event: trigger.event.as_str(),
        id_status: trigger.stage.0,
        stage,
        id_pipeline: trigger.pipeline.0,
        pipeline,
    }
}

fn list_matched(settings: &WebhookSettings, event: &Event) -> Vec<MatchResponse> {
    let Some(record) = Record::of(&event.change) else {
        return Vec::new();
    };
    let changed = settings.filter.changed.iter();
    let changed = changed
        .filter(|field| field.is_changed(&record))
        .map(|field| MatchResponse {
            field: field.to_string(),
            operator: "changed",
            value: Json::Null,
            actual: field.value(&record).to_json(),
        });
    let rows = settings.filter.condition.iter();
    let rows = rows
        .flat_map(|condition| condition.rows(&record))
        .filter(|row| row.holds)
        .map(|row| MatchResponse {
            field: row.field,
            operator: row.operator,
            value: row.value.unwrap_or(Json::Null),
            actual: row.actual,
        });
    changed.chain(rows).collect()
}
