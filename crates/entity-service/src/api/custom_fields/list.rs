//! `GET /custom-fields`.

use actix_web::web::Data;
use events::AccountId;
use http_api::{ApiError, Authorized, Page, QueryParams, ReadProblems, RecordsRead};

use super::CustomFieldResponse;
use crate::api::settings::NamedListParams;
use crate::state::AppState;
use crate::store::custom_fields as store;
use crate::store::named_list::NamedList;

/// Custom fields, newest first.
#[utoipa::path(
    get,
    path = "/custom-fields",
    tag = "custom-fields",
    params(NamedListParams),
    responses(
        (status = 200, description = "A page of fields", body = Page<CustomFieldResponse>),
        ReadProblems,
    )
)]
pub(crate) async fn list_custom_fields(
    state: Data<AppState>,
    caller: Authorized<RecordsRead>,
    mut query: QueryParams,
) -> Result<Page<CustomFieldResponse>, ApiError> {
    let list = NamedList::read(&mut query);
    query.finish()?;
    let (account_id, page) = (AccountId(caller.account_id), list.page);
    let fields = state
        .read(move |conn| Ok(store::list_custom_fields(conn, account_id, &list)?))
        .await?;
    Ok(Page::from_rows(
        fields,
        &page,
        |field| field.id.0,
        |field| CustomFieldResponse::from(&field),
    ))
}
