//! Pausing, and resuming.

use database::{Connection, DatabaseError};
use events::{AccountId, Timestamp};
use http_api::{ApiError, Caller, Record};

use super::hurrying::Hurried;
use super::{ShowTerms, Shown};
use crate::domain::webhook::{WebhookId, WebhookKind};
use crate::state::AppState;
use crate::store::lane_pauses::{pause_by_person, resume_by_person};
use crate::store::webhook_records::{find_webhook, lock_webhook};

/// Holds its deliveries until somebody resumes it; events go on to fire it.
pub(crate) async fn pause(
    kind: WebhookKind,
    state: &AppState,
    caller: &Caller,
    id: i64,
) -> Result<Record<Shown>, ApiError> {
    change(kind, state, caller, id, pause_by_person).await
}

/// Ends whatever makes its deliveries wait but its being disabled, which is a conflict. What waits
/// goes out at the pace that its settings allow, the oldest change first.
pub(crate) async fn resume(
    kind: WebhookKind,
    state: &AppState,
    caller: &Caller,
    id: i64,
) -> Result<Record<Shown>, ApiError> {
    let (account_id, webhook_id) = (AccountId(caller.account_id), WebhookId(id));
    let found = state
        .read(move |conn| Ok(find_webhook(conn, account_id, kind, webhook_id)?))
        .await?;
    let standing = found.ok_or(ApiError::NotFound)?.webhook.standing;
    if let Some(since) = standing.disabled_at {
        return Err(is_disabled(
            kind,
            since,
            standing.disabled_reason.as_deref(),
        ));
    }
    let hurried = if standing.is_resumable() {
        Hurried::begin(state, webhook_id).await?
    } else {
        Hurried::NOT_BEGUN
    };
    change(kind, state, caller, id, move |conn, id| {
        let is_changed = resume_by_person(conn, id)?;
        if is_changed {
            hurried.finish(conn, id)?;
        }
        Ok(is_changed)
    })
    .await
}

/// Changes what holds it up, and answers with what it is then.
async fn change(
    kind: WebhookKind,
    state: &AppState,
    caller: &Caller,
    id: i64,
    change: impl Fn(&mut Connection<'_>, WebhookId) -> Result<bool, DatabaseError> + Send + 'static,
) -> Result<Record<Shown>, ApiError> {
    let (account_id, id) = (AccountId(caller.account_id), WebhookId(id));
    let terms = ShowTerms::new(state, caller);
    let (revision, shown, is_changed) = state
        .write(move |conn| {
            let current = lock_webhook(conn, account_id, kind, id)?.ok_or(ApiError::NotFound)?;
            let is_changed = change(conn, id)?;
            let webhook = if is_changed {
                let changed = find_webhook(conn, account_id, kind, id)?;
                changed.ok_or(ApiError::NotFound)?.webhook
            } else {
                current.webhook
            };
            let shown = Shown::read(conn, &webhook, &terms)?;
            Ok((webhook.revision, shown, is_changed))
        })
        .await?;
    if is_changed {
        state.engine.webhooks_changed();
    }
    Ok(Record::new(revision, shown.count_waiting(state).await))
}

fn is_disabled(kind: WebhookKind, since: Timestamp, reason: Option<&str>) -> ApiError {
    let (noun, since) = (kind.as_str(), since.to_rfc3339());
    let reason = reason.unwrap_or("failing");
    ApiError::Conflict {
        detail: format!(
            "The {noun} is disabled since {since} ({reason}), which resuming does not end; switch \
             it on again with PATCH {{\"active\": true}}."
        ),
    }
}
