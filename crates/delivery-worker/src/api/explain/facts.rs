//! What is known of an event and a webhook, read in one unit of work.

use database::Connection;
use events::{AccountId, Event, EventId};
use http_api::ApiError;

use crate::domain::delivery::DeliveryId;
use crate::domain::stage::AccountStages;
use crate::domain::webhook::{WebhookId, WebhookKind, WebhookSettings};
use crate::store::delivery_log::{LoggedDelivery, find_logged_delivery};
use crate::store::error::StoreError;
use crate::store::explain::{
    EventRow, LastAttemptRow, VersionRow, count_deliveries, find_event, find_last_attempt,
    find_version_in_force, find_webhook_or_tombstone,
};
use crate::store::pipelines::list_stages;

/// Everything that an explanation is made of.
#[derive(Debug)]
pub(super) struct Facts {
    /// What a person calls it: `webhook`, `trigger`.
    pub(super) noun: &'static str,
    /// The webhook.
    pub(super) id: WebhookId,
    /// The event as it was taken in.
    pub(super) event: EventRow,
    /// What it says, as long as that is kept.
    pub(super) body: Option<Event>,
    /// The webhook as it was when the event came; `None` if it was created later.
    pub(super) version: Option<VersionRow>,
    /// Its settings at that time; `None` if they cannot be read as well.
    pub(super) settings: Option<WebhookSettings>,
    /// Whether it was deleted before the event came.
    pub(super) was_gone: bool,
    /// The version of its settings now.
    pub(super) current_version: i64,
    /// The URL that it calls now.
    pub(super) url: String,
    /// What became of the event.
    pub(super) delivery: Option<LoggedDelivery>,
    /// The last request that was made for it.
    pub(super) last_attempt: Option<LastAttemptRow>,
    /// How many deliveries of the event there still are, of all webhooks.
    pub(super) deliveries: i64,
    /// What stages are called.
    pub(super) stages: AccountStages,
}

/// Reads them; the error says what is not there.
pub(super) fn find_facts(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    kind: WebhookKind,
    id: WebhookId,
    event_id: EventId,
) -> Result<Facts, StoreError> {
    let webhook =
        find_webhook_or_tombstone(conn, account_id, kind, id)?.ok_or(ApiError::NotFound)?;
    let kept = find_event(conn, account_id, event_id)?.ok_or_else(unknown_event)?;
    let body = kept.decode();
    let event = kept.row;
    let version = find_version_in_force(conn, account_id, id, &event)?;
    let settings = version
        .as_ref()
        .and_then(|version| serde_json::from_value(version.settings.clone()).ok());
    let delivery_id = DeliveryId::of_event(event_id, id);
    Ok(Facts {
        noun: kind.as_str(),
        id,
        body,
        version,
        settings,
        current_version: webhook.settings_version,
        url: webhook.settings["url"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        was_gone: webhook.was_gone_before(&event),
        delivery: find_logged_delivery(conn, account_id, delivery_id)?,
        last_attempt: find_last_attempt(conn, delivery_id)?,
        deliveries: count_deliveries(conn, event_id)?,
        stages: list_stages(conn, account_id)?,
        event,
    })
}

fn unknown_event() -> ApiError {
    ApiError::UnknownAddress {
        detail: "There is no event with this id here: it has not come yet, which takes a moment \
                 after the change, or it is no longer kept."
            .to_owned(),
    }
}
