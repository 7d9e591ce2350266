//! `/webhooks`: where callbacks go, and how.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod pause;
pub(crate) mod resume;
pub(crate) mod secret;
pub(crate) mod settings;
pub(crate) mod test;
pub(crate) mod update;

pub(crate) use create::create_webhook;
pub(crate) use delete::delete_webhook;
pub(crate) use get::get_webhook;
pub(crate) use list::list_webhooks;
pub(crate) use pause::pause_webhook;
pub(crate) use resume::resume_webhook;
pub(crate) use secret::{get_webhook_public_key, rotate_webhook_secret};
pub(crate) use test::test_webhook;
pub(crate) use update::update_webhook;

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::callbacks::{CommonResponse, ShowTerms};
use crate::api::filters::{Condition, WebhookFilterResponse};
use crate::domain::webhook::WebhookId;
use crate::domain::webhook_record::Webhook;

/// A webhook to create.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct CreateWebhookRequest {
    /// 1 to 255 characters.
    #[schema(example = "Склад")]
    name: String,
    /// `http://` or `https://`, without user name, password and fragment, at most 8 KiB; the
    /// address that it leads to has to be public unless the installation opens its network.
    #[schema(example = "https://example.com/hook")]
    url: String,
    /// `form` unless given.
    format: Option<Format>,
    /// What fires it, at least one.
    events: Vec<EventName>,
    /// It fires only if an edit changed one of these fields.
    #[schema(example = json!(["price"]))]
    changed: Option<Vec<String>>,
    /// It fires only for orders in one of these pipelines after the change; one id may be sent as
    /// it is.
    id_pipeline: Option<Vec<i64>>,
    /// It fires only for orders in one of these stages after the change; one id may be sent as it
    /// is.
    id_status: Option<Vec<i64>>,
    /// It fires only if this holds. At most 16 KiB of JSON, and all settings together 64 KiB.
    condition: Option<Condition>,
    /// Whether changes made with the token of this request, or with `skip_own_token_id`, do not
    /// fire it.
    skip_own: Option<bool>,
    /// Whose changes do not fire it.
    skip_own_token_id: Option<String>,
    /// Whether events fire it; true unless given.
    active: Option<bool>,
    /// Whether form and json bodies have only the keys of the original documentation; false
    /// unless given.
    strict_body: Option<bool>,
    /// Up to 20 headers of its own, name to value; not those that Dealwire sets itself.
    headers: Option<HashMap<String, String>>,
    /// How many deliveries may be in flight at once, 1 to 64; the operator's default, 16 unless
    /// configured, unless given.
    concurrency: Option<i64>,
    /// How many requests may begin within a second, 1 to 1000, over all workers and evenly spaced;
    /// null for no limit. As with `ordered` and `latest_only`, one worker at a time sends all of its callbacks.
    rate_per_second: Option<i64>,
    /// Whether changes of one record arrive strictly in the order of its revisions: a later one
    /// waits until the earlier one arrived or was given up. False unless given; not together with `latest_only`.
    ordered: Option<bool>,
    /// Whether only the latest change of a record is kept while earlier ones wait; what is left out
    /// shows as `skipped`. False unless given; not together with `ordered`.
    latest_only: Option<bool>,
    /// Whether callbacks carry a `v1a` signature (ed25519) as well; false unless given.
    ed25519: Option<bool>,
    /// Seconds before each attempt, the first one included: 1 to 20 entries of 0 to 172800. Null
    /// for the general schedule.
    #[schema(example = json!([0, 10, 60]))]
    retry_schedule_s: Option<Vec<i64>>,
    /// Whether an answer of 400 to 499 ends a delivery at once; false unless given.
    stop_on_4xx: Option<bool>,
    /// A secret to sign with, `whsec_` and the base64 of 24 to 64 bytes; made here unless given.
    secret: Option<String>,
}

/// What shall change of a webhook (RFC 7396); null resets to the default.
///
/// `active: true` also ends the state `disabled`.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct UpdateWebhookRequest {
    /// 1 to 255 characters.
    name: Option<String>,
    /// As on creation.
    url: Option<String>,
    /// As on creation.
    format: Option<Format>,
    /// In place of all events before.
    events: Option<Vec<EventName>>,
    /// In place of all before.
    changed: Option<Vec<String>>,
    /// In place of all before.
    id_pipeline: Option<Vec<i64>>,
    /// In place of all before.
    id_status: Option<Vec<i64>>,
    /// In place of the whole condition before.
    condition: Option<Condition>,
    /// As on creation; one that is on keeps its token.
    skip_own: Option<bool>,
    /// As on creation.
    skip_own_token_id: Option<String>,
    /// Whether events fire it.
    active: Option<bool>,
    /// As on creation.
    strict_body: Option<bool>,
    /// Merged by name, in any case: a value sets, null removes.
    headers: Option<HashMap<String, Option<String>>>,
    /// As on creation.
    concurrency: Option<i64>,
    /// As on creation.
    rate_per_second: Option<i64>,
    /// As on creation.
    ordered: Option<bool>,
    /// As on creation.
    latest_only: Option<bool>,
    /// As on creation.
    ed25519: Option<bool>,
    /// As on creation.
    retry_schedule_s: Option<Vec<i64>>,
    /// As on creation.
    stop_on_4xx: Option<bool>,
}

/// How bodies are written.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes a field for the OpenAPI document")]
pub(crate) enum Format {
    Form,
    Json,
    Envelope,
}

/// An event that fires webhooks.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes a field for the OpenAPI document")]
pub(crate) enum EventName {
    #[schema(rename = "order.add")]
    OrderAdd,
    #[schema(rename = "order.edit")]
    OrderEdit,
    #[schema(rename = "order.delete")]
    OrderDelete,
    #[schema(rename = "task.add")]
    TaskAdd,
    #[schema(rename = "task.edit")]
    TaskEdit,
    #[schema(rename = "task.delete")]
    TaskDelete,
    #[schema(rename = "client.add")]
    ClientAdd,
    #[schema(rename = "client.edit")]
    ClientEdit,
    #[schema(rename = "client.delete")]
    ClientDelete,
    /// Dealwire disabled another webhook or a trigger of the account. Filters are about records and
    /// do not apply; strict or not, the body is the same.
    #[schema(rename = "webhook.disabled")]
    WebhookDisabled,
}

/// A webhook.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WebhookResponse {
    /// Its id.
    id: i64,
    /// Its name.
    name: String,
    /// Where callbacks go, in normal form.
    url: String,
    /// How bodies are written.
    #[schema(value_type = Format)]
    format: &'static str,
    /// What fires it.
    #[schema(value_type = Vec<EventName>)]
    events: Vec<&'static str>,
    #[serde(flatten)]
    filter: WebhookFilterResponse,
    /// Whether form and json bodies have only the keys of the original documentation.
    strict_body: bool,
    /// Whether only the latest change of a record is kept while earlier ones wait.
    latest_only: bool,
    #[serde(flatten)]
    common: CommonResponse,
}

impl WebhookResponse {
    pub(crate) fn new(webhook: &Webhook, terms: &ShowTerms) -> Self {
        let settings = &webhook.config.settings;
        Self {
            id: webhook.id.0,
            name: webhook.config.name.clone(),
            url: settings.url.clone(),
            format: settings.format.0.as_str(),
            events: settings.events.names().collect(),
            filter: (&settings.filter).into(),
            strict_body: settings.strict_body,
            latest_only: settings.latest_only,
            common: CommonResponse::new(webhook, terms),
        }
    }

    /// Its id.
    pub(crate) fn id(&self) -> WebhookId {
        WebhookId(self.id)
    }

    /// The same with how many deliveries are still to be sent.
    #[must_use]
    pub(crate) fn with_waiting(mut self, waiting: i64) -> Self {
        self.common = self.common.with_waiting(waiting);
        self
    }
}
