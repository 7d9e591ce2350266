//! `GET /events`.

use actix_web::web::Data;
use database::Connection;
use events::{AccountId, Decoded, Event};
use http_api::{ApiError, Authorized, Problem, QueryParams, ReadProblems, RecordsRead};
use outbox::feed::{self, FeedError, FeedRow};
use utoipa::IntoParams;

use super::{EventFeedResponse, EventResponse};
use crate::state::AppState;
use crate::store::error::StoreError;

/// Where the feed goes on.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query string; QueryParams reads it")]
pub(crate) struct EventFeedParams {
    /// The last `seq` seen; left out: from the oldest event that is kept.
    after: Option<i64>,
    /// 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// The account's events in order, none left out.
///
/// `seq` counts the events of the whole installation, so one account's numbers grow in steps where
/// other accounts have events in between.
#[utoipa::path(
    get,
    path = "/events",
    tag = "events",
    params(EventFeedParams),
    responses(
        (status = 200, description = "The next events", body = EventFeedResponse),
        (
            status = 410,
            description = "Events after that place are no longer kept; oldest_seq says which are",
            body = Problem,
            content_type = "application/problem+json",
        ),
        ReadProblems,
    )
)]
pub(crate) async fn list_events(
    state: Data<AppState>,
    caller: Authorized<RecordsRead>,
    mut query: QueryParams,
) -> Result<EventFeedResponse, ApiError> {
    let after = query.integer("after", 0);
    let limit = query.limit();
    query.finish()?;
    let account_id = AccountId(caller.account_id);
    let mut rows = state
        // One more than asked for, to know whether there is more.
        .read(move |conn| read(conn, account_id, after, limit + 1))
        .await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > shown;
    rows.truncate(shown);
    let last = rows.last().filter(|_| more);
    Ok(EventFeedResponse {
        next_cursor: last.map(|row| row.seq.to_string()),
        items: show(&rows)?,
    })
}

fn read(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    after: Option<i64>,
    limit: i64,
) -> Result<Vec<FeedRow>, StoreError> {
    match feed::list(conn, account_id, after.unwrap_or(0), limit) {
        Ok(rows) => Ok(rows),
        // Who names no place begins with what there is.
        Err(FeedError::Gone { oldest_seq }) if after.is_none() => {
            feed::list(conn, account_id, oldest_seq - 1, limit).map_err(refuse)
        }
        Err(error) => Err(refuse(error)),
    }
}

fn refuse(error: FeedError) -> StoreError {
    match error {
        FeedError::Gone { oldest_seq } => StoreError::Refused(ApiError::Gone {
            detail: format!(
                "Events before {oldest_seq} are no longer kept. Read the records themselves, \
                 then go on with after={}.",
                oldest_seq - 1
            ),
            oldest_seq,
        }),
        FeedError::Database(error) => StoreError::Database(error),
    }
}

fn show(rows: &[FeedRow]) -> Result<Vec<EventResponse>, ApiError> {
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        match Event::decode(&row.body).map_err(ApiError::internal)? {
            Decoded::Event(event) => items.push(EventResponse::new(row.seq, &event)),
            // Written by a newer version of this program, before it was set back.
            Decoded::Unknown => {}
        }
    }
    Ok(items)
}
