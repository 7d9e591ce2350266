//! `GET /tasks`.

use actix_web::web::Data;
use events::AccountId;
use http_api::{ApiError, Authorized, Page, QueryParams, ReadProblems, RecordsRead};
use serde_json::Value;
use utoipa::IntoParams;

use super::{TaskResponse, show};
use crate::api::reading::ids_of_both;
use crate::state::AppState;
use crate::store::tasks::{self, TaskList};

/// What a list of tasks can be narrowed by; each id may be repeated.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query string; QueryParams reads it")]
pub(crate) struct TaskListParams {
    /// Of these orders.
    id_order: Option<Vec<i64>>,
    /// Of these orders too.
    id_deal: Option<Vec<i64>>,
    /// In these statuses.
    id_status: Option<Vec<i64>>,
    /// Of these types.
    id_type: Option<Vec<i64>>,
    /// Added at or after this time (RFC 3339 or Unix seconds).
    created_from: Option<String>,
    /// Added before this time.
    created_to: Option<String>,
    /// Last changed at or after this time.
    updated_from: Option<String>,
    /// Last changed before this time.
    updated_to: Option<String>,
    /// 1 to 200; 50 if left out.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Tasks, newest first.
#[utoipa::path(
    get,
    path = "/tasks",
    tag = "tasks",
    params(TaskListParams),
    responses(
        (status = 200, description = "A page of tasks", body = Page<TaskResponse>),
        ReadProblems,
    )
)]
pub(crate) async fn list_tasks(
    state: Data<AppState>,
    caller: Authorized<RecordsRead>,
    mut query: QueryParams,
) -> Result<Page<Value>, ApiError> {
    let list = TaskList {
        order_ids: ids_of_both(&mut query, ["id_order", "id_deal"]),
        status_ids: query.ids("id_status"),
        type_ids: query.ids("id_type"),
        created: query.time_range("created"),
        updated: query.time_range("updated"),
        page: query.page(),
    };
    query.finish()?;
    let account_id = AccountId(caller.account_id);
    let page = list.page;
    let found = state
        .read(move |conn| Ok(tasks::list_tasks(conn, account_id, &list)?))
        .await?;
    Ok(Page::from_rows(
        found,
        &page,
        |task| task.record.id.0,
        |task| show(&task),
    ))
}
