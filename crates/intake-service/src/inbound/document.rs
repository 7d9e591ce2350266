//! The inbound URL in the OpenAPI document. One handler answers every method, so the operations are
//! described here, apart from it.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::openapi::{OpenApi, RefOr, Schema, ServerBuilder};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use crate::api::leads::{LeadResponse, UpdateLeadRequest};
use crate::domain::lead::sent_keys;

/// The only path that is not relative to `/api/v1`.
const PATH: &str = "/in/{token}";

/// Keys of the answer besides those that are sent.
const ADDED_KEYS: [&str; 10] = [
    "id",
    "firstId",
    "clientId",
    "notAnswer",
    "userIdCreate",
    "userIdUpdate",
    "dtCreate",
    "dtUpdate",
    "dtNotAnswer",
    "otherCount",
];

/// What a sender says; a phone or an email is needed. Any scalar may be text or a number; names that
/// are not listed are taken by their usual spellings, by the source's mapping, or kept in `extra`.
#[derive(Debug)]
pub(crate) struct SentLead;

impl PartialSchema for SentLead {
    fn schema() -> RefOr<Schema> {
        let remote_id = property(&LeadResponse::schema(), "remoteId");
        let mut schema = UpdateLeadRequest::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.properties.extend(remote_id);
            object
                .properties
                .retain(|key, _| sent_keys().any(|sent| sent == key));
            object.required.clear();
            object.description = Some(
                "What a sender says; a phone or an email is needed. Numbers may be sent as text \
                 and text as numbers. Other names are known by their usual spellings or by the \
                 source's mapping, or kept in the lead's `extra`."
                    .to_owned(),
            );
        }
        schema
    }
}

impl ToSchema for SentLead {}

/// The 40 keys of a lead as senders see it, always all of them.
#[derive(Debug)]
pub(crate) struct TakenLead;

impl PartialSchema for TakenLead {
    fn schema() -> RefOr<Schema> {
        let mut schema = LeadResponse::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object
                .properties
                .retain(|key, _| sent_keys().chain(ADDED_KEYS).any(|shown| shown == key));
            object.required = object.properties.keys().cloned().collect();
            object.description = Some("A lead; all keys are always there.".to_owned());
        }
        schema
    }
}

impl ToSchema for TakenLead {}

fn property(schema: &RefOr<Schema>, key: &str) -> Option<(String, RefOr<Schema>)> {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            let found = object.properties.get(key)?;
            Some((key.to_owned(), found.clone()))
        }
        _ => None,
    }
}

/// A lead that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TakenLeadResponse {
    /// Null where no lead was made.
    #[schema(value_type = Option<TakenLead>)]
    data: Option<()>,
}

/// What is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InboundErrors {
    /// Field → sentences, in the language of `Accept-Language` (Russian unless English is wanted);
    /// `request` where it is about no field.
    #[schema(example = json!({"phone": ["Поле Телефон обязательно для заполнения."]}))]
    errors: BTreeMap<String, Vec<String>>,
}

/// What is answered to every way of sending. A source, or its preset, may answer a success with a
/// status (200 to 299) and a body of its own.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes the answers for the OpenAPI document")]
pub(crate) enum InboundAnswers {
    /// The lead of the same `remoteId` or of a double click, as it is now (with
    /// `Idempotency-Replayed: true`); or a probe (`data` is null).
    #[response(status = 200)]
    Known(TakenLeadResponse),
    /// The lead that was made.
    #[response(status = 201)]
    Taken(TakenLeadResponse),
    /// Kept as it came and made no lead, through our fault; `data` is null.
    #[response(status = 202)]
    Kept(TakenLeadResponse),
    /// Taken; a browser that navigates goes on to the source's `redirect_url`.
    #[response(status = 303)]
    Redirect,
    /// The JSON or the form cannot be read.
    #[response(status = 400)]
    Malformed(InboundErrors),
    /// No such source, or it is switched off.
    #[response(status = 404)]
    NotFound(InboundErrors),
    /// The source does not take this method; see `Allow`.
    #[response(status = 405)]
    NotAllowed(InboundErrors),
    /// The body did not arrive in time.
    #[response(status = 408)]
    Slow(InboundErrors),
    /// More than 256 KiB, 200 keys or 5 levels.
    #[response(status = 413)]
    TooLarge(InboundErrors),
    /// A media type without fields, or a compressed body.
    #[response(status = 415)]
    Unsupported(InboundErrors),
    /// Neither a phone nor an email can be used; or, at a strict source, another field is wrong.
    #[response(status = 422)]
    Fields(InboundErrors),
    /// Too many requests; see `Retry-After`.
    #[response(status = 429)]
    TooFast(InboundErrors),
    /// Nothing can be kept now; see `Retry-After`.
    #[response(status = 503)]
    Later(InboundErrors),
}

/// Takes a lead. No token of the API is needed: the URL is the secret.
///
/// Names of the query count where the body has none of them. JSON may come as `text/plain` or without
/// a media type. `test=test` without a contact, and `is_test: true`, are probes: 200, no lead.
#[utoipa::path(
    post,
    path = "/in/{token}",
    tag = "inbound",
    params(("token" = String, Path, description = "The secret part of the source's URL")),
    request_body(content(
        (SentLead = "application/json"),
        (SentLead = "application/x-www-form-urlencoded"),
        (SentLead = "multipart/form-data"),
    )),
    responses(InboundAnswers)
)]
#[expect(dead_code, reason = "describes the operation for the OpenAPI document")]
pub(crate) fn post_lead() {}

/// Takes a lead out of the query, where the source's `accept_get` is on; 405 otherwise.
#[utoipa::path(
    get,
    path = "/in/{token}",
    tag = "inbound",
    params(
        ("token" = String, Path, description = "The secret part of the source's URL"),
        ("lead" = inline(SentLead), Query, description = "What the sender says", style = Form, explode),
    ),
    responses(InboundAnswers)
)]
#[expect(dead_code, reason = "describes the operation for the OpenAPI document")]
pub(crate) fn get_lead() {}

/// Whether the URL takes leads by GET; brings none.
#[utoipa::path(
    head,
    path = "/in/{token}",
    tag = "inbound",
    params(("token" = String, Path, description = "The secret part of the source's URL")),
    responses(
        (status = 200, description = "It does"),
        (status = 404, description = "No such source, or it is switched off"),
        (status = 405, description = "It takes POST only; see `Allow`"),
        (status = 429, description = "Too many requests; see `Retry-After`"),
        (status = 503, description = "The source cannot be looked up now; see `Retry-After`"),
    )
)]
#[expect(dead_code, reason = "describes the operation for the OpenAPI document")]
pub(crate) fn head() {}

/// What a browser asks before it posts from another site: every site may.
#[utoipa::path(
    options,
    path = "/in/{token}",
    tag = "inbound",
    params(("token" = String, Path, description = "The secret part of the source's URL")),
    responses((status = 204, description = "`Allow`, and the headers of CORS")),
)]
#[expect(dead_code, reason = "describes the operation for the OpenAPI document")]
pub(crate) fn options() {}

/// Puts the inbound URL where it is: at the root, and open to who has no token of the API.
pub(crate) fn place(document: &mut OpenApi) {
    let Some(item) = document.paths.paths.get_mut(PATH) else {
        return;
    };
    item.servers = Some(vec![ServerBuilder::new().url("/").build()]);
    let operations = [
        &mut item.get,
        &mut item.head,
        &mut item.post,
        &mut item.options,
    ];
    for operation in operations.into_iter().flatten() {
        operation.security = Some(Vec::new());
    }
}
