//! What is answered.

use std::sync::Arc;

use database::{Connection, DatabaseError};
use events::{AccountId, Timestamp};
use http_api::{Caller, Scope};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::secret::{previous_secret_until, shown_public_key};
use crate::api::test_request::TestReport;
use crate::api::triggers::TriggerResponse;
use crate::api::webhooks::WebhookResponse;
use crate::domain::stage::AccountStages;
use crate::domain::webhook::{OwnHeader, WebhookKind};
use crate::domain::webhook_record::{Webhook, WebhookState};
use crate::engine::Engine;
use crate::headers::MASK;
use crate::state::AppState;
use crate::store::deliveries::count_waiting;
use crate::store::pipelines::list_stages;

/// A webhook or a trigger, as its resource shows it.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum Shown {
    /// At `/webhooks`.
    Webhook(Box<WebhookResponse>),
    /// At `/triggers`.
    Trigger(Box<TriggerResponse>),
}

/// To whom something is shown, and when.
#[derive(Debug, Clone)]
pub(crate) struct ShowTerms {
    /// What it may see.
    pub(crate) caller: Caller,
    /// When.
    pub(crate) now: Timestamp,
    /// Shown where nothing else was set.
    pub(crate) usual_concurrency: u32,
    /// Knows for which nothing can be sent.
    engine: Arc<Engine>,
}

impl ShowTerms {
    /// To this caller, now.
    pub(crate) fn new(state: &AppState, caller: &Caller) -> Self {
        Self {
            caller: caller.clone(),
            now: state.clock.now(),
            usual_concurrency: state.usual_concurrency(),
            engine: Arc::clone(&state.engine),
        }
    }

    /// Whose everything is.
    pub(crate) fn account_id(&self) -> AccountId {
        AccountId(self.caller.account_id)
    }
}

impl Shown {
    /// The webhook or trigger, with the names that belong to it.
    pub(super) fn read(
        conn: &mut Connection<'_>,
        webhook: &Webhook,
        terms: &ShowTerms,
    ) -> Result<Self, DatabaseError> {
        let stages = match webhook.config.settings.kind() {
            WebhookKind::Webhook => AccountStages::default(),
            WebhookKind::Trigger => list_stages(conn, terms.account_id())?,
        };
        Ok(Self::new(webhook, &stages, terms))
    }

    /// The webhook or trigger; `stages` are of use to a trigger only.
    pub(crate) fn new(webhook: &Webhook, stages: &AccountStages, terms: &ShowTerms) -> Self {
        match &webhook.config.settings.trigger {
            None => Self::Webhook(Box::new(WebhookResponse::new(webhook, terms))),
            Some(trigger) => {
                let shown = TriggerResponse::new(webhook, trigger, stages, terms);
                Self::Trigger(Box::new(shown))
            }
        }
    }

    /// The same with how many deliveries are still to be sent; without, if they cannot be counted
    /// now. Apart from what is written: there may be very many, and others want to write meanwhile.
    pub(super) async fn count_waiting(self, state: &AppState) -> Self {
        let id = match &self {
            Self::Webhook(shown) => shown.id(),
            Self::Trigger(shown) => shown.id(),
        };
        let counted = state.read(move |conn| Ok(count_waiting(conn, id)?)).await;
        match counted {
            Ok(waiting) => self.with_waiting(waiting),
            Err(error) => {
                tracing::debug!(%error, "waiting deliveries could not be counted");
                self
            }
        }
    }

    /// The same with how many deliveries are still to be sent.
    #[must_use]
    pub(super) fn with_waiting(self, waiting: i64) -> Self {
        match self {
            Self::Webhook(shown) => Self::Webhook(Box::new(shown.with_waiting(waiting))),
            Self::Trigger(shown) => Self::Trigger(Box::new(shown.with_waiting(waiting))),
        }
    }
}

/// The keys whose values change by themselves: what is sent back may be outdated by then, and is
/// passed over.
pub(super) const CHANGING_KEYS: [&str; 5] = [
    "failures_in_a_row",
    "open_until",
    "previous_secret_until",
    "unusable_reason",
    "waiting",
];

/// The keys that the server sets, but for [`CHANGING_KEYS`].
pub(super) fn read_only_keys(kind: WebhookKind) -> impl Iterator<Item = &'static str> {
    const COMMON: [&str; 11] = [
        "id",
        "public_key",
        "state",
        "disabled_at",
        "disabled_reason",
        "inactive_reason",
        "paused_at",
        "paused_until",
        "revision",
        "created_at",
        "updated_at",
    ];
    let own: &[&str] = match kind {
        WebhookKind::Webhook => &[],
        WebhookKind::Trigger => &["stage", "pipeline"],
    };
    COMMON.iter().chain(own).copied()
}

impl WebhookKind {
    /// The path of its resource, relative to the API's.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Webhook => "/webhooks",
            Self::Trigger => "/triggers",
        }
    }
}

/// What webhooks and triggers show alike.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct CommonResponse {
    /// Whether events fire it.
    active: bool,
    /// Headers of its own. Values are often credentials: a token without `webhooks:write` sees
    /// `***`.
    #[schema(value_type = HashMap<String, String>)]
    headers: Map<String, Value>,
    /// How many deliveries may be in flight at once.
    concurrency: u32,
    /// How many requests may begin within a second; null for no limit.
    rate_per_second: Option<u32>,
    /// Whether changes of one record arrive strictly in the order of its revisions.
    ordered: bool,
    /// Whether callbacks carry a `v1a` signature (ed25519) as well.
    ed25519: bool,
    /// What `v1a` signatures are checked with, `whpk_` and base64; null unless `ed25519` is on.
    public_key: Option<String>,
    /// After a rotation: until when callbacks are signed with earlier secrets as well, RFC 3339.
    #[schema(format = DateTime)]
    previous_secret_until: Option<String>,
    /// Seconds before each attempt; null for the general schedule.
    retry_schedule_s: Option<Vec<u32>>,
    /// Whether an answer of 400 to 499 ends a delivery at once.
    stop_on_4xx: bool,
    /// `active`; `inactive`: switched off, events do not fire it; `paused`: a person or the receiver
    /// asked to wait; `failing`: too many requests failed in a row, see `open_until`; `disabled`:
    /// see `disabled_reason`. Unless it is active, its deliveries wait.
    state: &'static str,
    /// Since when it is disabled, RFC 3339.
    #[schema(format = DateTime)]
    disabled_at: Option<String>,
    /// Why it is disabled: `gone` (the receiver answered 410) or `failing` (nothing arrived for too
    /// long).
    disabled_reason: Option<String>,
    /// Why it is inactive and cannot be switched on as it is: `stage_deleted` (its stage, or each
    /// stage that it is narrowed down to, is gone) or `pipeline_deleted` (each pipeline that it is
    /// narrowed down to is). Dealwire switches it off then, unless a person had before. Null
    /// otherwise, and as soon as another stage or pipeline is chosen; then it can be switched on.
    inactive_reason: Option<String>,
    /// Since when a person paused it, RFC 3339; `resume` ends that.
    #[schema(format = DateTime)]
    paused_at: Option<String>,
    /// Until when the receiver asked to wait, RFC 3339.
    #[schema(format = DateTime)]
    paused_until: Option<String>,
    /// How many requests failed since something arrived. What the receiver asked for does not
    /// count.
    failures_in_a_row: i64,
    /// After ten failures in a row, nothing is sent until this time, RFC 3339; then one request at a
    /// time is tried until one arrives. Null once that is so.
    #[schema(format = DateTime)]
    open_until: Option<String>,
    /// Why nothing can be sent for it although nobody asked for that, a sentence for people: its
    /// secret is sealed under a master key that this worker does not have, or its settings cannot be
    /// read. Its deliveries wait. Null otherwise.
    #[schema(
        example = "its secret cannot be read: the secret is encrypted under a master key that is not configured"
    )]
    unusable_reason: Option<String>,
    /// How many deliveries are still to be sent, those under way included. Left out of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<i64>,
    /// Grows by one with each change of the settings.
    revision: i64,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// RFC 3339.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl CommonResponse {
    pub(crate) fn new(webhook: &Webhook, terms: &ShowTerms) -> Self {
        let Webhook {
            config, standing, ..
        } = webhook;
        let settings = &config.settings;
        let paused_until = standing.paused_until.filter(|until| *until > terms.now);
        Self {
            active: config.active,
            headers: show_headers(&settings.headers, &terms.caller),
            concurrency: config.concurrency(terms.usual_concurrency),
            rate_per_second: settings.rate_per_second,
            ordered: settings.ordered,
            ed25519: settings.ed25519,
            public_key: shown_public_key(webhook),
            previous_secret_until: previous_secret_until(webhook, terms.now)
                .map(Timestamp::to_rfc3339),
            retry_schedule_s: settings.retry_schedule_seconds.clone(),
            stop_on_4xx: settings.stop_on_4xx,
            state: WebhookState::of(config.active, standing, terms.now).as_str(),
            disabled_at: standing.disabled_at.map(Timestamp::to_rfc3339),
            disabled_reason: standing.disabled_reason.clone(),
            inactive_reason: webhook.inactive_reason.clone(),
            paused_at: standing.paused_at.map(Timestamp::to_rfc3339),
            paused_until: paused_until.map(Timestamp::to_rfc3339),
            failures_in_a_row: standing.failures_in_a_row,
            open_until: standing.open_until.map(Timestamp::to_rfc3339),
            unusable_reason: terms.engine.registry.why_unusable(webhook.id),
            waiting: None,
            revision: webhook.revision,
            created_at: webhook.created_at.to_rfc3339(),
            updated_at: webhook.updated_at.to_rfc3339(),
        }
    }

    /// The same with what is still to be sent.
    #[must_use]
    pub(crate) fn with_waiting(self, waiting: i64) -> Self {
        Self {
            waiting: Some(waiting),
            ..self
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

/// What was just created.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Created<T> {
    #[serde(flatten)]
    pub(super) shown: T,
    /// What callbacks are signed with (Standard Webhooks). It is shown here and never again.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    pub(super) secret: String,
    /// What the receiver did with the test request. An answer that is given again for the same
    /// `Idempotency-Key` has it as well, as far as it is known: null if that was never recorded, or
    /// is no longer kept.
    #[schema(nullable)]
    pub(super) test: TestResponse,
}

/// What was just changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Updated<T> {
    #[serde(flatten)]
    pub(super) shown: T,
    /// What the receiver did with the test request; left out if nothing changed and so none was
    /// sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) test: Option<TestResponse>,
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
