//! `POST /replays/{id}/cancel`.

use actix_web::web::{Data, Json, Path};
use events::AccountId;
use http_api::{ApiError, Authorized, WebhooksWrite, WriteProblems};

use super::{ReplayResponse, read_id};
use crate::state::AppState;
use crate::store::replays::{cancel_replay as cancel, find_replay};

/// Ends a job before its time.
///
/// It queues nothing more. What a replay has queued and nobody is about to send becomes `skipped`;
/// what is under way is finished, and the job is `cancelling` until then. What a retry has made due
/// is sent. One that is over, or was cancelled before, is answered as it is.
#[utoipa::path(
    post,
    path = "/replays/{id}/cancel",
    tag = "replays",
    params(("id" = i64, Path, description = "The job's id")),
    responses((status = 200, description = "The job", body = ReplayResponse), WriteProblems)
)]
pub(crate) async fn cancel_replay(
    state: Data<AppState>,
    caller: Authorized<WebhooksWrite>,
    id: Path<String>,
) -> Result<Json<ReplayResponse>, ApiError> {
    let (account_id, id) = (AccountId(caller.account_id), read_id(&id)?);
    let shown = state
        .write(move |conn| {
            cancel(conn, account_id, id)?.ok_or(ApiError::NotFound)?;
            let found = find_replay(conn, account_id, id)?.ok_or(ApiError::NotFound)?;
            ReplayResponse::new(&found)
        })
        .await?;
    state.engine.replay_wake.notify_one();
    Ok(Json(shown))
}
