//! One request with all that it held.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use database::partitions::hold_for_reading;
use database::{Connection, DatabaseError};
use events::{AccountId, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};
use submission::Object;
use utoipa::ToSchema;

use super::RequestResponse;
use super::secrets::Secrets;
use crate::domain::lead::LeadDraft;
use crate::domain::request::{RawRequest, RequestId};
use crate::domain::source::{Source, SourceId};
use crate::inbound::{Parsed, parse, submit};
use crate::reading::Language;
use crate::store::narrowing::Lock;
use crate::store::requests::bodies::{BODIES, BodyRow, find_body};
use crate::store::requests::{RequestRow, find_request};
use crate::store::sources::find_source;

/// A request with all that it held.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestDetailResponse {
    #[serde(flatten)]
    request: RequestResponse,
    /// As it came; null once that was deleted.
    raw: Option<RawResponse>,
    /// As it is read now; null once the source or the raw form is gone.
    parsed: Option<ParsedResponse>,
}

/// What came.
#[derive(Debug, Serialize, ToSchema)]
struct RawResponse {
    /// Name → value, names in lower case.
    #[schema(value_type = Object)]
    headers: Value,
    /// What came after the question mark.
    query: String,
    /// The body, if it is UTF-8.
    body: Option<String>,
    /// The body in base64, if it is not.
    body_base64: Option<String>,
    /// Whether only the beginning of the body was kept, because it was too long.
    is_cut: bool,
}

/// What is read of it by the source's present settings.
#[derive(Debug, Serialize, ToSchema)]
struct ParsedResponse {
    /// Names and values of the query; null if the request cannot be read.
    #[schema(value_type = Option<Object>)]
    query: Option<Map<String, Value>>,
    /// Names and values of the body; null if the request cannot be read.
    #[schema(value_type = Option<Object>)]
    body: Option<Map<String, Value>>,
    /// What it would come to now: `lead`, `test`, `spam`, `ignored`, `rejected`, `malformed`,
    /// `too_large`, `unsupported` or `failed`.
    outcome: String,
    /// The lead that it says, by the keys of leads.
    #[schema(value_type = Option<Object>)]
    lead: Option<Map<String, Value>>,
    /// What is wrong with it.
    errors: Vec<String>,
}

/// What is kept of a request.
#[derive(Debug)]
pub(super) struct Detail {
    pub(super) row: RequestRow,
    pub(super) body: Option<BodyRow>,
    /// `None` once it was deleted.
    pub(super) source: Option<Source>,
}

impl Detail {
    pub(super) fn find(
        conn: &mut Connection<'_>,
        account_id: AccountId,
        id: RequestId,
    ) -> Result<Option<Self>, DatabaseError> {
        hold_for_reading(conn, &BODIES)?;
        let Some(row) = find_request(conn, account_id, id)? else {
            return Ok(None);
        };
        let source_id = SourceId(row.source_id);
        Ok(Some(Self {
            body: find_body(conn, &row)?,
            source: find_source(conn, account_id, source_id, Lock::None)?,
            row,
        }))
    }

    /// The request as it came, if all of it was kept.
    pub(super) fn raw(&self) -> Option<RawRequest> {
        let body = self.body.as_ref()?;
        let row = &self.row;
        Some(RawRequest {
            received_at: Timestamp(row.received_at_us),
            method: row.method.clone(),
            remote_address: row.remote_address.clone(),
            content_type: row.content_type.clone(),
            query: body.query.clone(),
            headers: body.headers.clone(),
            body: body.body.clone(),
            body_bytes: row.body_bytes,
            correlation_id: row.correlation_id.clone(),
            traceparent: String::new(),
        })
    }

    /// Whether only the beginning of the body was kept.
    pub(super) fn is_cut(&self) -> bool {
        let kept = self.body.as_ref().map_or(0, |body| body.body.len());
        i64::try_from(kept).is_ok_and(|kept| kept < self.row.body_bytes)
    }
}

impl From<Detail> for RequestDetailResponse {
    fn from(detail: Detail) -> Self {
        let secrets = Secrets::of(detail.source.as_ref());
        let parsed = match (detail.raw(), &detail.source) {
            (Some(raw), Some(source)) if !detail.is_cut() => {
                Some(ParsedResponse::of(source, &raw, &secrets))
            }
            _ => None,
        };
        let is_cut = detail.is_cut();
        Self {
            request: detail.row.into(),
            raw: detail
                .body
                .map(|body| RawResponse::new(body, is_cut, &secrets)),
            parsed,
        }
    }
}

impl RawResponse {
    fn new(row: BodyRow, is_cut: bool, secrets: &Secrets) -> Self {
        let (body, body_base64) = match String::from_utf8(secrets.mask_raw(&row.body)) {
            Ok(text) => (Some(text), None),
            Err(other) => (None, Some(STANDARD.encode(other.as_bytes()))),
        };
        Self {
            headers: row.headers,
            query: String::from_utf8_lossy(&secrets.mask_raw(&row.query)).into_owned(),
            body,
            body_base64,
            is_cut,
        }
    }
}

impl ParsedResponse {
    fn of(source: &Source, raw: &RawRequest, secrets: &Secrets) -> Self {
        let (mut lead, mut errors) = (None, Vec::new());
        let outcome = match parse(source, raw) {
            Parsed::Lead { draft, .. } => {
                let mut body = draft_body(&draft);
                secrets.mask_tree(&mut body);
                lead = Some(body);
                "lead"
            }
            Parsed::Test => "test",
            Parsed::Spam(_) => "spam",
            Parsed::Ignored(reason) => {
                errors.push(reason.to_owned());
                "ignored"
            }
            Parsed::Refused(problems) => {
                errors = problems
                    .iter()
                    .map(|problem| {
                        format!("{}: {}", problem.field, problem.message(Language::English))
                    })
                    .collect();
                "rejected"
            }
            Parsed::Unreadable(problem, error) => {
                errors.push(error);
                problem.outcome().as_str()
            }
            Parsed::Panicked => "failed",
        };
        // What cannot be read into a lead may be a tree nevertheless.
        let is_text = !matches!(outcome, "failed" | "unsupported");
        let tree = is_text.then(|| submit(raw).ok()).flatten();
        let shown = |object: &Object| {
            let mut object: Map<String, Value> = object.into();
            secrets.mask_tree(&mut object);
            object
        };
        Self {
            query: tree.as_ref().map(|tree| shown(&tree.query)),
            body: tree.as_ref().map(|tree| shown(&tree.body)),
            outcome: outcome.to_owned(),
            lead,
            errors,
        }
    }
}

/// What a lead would have of this, by the keys of leads; what is not said is left out.
fn draft_body(draft: &LeadDraft) -> Map<String, Value> {
    let mut body = Map::new();
    let mut put = |key: &str, value: Value| {
        if !value.is_null() {
            body.insert(key.to_owned(), value);
        }
    };
    put("name", json!(draft.name));
    put(
        "phone",
        json!(draft.phone.as_ref().map(|phone| phone.digits())),
    );
    put(
        "email",
        json!(draft.email.as_ref().map(|email| email.as_sent())),
    );
    put("userIdOwner", json!(draft.owner_id));
    put("sourceId", json!(draft.origin_id));
    put("locationUnitId", json!(draft.office_id));
    put("locationCityId", json!(draft.city_id));
    put("funnelStageId", json!(draft.stage_id));
    put("cost", json!(draft.cost));
    let remote_id = draft.remote_id.as_ref();
    put("remoteId", remote_id.map_or(Value::Null, |id| id.to_json()));
    for (key, value) in draft.marks.iter() {
        put(key, json!(value));
    }
    put("extra", Value::Object(draft.extra.clone()));
    put("warnings", json!(draft.warnings));
    body
}
