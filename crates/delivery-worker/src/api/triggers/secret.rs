//! `POST /triggers/{id}/secret/rotate`, `GET /triggers/{id}/public-key`.

use actix_web::web::{Data, Json, Path};
use http_api::{
    ApiError, Authorized, IfMatch, OptionalJsonBody, ReadProblems, WebhooksRead, WebhooksWrite,
    WriteProblems,
};
use idempotency::{Answer, Idempotency};

use crate::api::callbacks::{self, PublicKeyResponse, RotateSecretRequest, RotatedSecret};
use crate::domain::webhook::WebhookKind;
use crate::state::AppState;

/// Puts another secret in place. While both overlap, callbacks carry a signature of each, so that
/// the receiver can change over at any moment.
///
/// With `ed25519` the pair of keys is renewed as well. Other workers sign with the new secret within
/// a second. The secret is in this answer and in no later one; a repeat with the same
/// `Idempotency-Key` shows it again.
#[utoipa::path(
    post,
    path = "/triggers/{id}/secret/rotate",
    tag = "triggers",
    params(
        ("id" = i64, Path, description = "The trigger's id"),
        ("If-Match" = Option<String>, Header, description = "Only if this is its ETag"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe"),
    ),
    request_body = Option<RotateSecretRequest>,
    responses((status = 200, description = "The new secret", body = RotatedSecret), WriteProblems)
)]
pub(crate) async fn rotate_trigger_secret(
    state: Data<AppState>,
    caller: Authorized<WebhooksWrite>,
    id: Path<i64>,
    if_match: IfMatch,
    idempotency: Idempotency,
    body: OptionalJsonBody,
) -> Result<Answer, ApiError> {
    let (kind, id) = (WebhookKind::Trigger, id.into_inner());
    callbacks::rotate(kind, &state, &caller, id, if_match, idempotency, body).await
}

/// What `v1a` signatures are checked with: the public key, and those from before a rotation as long
/// as they overlap. 409 unless `ed25519` is on.
#[utoipa::path(
    get,
    path = "/triggers/{id}/public-key",
    tag = "triggers",
    params(("id" = i64, Path, description = "The trigger's id")),
    responses(
        (status = 200, description = "The public key", body = PublicKeyResponse),
        (status = 409, description = "It does not sign with ed25519"),
        ReadProblems,
    )
)]
pub(crate) async fn get_trigger_public_key(
    state: Data<AppState>,
    caller: Authorized<WebhooksRead>,
    id: Path<i64>,
) -> Result<Json<PublicKeyResponse>, ApiError> {
    let id = id.into_inner();
    callbacks::public_key(WebhookKind::Trigger, &state, &caller, id)
        .await
        .map(Json)
}
