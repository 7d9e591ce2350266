//! `GET /intake-requests/{id}`.

use actix_web::web::{Data, Json, Path};
use events::AccountId;
use http_api::{ApiError, Authorized, LeadsRead, ReadProblems};

use super::detail::{Detail, RequestDetailResponse};
use crate::domain::request::RequestId;
use crate::state::AppState;

/// A request as it came, and what it is read as by the source's present settings. Values of headers
/// that let somebody in, and secrets of the sender (`google_key`), are shown as `***`.
#[utoipa::path(
    get,
    path = "/intake-requests/{id}",
    tag = "intake-requests",
    params(("id" = i64, Path, description = "The request's id")),
    responses(
        (status = 200, description = "The request", body = RequestDetailResponse),
        ReadProblems,
    )
)]
pub(crate) async fn get_request(
    state: Data<AppState>,
    caller: Authorized<LeadsRead>,
    id: Path<i64>,
) -> Result<Json<RequestDetailResponse>, ApiError> {
    let (account_id, id) = (AccountId(caller.account_id), RequestId(id.into_inner()));
    let detail = state
        .read(move |conn| Ok(Detail::find(conn, account_id, id)?))
        .await?
        .ok_or(ApiError::NotFound)?;
    Ok(Json(detail.into()))
}
