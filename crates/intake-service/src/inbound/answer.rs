//! What senders get back.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use contacts::{Email, Phone};
use events::{LeadId, Timestamp};
use serde_json::{Map, Value, json};

use super::Manner;
use super::texts::Problem;
use crate::answer::lead_body;
use crate::domain::lead::{Lead, LeadDraft, LeadState};
use crate::domain::source::Source;
use crate::reading::{FieldProblem, Language};
use crate::taking::TakeError;

/// Whoever wrote the page may post from it.
const CORS: [(HeaderName, HeaderValue); 2] = [
    (
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    ),
    (
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Idempotency-Replayed, Retry-After, X-Request-Id"),
    ),
];
/// How long a browser need not ask again, in seconds.
const PREFLIGHT_MAX_AGE: &str = "86400";
const METHODS: &str = "GET, HEAD, POST, OPTIONS";
const METHODS_WITHOUT_GET: &str = "POST, OPTIONS";

/// What a sender is answered.
#[derive(Debug)]
pub(super) enum Answer {
    /// A lead that was made, or that was there.
    Lead {
        lead: Box<Lead>,
        manner: Manner,
        is_new: bool,
    },
    /// A probe: well received, no lead.
    Test { manner: Manner },
    /// Well received, and nothing is to come of it.
    Ignored { manner: Manner },
    /// As if a lead had been made.
    LooksTaken {
        draft: Option<Box<LeadDraft>>,
        source: Arc<Source>,
        manner: Manner,
        id: LeadId,
        at: Timestamp,
    },
    /// 422.
    Fields(Vec<FieldProblem>),
    /// What is wrong with no field.
    Problem(Problem),
    /// 405.
    NotAllowed { accepts_get: bool },
    /// 429, and how long to wait.
    TooFast(Duration),
    /// 503.
    Later(TakeError),
    /// 202: only kept, through our fault.
    Kept,
    /// 200 without a body.
    Nothing,
}

fn allowed(accepts_get: bool) -> &'static str {
    if accepts_get {
        METHODS
    } else {
        METHODS_WITHOUT_GET
    }
}

/// What a browser asks before it posts from another site.
pub(super) fn preflight(request: &HttpRequest, accepts_get: bool) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    response
        .insert_header((header::ALLOW, allowed(accepts_get)))
        // Browsers keep this for a day, and the source may change before.
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_MAX_AGE));
    if let Some(wanted) = request
        .headers()
        .get(header::ACCESS_CONTROL_REQUEST_HEADERS)
    {
        response
            .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone()))
            .insert_header((header::VARY, "Access-Control-Request-Headers"));
    }
    with_cors(response.finish())
}

impl Answer {
    /// The status line's code.
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Lead { manner, is_new, .. } => manner.status(if *is_new { 201 } else { 200 }),
            Self::Test { manner } | Self::Ignored { manner } => manner.status(200),
            Self::LooksTaken { manner, .. } => manner.status(201),
            Self::Fields(_) => 422,
            Self::Problem(problem) => problem.status(),
            Self::NotAllowed { .. } => 405,
            Self::TooFast(_) => 429,
            Self::Later(_) => 503,
            Self::Kept => 202,
            Self::Nothing => 200,
        }
    }

    /// As metrics count it.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Lead { is_new: true, .. } => "lead",
            Self::Lead { is_new: false, .. } => "repeat",
            Self::Test { .. } => "test",
            Self::Ignored { .. } => "ignored",
            Self::LooksTaken { .. } => "spam",
            Self::Fields(_) => "rejected",
            Self::Problem(problem) => problem.label(),
            Self::NotAllowed { .. } => Problem::NotAllowed.label(),
            Self::TooFast(_) => Problem::TooFast.label(),
            Self::Later(TakeError::Busy) => "busy",
            Self::Later(TakeError::Unavailable) => Problem::Later.label(),
            Self::Kept => "failed",
            Self::Nothing => "head",
        }
    }

    pub(super) fn into_response(self, language: Language) -> HttpResponse {
        let status = self.status();
        let response = match self {
            Self::Lead {
                lead,
                manner,
                is_new,
            } => {
                let mut response = success(manner, status, || data(&lead));
                if !is_new {
                    let replayed = HeaderName::from_static("idempotency-replayed");
                    response
                        .headers_mut()
                        .insert(replayed, HeaderValue::from_static("true"));
                }
                response
            }
            Self::Test { manner } | Self::Ignored { manner } => {
                success(manner, status, || json!({"data": null}))
            }
            Self::LooksTaken {
                draft,
                source,
                manner,
                id,
                at,
            } => success(manner, status, || {
                data(&look_alike(draft.as_deref(), &source, id, at))
            }),
            Self::Fields(problems) => show(status, &fields(&problems, language)),
            Self::Problem(problem) => show(status, &about_request(problem, language)),
            Self::NotAllowed { accepts_get } => {
                let mut response = show(status, &about_request(Problem::NotAllowed, language));
                response.headers_mut().insert(
                    header::ALLOW,
                    HeaderValue::from_static(allowed(accepts_get)),
                );
                response
            }
            Self::TooFast(wait) => after(
                wait,
                show(status, &about_request(Problem::TooFast, language)),
            ),
            Self::Later(error) => after(
                error.retry_after(),
                show(status, &about_request(Problem::Later, language)),
            ),
            Self::Kept => show(status, &json!({"data": null})),
            Self::Nothing => build(status).finish(),
        };
        with_cors(response)
    }
}

fn build(status: u16) -> actix_web::HttpResponseBuilder {
    HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::OK))
}

/// The source's own way to say that all is well, else S1's.
fn success(manner: Manner, status: u16, body: impl FnOnce() -> Value) -> HttpResponse {
    match manner {
        Manner::Redirect(url) => build(status)
            .insert_header((header::LOCATION, url))
            .finish(),
        Manner::Own(answer) => build(status)
            .insert_header((header::CONTENT_TYPE, answer.content_type))
            // It may be a page, and is not to act in the name of this site.
            .insert_header((header::CONTENT_SECURITY_POLICY, "sandbox"))
            .body(answer.body),
        Manner::Plain => show(status, &body()),
    }
}

fn show(status: u16, body: &Value) -> HttpResponse {
    build(status)
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .body(body.to_string())
}

fn data(lead: &Lead) -> Value {
    json!({"data": lead_body(lead)})
}

fn about_request(problem: Problem, language: Language) -> Value {
    json!({"errors": {"request": [problem.text(language)]}})
}

fn fields(problems: &[FieldProblem], language: Language) -> Value {
    let mut by_field: Map<String, Value> = Map::new();
    for problem in problems {
        let message = Value::from(problem.message(language));
        match by_field.get_mut(problem.field) {
            Some(Value::Array(messages)) => messages.push(message),
            _ => {
                by_field.insert(problem.field.to_owned(), Value::Array(vec![message]));
            }
        }
    }
    json!({"errors": by_field})
}

fn after(wait: Duration, mut response: HttpResponse) -> HttpResponse {
    response.headers_mut().insert(
        header::RETRY_AFTER,
        HeaderValue::from(wait.as_secs().max(1)),
    );
    response
}

fn with_cors(mut response: HttpResponse) -> HttpResponse {
    for (name, value) in CORS {
        response.headers_mut().insert(name, value);
    }
    response
}

/// What a lead would have looked like.
fn look_alike(draft: Option<&LeadDraft>, source: &Source, id: LeadId, at: Timestamp) -> Lead {
    let draft = draft.cloned().unwrap_or_default();
    let phone = draft.phone.as_ref();
    Lead {
        id,
        source_id: source.id,
        request_id: None,
        state: LeadState::New,
        first_id: None,
        other_count: 0,
        name: draft.name,
        phone: phone.map(|phone| phone.raw().to_owned()),
        phone_digits: phone.map(|phone: &Phone| phone.digits().to_owned()),
        phone_normalized: None,
        email: draft
            .email
            .as_ref()
            .map(|email: &Email| email.as_sent().to_owned()),
        email_normalized: None,
        owner_id: draft.owner_id,
        origin_id: draft.origin_id.or(source.settings.defaults.origin_id),
        remote_id: draft.remote_id,
        office_id: draft.office_id,
        city_id: draft.city_id,
        stage_id: draft.stage_id,
        cost: draft.cost,
        marks: draft.marks,
        extra: Map::new(),
        warnings: Vec::new(),
        reject_reason: None,
        client_id: None,
        order_id: None,
        revision: 1,
        created_at: at,
        updated_at: at,
    }
}
