//! Lists.

use http_api::{ApiError, Caller, Page};

use super::{ShowTerms, Shown};
use crate::domain::stage::AccountStages;
use crate::domain::webhook::WebhookKind;
use crate::state::AppState;
use crate::store::pipelines::list_stages;
use crate::store::webhook_list::{WebhookList, list_webhooks};

/// A page of the account's, newest first.
pub(crate) async fn list(
    state: &AppState,
    caller: &Caller,
    list: WebhookList,
) -> Result<Page<Shown>, ApiError> {
    let (terms, page) = (ShowTerms::new(state, caller), list.page);
    let (account_id, now) = (terms.account_id(), terms.now);
    let (webhooks, stages) = state
        .read(move |conn| {
            let webhooks = list_webhooks(conn, account_id, &list, now)?;
            let stages = match list.kind {
                WebhookKind::Webhook => AccountStages::default(),
                WebhookKind::Trigger => list_stages(conn, account_id)?,
            };
            Ok((webhooks, stages))
        })
        .await?;
    Ok(Page::from_rows(
        webhooks,
        &page,
        |webhook| webhook.id.0,
        |webhook| Shown::new(&webhook, &stages, &terms),
    ))
}
