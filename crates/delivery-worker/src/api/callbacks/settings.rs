//! Reads settings out of requests: here what webhooks and triggers have alike.

mod headers;
mod url;

use events::PipelineId;
use http_api::{FieldError, Fields, Invalid, Presence, TextLimit, code, read_text, read_whole};
use serde_json::Value;

use super::secret::read_secret;
use crate::api::{triggers, webhooks};
use crate::domain::filter::Filter;
use crate::domain::trigger::TriggerSettings;
use crate::domain::webhook::{EventSwitches, StoredFormat, WebhookKind, WebhookSettings};
use crate::domain::webhook_record::{
    CONCURRENCY, HeadersPatch, MAX_ATTEMPTS, MAX_NAME_CHARS, RATE_PER_SECOND, RETRY_DELAY_S,
    WebhookConfig, WebhookPatch,
};
use crate::render::BodyFormat;
use crate::secret::WebhookSecret;
use crate::send::Sender;
pub(super) use headers::check_merged_headers;
use headers::{Nulls, read_headers, read_new_headers};
use url::read_url;

/// Codes of field errors that only webhooks and triggers have; stable.
pub(crate) mod own_code {
    /// The name has no visible character.
    pub(crate) const BLANK: &str = "blank";
    /// The URL does not begin with `http://` or `https://`.
    pub(crate) const URL_SCHEME: &str = "url_scheme";
    /// The installation calls `https://` only.
    pub(crate) const URL_HTTPS_ONLY: &str = "url_https_only";
    /// The URL carries a user name or a password.
    pub(crate) const URL_CREDENTIALS: &str = "url_credentials";
    /// The URL has a part after `#`.
    pub(crate) const URL_FRAGMENT: &str = "url_fragment";
    /// The URL leads to an address that may not be called.
    pub(crate) const URL_REFUSED: &str = "url_refused";
    /// The header's name is none.
    pub(crate) const HEADER_NAME: &str = "header_name";
    /// The header is set by Dealwire.
    pub(crate) const HEADER_RESERVED: &str = "header_reserved";
    /// The header is given twice.
    pub(crate) const HEADER_REPEATED: &str = "header_repeated";
    /// The header's value cannot be sent.
    pub(crate) const HEADER_VALUE: &str = "header_value";
    /// Two switches that exclude each other are both on.
    pub(crate) const EXCLUSIVE: &str = "exclusive";
    /// The stage is gone.
    pub(crate) const STAGE_DELETED: &str = "stage_deleted";
    /// The pipelines are gone.
    pub(crate) const PIPELINE_DELETED: &str = "pipeline_deleted";
    /// The stage is in another pipeline.
    pub(crate) const OTHER_PIPELINE: &str = "other_pipeline";
}

/// Who asks, and what judges URLs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) kind: WebhookKind,
    pub(super) sender: &'a Sender,
    /// The token that the request was made with (`skip_own`).
    pub(super) token_id: &'a str,
}

/// What a request to create asks for.
#[derive(Debug)]
pub(super) struct NewWebhook {
    pub(super) config: WebhookConfig,
    /// The pipeline that the stage is said to be in.
    pub(super) said_pipeline: Option<PipelineId>,
    /// The caller's own secret; one is generated if there is none.
    pub(super) secret: Option<WebhookSecret>,
}

/// What webhooks and triggers read each in their own way.
#[derive(Debug)]
pub(crate) struct KindSettings {
    pub(crate) format: BodyFormat,
    pub(crate) strict_body: bool,
    pub(crate) latest_only: bool,
    pub(crate) events: EventSwitches,
    pub(crate) filter: Filter,
    pub(crate) trigger: Option<TriggerSettings>,
    pub(crate) said_pipeline: Option<PipelineId>,
}

/// The same of a patch.
#[derive(Debug, Default)]
pub(crate) struct KindPatch {
    /// With only those parts set that the kind reads itself.
    pub(crate) patch: WebhookPatch,
    pub(crate) said_pipeline: Option<PipelineId>,
}

/// Reads what a POST takes. Whatever is wrong is recorded in `fields`; what is
/// returned is of use only if `fields` finish well.
pub(super) async fn read_new(fields: &mut Fields, reader: Reader<'_>) -> NewWebhook {
    let name = read_name(fields);
    let name = fields.require("name", name);
    let url = read_url(fields, reader.sender).await;
    let url = fields.require("url", url);
    let own = match reader.kind {
        WebhookKind::Webhook => webhooks::settings::read_new(fields, reader.token_id),
        WebhookKind::Trigger => triggers::settings::read_new(fields, reader.token_id),
    };
    let settings = WebhookSettings {
        url,
        format: StoredFormat(own.format),
        events: own.events,
        strict_body: own.strict_body,
        headers: read_new_headers(fields),
        max_concurrency: read_concurrency(fields).value(),
        rate_per_second: read_rate(fields).value(),
        ordered: fields.boolean("ordered").unwrap_or(false),
        latest_only: own.latest_only,
        ed25519: fields.boolean("ed25519").unwrap_or(false),
        retry_schedule_seconds: read_retry_schedule(fields).value(),
        stop_on_4xx: fields.boolean("stop_on_4xx").unwrap_or(false),
        filter: own.filter,
        trigger: own.trigger,
    };
    let active = fields.boolean("active").unwrap_or(true);
    let secret = read_secret(fields);
    NewWebhook {
        config: WebhookConfig {
            name,
            active,
            settings,
        },
        said_pipeline: own.said_pipeline,
        secret: secret.value(),
    }
}

/// Reads what a PATCH takes: null resets to the default where there is one. As
/// with [`read_new`], errors are recorded in `fields`.
pub(super) async fn read_patch(fields: &mut Fields, reader: Reader<'_>) -> KindPatch {
    let name = read_name(fields);
    let url = read_url(fields, reader.sender).await;
    let own = match reader.kind {
        WebhookKind::Webhook => webhooks::settings::read_patch(fields, reader.token_id),
        WebhookKind::Trigger => triggers::settings::read_patch(fields, reader.token_id),
    };
    let patch = WebhookPatch {
        name: fields.not_null("name", name),
        url: fields.not_null("url", url),
        active: or_default(fields.boolean("active"), true),
        headers: match read_headers(fields, Nulls::Remove) {
            Presence::Absent => HeadersPatch::Keep,
            Presence::Null => HeadersPatch::Clear,
            Presence::Value(entries) => HeadersPatch::Merge(entries),
        },
        max_concurrency: or_none(read_concurrency(fields)),
        rate_per_second: or_none(read_rate(fields)),
        ordered: or_default(fields.boolean("ordered"), false),
        ed25519: or_default(fields.boolean("ed25519"), false),
        retry_schedule_seconds: or_none(read_retry_schedule(fields)),
        stop_on_4xx: or_default(fields.boolean("stop_on_4xx"), false),
        ..own.patch
    };
    KindPatch { patch, ..own }
}

/// Null resets a setting to its default.
pub(crate) fn or_default<T>(presence: Presence<T>, default: T) -> Option<T> {
    match presence {
        Presence::Absent => None,
        Presence::Null => Some(default),
        Presence::Value(value) => Some(value),
    }
}

/// Null takes a value of the webhook's own away.
fn or_none<T>(presence: Presence<T>) -> Option<Option<T>> {
    match presence {
        Presence::Absent => None,
        Presence::Null => Some(None),
        Presence::Value(value) => Some(Some(value)),
    }
}

fn read_name(fields: &mut Fields) -> Presence<String> {
    fields.custom("name", |value| {
        let name = read_text(value, TextLimit::Chars(MAX_NAME_CHARS))?;
        if name.trim().is_empty() {
            return Err(Invalid::new(
                own_code::BLANK,
                "Send a name that is not blank.",
            ));
        }
        Ok(name)
    })
}

fn read_concurrency(fields: &mut Fields) -> Presence<u32> {
    fields
        .integer("concurrency", CONCURRENCY)
        // Within the bounds, which fit.
        .map(|cap| u32::try_from(cap).unwrap_or(u32::MAX))
}

fn read_rate(fields: &mut Fields) -> Presence<u32> {
    fields
        .integer("rate_per_second", RATE_PER_SECOND)
        // Within the bounds, which fit.
        .map(|rate| u32::try_from(rate).unwrap_or(u32::MAX))
}

/// Refuses switches that contradict each other.
pub(super) fn check_order(settings: &WebhookSettings) -> Option<FieldError> {
    (settings.ordered && settings.latest_only).then(|| {
        FieldError::new(
            "/latest_only",
            own_code::EXCLUSIVE,
            "Switch on ordered or latest_only, not both: one sends every change of a record in \
             turn, the other only the latest.",
        )
    })
}

fn read_retry_schedule(fields: &mut Fields) -> Presence<Vec<u32>> {
    let mut sent = 0;
    let delays = fields.list("retry_schedule_s", MAX_ATTEMPTS, |value| {
        sent += 1;
        read_delay(value)
    });
    if matches!(delays, Presence::Value(_)) && sent == 0 {
        fields.error(
            "retry_schedule_s",
            code::REQUIRED,
            "Send at least the delay of the first attempt, or null for the general schedule.",
        );
        return Presence::Absent;
    }
    delays
}

fn read_delay(value: &Value) -> Result<u32, Invalid> {
    u32::try_from(read_whole(value)?)
        .ok()
        .filter(|delay| RETRY_DELAY_S.contains(delay))
        .ok_or_else(|| {
            let (least, most) = (RETRY_DELAY_S.start(), RETRY_DELAY_S.end());
            Invalid::new(
                code::OUT_OF_RANGE,
                format!("Send seconds from {least} to {most}."),
            )
        })
}
