//! Reads the settings of a webhook out of a request.

use http_api::{ApiError, FieldError, Fields, Invalid, Presence, TextLimit, code, read_text};
use serde_json::Value;

use crate::address::{Refusal, UrlError, WebhookUrl};
use crate::domain::filter::Filter;
use crate::domain::webhook::{EventSwitches, OwnHeader, StoredFormat, WebhookSettings};
use crate::domain::webhook_record::{
    CONCURRENCY, HeadersPatch, MAX_ATTEMPTS, MAX_NAME_CHARS, RETRY_DELAY_S, WebhookConfig,
    WebhookPatch, parse_headers,
};
use crate::headers::{CustomHeaders, HeaderError, MAX_HEADERS};
use crate::render::BodyFormat;
use crate::secret::WebhookSecret;
use crate::send::Sender;

/// Codes of field errors that only webhooks have; stable.
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
}

const FORMATS: [(&str, BodyFormat); 3] = [
    ("form", BodyFormat::Form),
    ("json", BodyFormat::Json),
    ("envelope", BodyFormat::Envelope),
];

/// Enough to name each event several times over; more is not a list of events.
const MAX_EVENT_ENTRIES: usize = 64;

/// What a request to create a webhook asks for.
#[derive(Debug)]
pub(super) struct NewWebhook {
    pub(super) config: WebhookConfig,
    /// The caller's own secret; one is generated if there is none.
    pub(super) secret: Option<WebhookSecret>,
}

/// Reads what `POST /webhooks` takes. Whatever is wrong is recorded in `fields`;
/// what is returned is of use only if `fields` finish well.
pub(super) async fn read_new(fields: &mut Fields, sender: &Sender) -> NewWebhook {
    let name = read_name(fields);
    let name = fields.require("name", name);
    let url = read_url(fields, sender).await;
    let url = fields.require("url", url);
    let format = fields
        .one_of("format", &FORMATS)
        .unwrap_or(BodyFormat::Form);
    let events = read_events(fields);
    let settings = WebhookSettings {
        url,
        format: StoredFormat(format),
        events: fields.require("events", events),
        strict_body: fields.boolean("strict_body").unwrap_or(false),
        headers: read_new_headers(fields),
        max_concurrency: read_concurrency(fields).value(),
        retry_schedule_seconds: read_retry_schedule(fields).value(),
        stop_on_4xx: fields.boolean("stop_on_4xx").unwrap_or(false),
        filter: Filter::default(),
        trigger: None,
    };
    let active = fields.boolean("active").unwrap_or(true);
    let secret = fields.custom("secret", |value| {
        let text = read_text(value, TextLimit::Chars(MAX_NAME_CHARS))?;
        WebhookSecret::parse(&text)
            .map_err(|error| Invalid::new(code::INVALID, sentence(&error.to_string())))
    });
    NewWebhook {
        config: WebhookConfig {
            name,
            active,
            settings,
        },
        secret: secret.value(),
    }
}

/// Reads what `PATCH /webhooks/{id}` takes: null resets to the default where
/// there is one. As with [`read_new`], errors are recorded in `fields`.
pub(super) async fn read_patch(fields: &mut Fields, sender: &Sender) -> WebhookPatch {
    let name = read_name(fields);
    let url = read_url(fields, sender).await;
    let events = read_events(fields);
    WebhookPatch {
        name: fields.not_null("name", name),
        url: fields.not_null("url", url),
        format: or_default(fields.one_of("format", &FORMATS), BodyFormat::Form),
        events: fields.not_null("events", events),
        active: or_default(fields.boolean("active"), true),
        strict_body: or_default(fields.boolean("strict_body"), false),
        headers: match read_headers(fields, Nulls::Remove) {
            Presence::Absent => HeadersPatch::Keep,
            Presence::Null => HeadersPatch::Clear,
            Presence::Value(entries) => HeadersPatch::Merge(entries),
        },
        max_concurrency: or_none(read_concurrency(fields)),
        retry_schedule_seconds: or_none(read_retry_schedule(fields)),
        stop_on_4xx: or_default(fields.boolean("stop_on_4xx"), false),
    }
}

/// Judges what only the whole of merged headers can show: their number.
pub(super) fn check_merged_headers(headers: &[OwnHeader]) -> Result<(), ApiError> {
    parse_headers(headers).map(drop).map_err(|errors| {
        let errors = errors.iter().map(|error| {
            let invalid = header_refused(error);
            FieldError::new(pointer_to_header(error), invalid.code, invalid.message)
        });
        ApiError::Unprocessable(errors.collect())
    })
}

fn pointer_to_header(error: &HeaderError) -> String {
    match error.name() {
        Some(name) => format!("/headers/{}", name.replace('~', "~0").replace('/', "~1")),
        None => "/headers".to_owned(),
    }
}

fn or_default<T>(presence: Presence<T>, default: T) -> Option<T> {
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

/// Reads the URL and looks its name up: a name that leads to an address that may
/// not be called is refused now rather than at the first delivery.
async fn read_url(fields: &mut Fields, sender: &Sender) -> Presence<String> {
    let url = fields.custom("url", |value| {
        let text = value
            .as_str()
            .ok_or_else(|| Invalid::wrong_type("text", value))?;
        WebhookUrl::parse(text, sender.policy()).map_err(|error| url_refused(&error))
    });
    if let Presence::Value(url) = &url
        && let Err(refusal) = sender.check(url).await
    {
        fields.error("url", own_code::URL_REFUSED, address_refused(refusal));
        return Presence::Absent;
    }
    url.map(|url| url.as_str().to_owned())
}

fn url_refused(error: &UrlError) -> Invalid {
    let code = match error {
        UrlError::TooLong => code::TOO_LONG,
        UrlError::Malformed(_) => code::INVALID,
        UrlError::Scheme => own_code::URL_SCHEME,
        UrlError::HttpsOnly => own_code::URL_HTTPS_ONLY,
        UrlError::Credentials => own_code::URL_CREDENTIALS,
        UrlError::Fragment => own_code::URL_FRAGMENT,
        UrlError::Refused(_) => own_code::URL_REFUSED,
    };
    Invalid::new(code, sentence(&error.to_string()))
}

/// The same words for an address in the URL and for one behind its name.
fn address_refused(refusal: Refusal) -> String {
    sentence(&UrlError::Refused(refusal).to_string())
}

fn read_events(fields: &mut Fields) -> Presence<EventSwitches> {
    let mut sent = 0;
    let events = fields.list("events", MAX_EVENT_ENTRIES, |value| {
        sent += 1;
        let name = value
            .as_str()
            .ok_or_else(|| Invalid::wrong_type("text", value))?;
        let known = EventSwitches::NAMES
            .into_iter()
            .find(|known| *known == name);
        known.ok_or_else(unknown_event)
    });
    if matches!(events, Presence::Value(_)) && sent == 0 {
        fields.error(
            "events",
            code::REQUIRED,
            "Send at least one event: a webhook without any would never fire.",
        );
        return Presence::Absent;
    }
    // Every name was found among the known ones.
    events.map(|names| EventSwitches::from_names(names).unwrap_or_default())
}

fn unknown_event() -> Invalid {
    Invalid::new(
        code::UNKNOWN_VALUE,
        format!("Send one of {}.", EventSwitches::NAMES.join(", ")),
    )
}

/// What null means as the value of a header.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nulls {
    /// The header goes (RFC 7396).
    Remove,
    /// There is nothing to remove yet.
    AreWrong,
}

fn read_new_headers(fields: &mut Fields) -> Vec<OwnHeader> {
    let entries = read_headers(fields, Nulls::AreWrong).unwrap_or_default();
    entries
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| OwnHeader { name, value }))
        .collect()
}

fn read_headers(fields: &mut Fields, nulls: Nulls) -> Presence<Vec<(String, Option<String>)>> {
    let mut names: Vec<String> = Vec::new();
    // A patch may remove as many as there can be while it sets as many.
    let most = match nulls {
        Nulls::Remove => 2 * MAX_HEADERS,
        Nulls::AreWrong => MAX_HEADERS,
    };
    fields.entries("headers", most, |name, value| {
        let folded = name.to_ascii_lowercase();
        if names.contains(&folded) {
            return Err(header_refused(&HeaderError::Repeated {
                name: name.to_owned(),
            }));
        }
        names.push(folded);
        match value {
            Value::Null if nulls == Nulls::Remove => Ok(None),
            Value::String(text) => CustomHeaders::parse([(name, text.as_str())])
                .map(|_valid| Some(text.clone()))
                .map_err(|errors| header_refused(errors.first().unwrap_or(&HeaderError::TooMany))),
            other => Err(Invalid::wrong_type("text", other)),
        }
    })
}

fn header_refused(error: &HeaderError) -> Invalid {
    let code = match error {
        HeaderError::TooMany => code::TOO_MANY,
        HeaderError::Name { .. } => own_code::HEADER_NAME,
        HeaderError::Reserved { .. } => own_code::HEADER_RESERVED,
        HeaderError::Repeated { .. } => own_code::HEADER_REPEATED,
        HeaderError::ValueTooLong { .. } => code::TOO_LONG,
        HeaderError::Value { .. } => own_code::HEADER_VALUE,
    };
    Invalid::new(code, sentence(&error.to_string()))
}

fn read_concurrency(fields: &mut Fields) -> Presence<u32> {
    fields
        .integer("concurrency", CONCURRENCY)
        // Within the bounds, which fit.
        .map(|cap| u32::try_from(cap).unwrap_or(u32::MAX))
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
    if !value.is_number() || value.is_f64() {
        return Err(Invalid::wrong_type("an integer", value));
    }
    value
        .as_u64()
        .and_then(|delay| u32::try_from(delay).ok())
        .filter(|delay| RETRY_DELAY_S.contains(delay))
        .ok_or_else(|| {
            let (least, most) = (RETRY_DELAY_S.start(), RETRY_DELAY_S.end());
            Invalid::new(
                code::OUT_OF_RANGE,
                format!("Send seconds from {least} to {most}."),
            )
        })
}

/// Messages of our own rules as a sentence of an API: capital and full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let mut sentence: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(letters)
        .collect();
    sentence.push('.');
    sentence
}
