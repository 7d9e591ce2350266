//! `POST /leads/erase`.

use actix_web::web::{Data, Json};
use contacts::{Email, Phone, Region};
use events::PersonErased;
use http_api::{
    AdminWrite, ApiError, Authorized, CorrelationId, Fields, Invalid, JsonBody, TextLimit,
    WriteProblems, code, read_text,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::author::Author;
use crate::erasing::{Erased, Request};
use crate::state::AppState;
use crate::store::error::StoreError;

/// The longest contact.
const CONTACT_LIMIT: TextLimit = TextLimit::Chars(320);

/// Whom to forget: one of the two, or both if both are the person's.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct EraseRequest {
    /// In any spelling; with the country code unless it is in Russia.
    #[schema(example = "+7 999 888-88-88")]
    phone: Option<String>,
    /// In any case.
    #[schema(example = "ivan@example.com")]
    email: Option<String>,
}

/// What was erased.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErasedResponse {
    /// Leads of which only the id and what is counted is left.
    leads: usize,
    /// Requests in the journal whose body, headers and sender are gone.
    requests: usize,
}

impl From<Erased> for ErasedResponse {
    fn from(erased: Erased) -> Self {
        Self {
            leads: erased.leads,
            requests: erased.requests,
        }
    }
}

/// Forgets a person: all leads with this phone or email, the requests that brought them, and all
/// other requests of the account in which it stands, whatever became of those.
///
/// Erased when this answers is what came before; what was published of the person, here and in the
/// other services, is blanked within hours, and an order that is being made of a lead is made. The
/// client itself is a record: delete it. May be repeated; nothing is undone.
#[utoipa::path(
    post,
    path = "/leads/erase",
    tag = "leads",
    request_body = EraseRequest,
    responses((status = 200, description = "What was erased", body = ErasedResponse), WriteProblems)
)]
pub(crate) async fn erase_person(
    state: Data<AppState>,
    caller: Authorized<AdminWrite>,
    correlation_id: CorrelationId,
    body: JsonBody,
) -> Result<Json<ErasedResponse>, ApiError> {
    let mut fields = body.into_fields();
    let person = read_person(&mut fields);
    fields.finish()?;
    let author = Author::api(&caller, &correlation_id, state.clock.now());
    let request = Request::new(person, &author);
    let erasing = state.erasing.clone();
    // It goes on if the caller leaves: it may take minutes where much is kept.
    let erased = tokio::spawn(async move { erasing.erase(request).await });
    let erased = erased
        .await
        .map_err(ApiError::internal)?
        .map_err(StoreError::from)?;
    Ok(Json(erased.into()))
}

fn read_person(fields: &mut Fields) -> PersonErased {
    let phone = fields.custom("phone", |value| {
        let text = read_text(value, CONTACT_LIMIT)?;
        let phone = Phone::parse(&text, Region::default());
        let e164 = phone.as_ref().and_then(|phone| phone.e164());
        e164.map(str::to_owned)
            .ok_or_else(|| Invalid::new(code::INVALID, "Send a whole phone number."))
    });
    let email = fields.custom("email", |value| {
        let text = read_text(value, CONTACT_LIMIT)?;
        Email::parse(&text)
            .map(|email| email.normalized().to_owned())
            .map_err(|error| Invalid::new(code::INVALID, format!("Send a valid address: {error}.")))
    });
    let person = PersonErased {
        phone_e164: phone.value(),
        email_normalized: email.value(),
    };
    let is_nobody = person.phone_e164.is_none() && person.email_normalized.is_none();
    if is_nobody && !fields.has_error_at("phone") && !fields.has_error_at("email") {
        fields.error_of_object(code::REQUIRED, "Send a phone or an email.");
    }
    person
}
