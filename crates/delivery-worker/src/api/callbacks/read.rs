//! Reading one.

use http_api::{ApiError, Caller, Record};

use super::{ShowTerms, Shown};
use crate::domain::webhook::{WebhookId, WebhookKind};
use crate::state::AppState;
use crate::store::deliveries::count_waiting;
use crate::store::webhook_records::find_webhook;

/// One of the account's.
pub(crate) async fn read(
    kind: WebhookKind,
    state: &AppState,
    caller: &Caller,
    id: i64,
) -> Result<Record<Shown>, ApiError> {
    let terms = ShowTerms::new(state, caller);
    let (revision, shown) = state
        .read(move |conn| {
            let found = find_webhook(conn, terms.account_id(), kind, WebhookId(id))?;
            let webhook = found.ok_or(ApiError::NotFound)?.webhook;
            let shown = Shown::read(conn, &webhook, &terms)?;
            let waiting = count_waiting(conn, webhook.id)?;
            Ok((webhook.revision, shown.with_waiting(waiting)))
        })
        .await?;
    Ok(Record::new(revision, shown))
}
