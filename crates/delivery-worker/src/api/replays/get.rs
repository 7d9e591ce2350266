//! `GET /replays/{id}`.

use actix_web::web::{Data, Json, Path};
use events::AccountId;
use http_api::{ApiError, Authorized, ReadProblems, WebhooksRead};

use super::{ReplayResponse, read_id};
use crate::state::AppState;
use crate::store::replays::find_replay;

/// A job and how far it is.
#[utoipa::path(
    get,
    path = "/replays/{id}",
    tag = "replays",
    params(("id" = i64, Path, description = "The job's id")),
    responses((status = 200, description = "The job", body = ReplayResponse), ReadProblems)
)]
pub(crate) async fn get_replay(
    state: Data<AppState>,
    caller: Authorized<WebhooksRead>,
    id: Path<String>,
) -> Result<Json<ReplayResponse>, ApiError> {
    let (account_id, id) = (AccountId(caller.account_id), read_id(&id)?);
    let shown = state
        .read(move |conn| {
            let found = find_replay(conn, account_id, id)?.ok_or(ApiError::NotFound)?;
            ReplayResponse::new(&found)
        })
        .await?;
    Ok(Json(shown))
}
