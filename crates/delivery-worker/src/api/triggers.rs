//! `/triggers`: webhooks bound to a pipeline stage (S2, WIRE 3).

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod parameters;
pub(crate) mod pause;
pub(crate) mod resume;
pub(crate) mod secret;
pub(crate) mod settings;
pub(crate) mod test;
pub(crate) mod update;

pub(crate) use create::create_trigger;
pub(crate) use delete::delete_trigger;
pub(crate) use get::get_trigger;
pub(crate) use list::list_triggers;
pub(crate) use pause::pause_trigger;
pub(crate) use resume::resume_trigger;
pub(crate) use secret::{get_trigger_public_key, rotate_trigger_secret};
pub(crate) use test::test_trigger;
pub(crate) use update::update_trigger;

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::callbacks::{CommonResponse, ShowTerms};
use crate::api::filters::{Condition, TriggerFilterResponse};
use crate::domain::stage::AccountStages;
use crate::domain::trigger::TriggerSettings;
use crate::domain::webhook::WebhookId;
use crate::domain::webhook_record::Webhook;
use parameters::ParameterBody;

/// A trigger to create.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct CreateTriggerRequest {
    /// 1 to 255 characters.
    #[schema(example = "call the client")]
    name: String,
    /// The stage that it is bound to.
    #[schema(example = 12)]
    id_status: i64,
    /// The pipeline of that stage; need not be sent.
    id_pipeline: Option<i64>,
    /// What has to happen.
    event: TriggerEventName,
    /// `http://` or `https://`, without user name, password and fragment, at most 8 KiB with its
    /// parameters; the address that it leads to has to be public unless the installation opens its
    /// network.
    #[schema(example = "https://example.com/hook")]
    url: String,
    /// `POST` unless given.
    method: Option<Method>,
    /// How the body of a POST is written; `form` unless given.
    format: Option<TriggerFormat>,
    /// Up to 100 pairs, at most 32 KiB of JSON; exactly these are sent.
    parameters: Option<Vec<ParameterBody>>,
    /// It fires only if this holds. At most 16 KiB of JSON, and all settings together 64 KiB.
    condition: Option<Condition>,
    /// It fires only if an edit changed one of these fields.
    #[schema(example = json!(["price"]))]
    changed: Option<Vec<String>>,
    /// Whether changes made with the token of this request, or with `skip_own_token_id`, do not
    /// fire it.
    skip_own: Option<bool>,
    /// Whose changes do not fire it.
    skip_own_token_id: Option<String>,
    /// Whether events fire it; true unless given.
    active: Option<bool>,
    /// Up to 20 headers of its own, name to value; not those that Dealwire sets itself.
    headers: Option<HashMap<String, String>>,
    /// How many deliveries may be in flight at once, 1 to 64; the operator's default, 16 unless
    /// configured, unless given.
    concurrency: Option<i64>,
    /// How many requests may begin within a second, 1 to 1000, over all workers and evenly spaced;
    /// null for no limit. As with `ordered`, one worker at a time sends all of its callbacks.
    rate_per_second: Option<i64>,
    /// Whether changes of one record arrive strictly in the order of its revisions: a later one
    /// waits until the earlier one arrived or was given up. False unless given.
    ordered: Option<bool>,
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

/// What shall change of a trigger (RFC 7396); null resets to the default.
///
/// `active: true` also ends the state `disabled`. A trigger whose stage was deleted needs another
/// `id_status` for it.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct UpdateTriggerRequest {
    /// 1 to 255 characters.
    name: Option<String>,
    /// As on creation.
    id_status: Option<i64>,
    /// As on creation; follows from `id_status`.
    id_pipeline: Option<i64>,
    /// As on creation.
    event: Option<TriggerEventName>,
    /// As on creation.
    url: Option<String>,
    /// As on creation.
    method: Option<Method>,
    /// As on creation.
    format: Option<TriggerFormat>,
    /// In place of all before.
    parameters: Option<Vec<ParameterBody>>,
    /// In place of the whole condition before.
    condition: Option<Condition>,
    /// In place of all before.
    changed: Option<Vec<String>>,
    /// As on creation; one that is on keeps its token.
    skip_own: Option<bool>,
    /// As on creation.
    skip_own_token_id: Option<String>,
    /// Whether events fire it.
    active: Option<bool>,
    /// Merged by name, in any case: a value sets, null removes.
    headers: Option<HashMap<String, Option<String>>>,
    /// As on creation.
    concurrency: Option<i64>,
    /// As on creation.
    rate_per_second: Option<i64>,
    /// As on creation.
    ordered: Option<bool>,
    /// As on creation.
    ed25519: Option<bool>,
    /// As on creation.
    retry_schedule_s: Option<Vec<i64>>,
    /// As on creation.
    stop_on_4xx: Option<bool>,
}

/// What has to happen to an order: `entered`: an edit brought it into the stage, from whatever
/// pipeline; `created_in`: it was created there; `left`: an edit took it out, not a deletion;
/// `changed`: an edit changed something while it was there before and after.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes a field for the OpenAPI document")]
pub(crate) enum TriggerEventName {
    Entered,
    CreatedIn,
    EnteredOrCreated,
    Left,
    Changed,
}

/// How the receiver is asked: parameters are the body, or join the URL's own query.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "UPPERCASE")]
#[expect(dead_code, reason = "describes a field for the OpenAPI document")]
pub(crate) enum Method {
    Post,
    Get,
}

/// How the body of a POST is written.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes a field for the OpenAPI document")]
pub(crate) enum TriggerFormat {
    Form,
    Json,
}

/// A trigger.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TriggerResponse {
    /// Its id; no webhook has the same.
    id: i64,
    /// Its name.
    name: String,
    /// The stage that it is bound to.
    id_status: i64,
    /// The name of that stage; null if it was deleted.
    stage: Option<String>,
    /// The pipeline of that stage.
    id_pipeline: i64,
    /// The name of that pipeline; null if it was deleted.
    pipeline: Option<String>,
    /// What has to happen.
    #[schema(value_type = TriggerEventName)]
    event: &'static str,
    /// Where callbacks go, in normal form.
    url: String,
    /// How the receiver is asked.
    #[schema(value_type = Method)]
    method: &'static str,
    /// How the body of a POST is written.
    #[schema(value_type = TriggerFormat)]
    format: &'static str,
    /// What is sent.
    parameters: Vec<ParameterBody>,
    #[serde(flatten)]
    filter: TriggerFilterResponse,
    #[serde(flatten)]
    common: CommonResponse,
}

impl TriggerResponse {
    pub(crate) fn new(
        webhook: &Webhook,
        trigger: &TriggerSettings,
        stages: &AccountStages,
        terms: &ShowTerms,
    ) -> Self {
        let settings = &webhook.config.settings;
        let stage = stages.find(trigger.stage);
        Self {
            id: webhook.id.0,
            name: webhook.config.name.clone(),
            id_status: trigger.stage.0,
            stage: stage.map(|stage| stage.name.clone()),
            id_pipeline: trigger.pipeline.0,
            pipeline: stages.pipeline_name(trigger.pipeline).map(str::to_owned),
            event: trigger.event.as_str(),
            url: settings.url.clone(),
            method: trigger.method.as_str(),
            format: settings.format.0.as_str(),
            parameters: trigger.parameters.iter().map(Into::into).collect(),
            filter: (&settings.filter).into(),
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
