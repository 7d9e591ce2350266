//! `POST /sources`.

use actix_web::web::Data;
use events::AccountId;
use http_api::{API_PREFIX, ApiError, Authorized, JsonBody, LeadsWrite, WriteProblems, code};
use idempotency::{Answer, Idempotency};
use serde_json::Value;

use super::settings::{keep_read_only, read_preset, read_settings};
use super::token::new_token;
use super::{CreateSourceRequest, InboundBase, MAX_SOURCES, SourceResponse};
use crate::domain::source::Source;
use crate::state::AppState;
use crate::store::sources::{count_sources, insert_source};

/// Creates a source: an inbound URL with what is known of who posts there.
#[utoipa::path(
    post,
    path = "/sources",
    tag = "sources",
    request_body = CreateSourceRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe")),
    responses((status = 201, description = "The source", body = SourceResponse), WriteProblems)
)]
pub(crate) async fn create_source(
    state: Data<AppState>,
    caller: Authorized<LeadsWrite>,
    idempotency: Idempotency,
    base: InboundBase,
    body: JsonBody,
) -> Result<Answer, ApiError> {
    let sha256 = body.sha256();
    let mut fields = body.into_fields();
    keep_read_only(&mut fields, &Value::Null);
    let preset = read_preset(&mut fields);
    let patch = read_settings(&mut fields);
    if patch.name.is_none() && !fields.has_error_at("name") {
        fields.error("name", code::REQUIRED, "Send this field: it is required.");
    }
    fields.finish()?;
    let preset = preset.ok_or_else(|| ApiError::internal("a source without a type"))?;
    let account_id = AccountId(caller.account_id);
    let mut blank = Source::blank(account_id, preset, new_token()?, state.clock.now());
    patch.merge_into(&mut blank);
    let shown_to = (*caller).clone();
    state
        .create(idempotency, &caller, sha256, move |conn| {
            if count_sources(conn, account_id)? >= MAX_SOURCES {
                return Err(too_many().into());
            }
            let mut source = blank.clone();
            source.id = insert_source(conn, &source)?;
            let location = format!("{API_PREFIX}/sources/{}", source.id.0);
            let shown = SourceResponse::new(&source, &base, &shown_to);
            Ok(Answer::created(location, Some(source.revision), &shown)?)
        })
        .await
}

fn too_many() -> ApiError {
    ApiError::Conflict {
        detail: format!(
            "There are {MAX_SOURCES} sources already, and that is the most; delete one first."
        ),
    }
}
