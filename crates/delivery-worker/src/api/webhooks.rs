//! `/webhooks`: where callbacks go, and how.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
mod settings;
pub(crate) mod test;
pub(crate) mod update;

pub(crate) use create::create_webhook;
pub(crate) use delete::delete_webhook;
pub(crate) use get::get_webhook;
pub(crate) use list::list_webhooks;
pub(crate) use test::test_webhook;
pub(crate) use update::update_webhook;

use std::collections::HashMap;

use events::Timestamp;
use http_api::{Caller, Scope};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::api::test_request::TestReport;
use crate::domain::webhook::OwnHeader;
use crate::domain::webhook_record::{Webhook, WebhookState};
use crate::headers::MASK;

/// The keys that the server sets.
const READ_ONLY_KEYS: [&str; 8] = [
    "id",
    "state",
    "disabled_at",
    "disabled_reason",
    "paused_until",
    "revision",
    "created_at",
    "updated_at",
];

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
    /// Whether events fire it.
    active: Option<bool>,
    /// As on creation.
    strict_body: Option<bool>,
    /// Merged by name, in any case: a value sets, null removes.
    headers: Option<HashMap<String, Option<String>>>,
    /// As on creation.
    concurrency: Option<i64>,
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
    /// Whether events fire it.
    active: bool,
    /// Whether form and json bodies have only the keys of the original documentation.
    strict_body: bool,
    /// Headers of its own. Values are often credentials: a token without `webhooks:write` sees
    /// `***`.
    #[schema(value_type = HashMap<String, String>)]
    headers: Map<String, Value>,
    /// How many deliveries may be in flight at once.
    concurrency: u32,
    /// Seconds before each attempt; null for the general schedule.
    retry_schedule_s: Option<Vec<u32>>,
    /// Whether an answer of 400 to 499 ends a delivery at once.
    stop_on_4xx: bool,
    /// `active`; `inactive`: switched off, events do not fire it; `paused`: the receiver asked to
    /// wait; `disabled`: see `disabled_reason`. Unless it is active, its deliveries wait.
    state: &'static str,
    /// Since when it is disabled, RFC 3339.
    #[schema(format = DateTime)]
    disabled_at: Option<String>,
    /// Why it is disabled: `gone` (the receiver answered 410) or `failing` (nothing arrived for too
    /// long).
    disabled_reason: Option<String>,
    /// Until when the receiver asked to wait, RFC 3339.
    #[schema(format = DateTime)]
    paused_until: Option<String>,
    /// Grows by one with each change of the settings.
    revision: i64,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// RFC 3339.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl WebhookResponse {
    /// `usual_concurrency` is shown where the webhook names none.
    fn new(webhook: &Webhook, caller: &Caller, now: Timestamp, usual_concurrency: u32) -> Self {
        let Webhook {
            config, standing, ..
        } = webhook;
        let settings = &config.settings;
        let is_paused = standing.paused_until.filter(|until| *until > now);
        Self {
            id: webhook.id.0,
            name: config.name.clone(),
            url: settings.url.clone(),
            format: settings.format.0.as_str(),
            events: settings.events.names().collect(),
            active: config.active,
            strict_body: settings.strict_body,
            headers: show_headers(&settings.headers, caller),
            concurrency: config.concurrency(usual_concurrency),
            retry_schedule_s: settings.retry_schedule_seconds.clone(),
            stop_on_4xx: settings.stop_on_4xx,
            state: WebhookState::of(config.active, standing, now).as_str(),
            disabled_at: standing.disabled_at.map(Timestamp::to_rfc3339),
            disabled_reason: standing.disabled_reason.clone(),
            paused_until: is_paused.map(Timestamp::to_rfc3339),
            revision: webhook.revision,
            created_at: webhook.created_at.to_rfc3339(),
            updated_at: webhook.updated_at.to_rfc3339(),
        }
    }
}

fn show_headers(headers: &[OwnHeader], caller: &Caller) -> Map<String, Value> {
    let is_open = caller.scopes.permits(Scope::WebhooksWrite);
    headers
        .iter()
        .map(|header| {
            let shown = if is_open { &header.value } else { MASK };
            (header.name.clone(), Value::from(shown))
        })
        .collect()
}

/// A webhook that was just created.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreatedWebhookResponse {
    #[serde(flatten)]
    webhook: WebhookResponse,
    /// What callbacks are signed with (Standard Webhooks). It is shown here and never again.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
    /// What the receiver did with the test request; null in an answer that is given again for the
    /// same `Idempotency-Key`.
    #[schema(nullable)]
    test: TestResponse,
}

/// A webhook after a change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UpdatedWebhookResponse {
    #[serde(flatten)]
    webhook: WebhookResponse,
    /// What the receiver did with the test request; left out if nothing changed and so none was
    /// sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<TestResponse>,
}

/// What became of a test request. It never stands in the way of saving, and never counts towards
/// disabling.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestResponse {
    /// The status that the receiver answered with; null if there was no answer.
    #[schema(example = 200)]
    status: Option<u16>,
    /// How long it took, in milliseconds.
    ms: i64,
    /// What was wrong; null if the receiver took it.
    error: Option<String>,
}

impl From<&TestReport> for TestResponse {
    fn from(report: &TestReport) -> Self {
        Self {
            status: report.status,
            ms: report.duration_ms,
            error: report.error.clone(),
        }
    }
}
