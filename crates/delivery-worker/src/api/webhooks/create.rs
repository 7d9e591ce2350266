//! `POST /webhooks`.

use actix_web::web::Data;
use database::Connection;
use events::{AccountId, Timestamp};
use http_api::{API_PREFIX, ApiError, Authorized, Caller, JsonBody, WebhooksWrite, WriteProblems};
use idempotency::{Answer, Idempotency, Outcome};
use serde_json::Value;

use super::settings::read_new;
use super::{
    CreateWebhookRequest, CreatedWebhookResponse, READ_ONLY_KEYS, TestResponse, WebhookResponse,
};
use crate::api::test_request::{TestReport, send_test};
use crate::domain::webhook::{WebhookId, WebhookKind};
use crate::domain::webhook_record::{MAX_WEBHOOKS, WebhookConfig};
use crate::secret::{KeyRing, SecretOwner, WebhookSecret};
use crate::state::AppState;
use crate::store::error::StoreError;
use crate::store::test_deliveries::find_first_test;
use crate::store::webhook_records::{StoredWebhook, count_webhooks, find_webhook, insert_webhook};

/// Creates a webhook, then sends it the test request and waits for what comes of it, 3 s at most.
///
/// The webhook is there whatever the receiver does. Its secret is in this answer and in no later
/// one; a repeat with the same `Idempotency-Key` shows it again, without a second test request.
#[utoipa::path(
    post,
    path = "/webhooks",
    tag = "webhooks",
    request_body = CreateWebhookRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe")),
    responses(
        (status = 201, description = "The webhook", body = CreatedWebhookResponse),
        WriteProblems,
    )
)]
pub(crate) async fn create_webhook(
    state: Data<AppState>,
    caller: Authorized<WebhooksWrite>,
    idempotency: Idempotency,
    body: JsonBody,
) -> Result<Answer, ApiError> {
    let sha256 = body.sha256();
    let mut fields = body.into_fields();
    for key in READ_ONLY_KEYS {
        fields.read_only(key, None);
    }
    let new = read_new(&mut fields, &state.sender).await;
    fields.finish()?;
    let secret = match new.secret {
        Some(secret) => secret,
        None => WebhookSecret::generate().map_err(ApiError::internal)?,
    };

    let unit = NewWebhookUnit {
        state: state.get_ref().clone(),
        caller: (*caller).clone(),
        config: new.config,
        secret: secret.clone(),
        now: state.clock.now(),
    };
    let outcome = idempotency
        .run_with(&state.database, &caller, sha256, move |conn| unit.run(conn))
        .await?;
    match outcome {
        Outcome::Done(mut answer, stored) => {
            state.engine.webhooks_changed();
            let test = send_test(&state, AccountId(caller.account_id), &stored).await;
            let usual = state.usual_concurrency();
            let shown = WebhookResponse::new(&stored.webhook, &caller, state.clock.now(), usual);
            answer.set_body(&CreatedWebhookResponse {
                webhook: shown,
                secret: secret.expose(),
                test: (&test).into(),
            })?;
            Ok(answer)
        }
        Outcome::Repeated(answer) => show_secret_again(&state, &caller, answer).await,
    }
}

/// What is written in one transaction.
struct NewWebhookUnit {
    state: AppState,
    caller: Caller,
    config: WebhookConfig,
    secret: WebhookSecret,
    now: Timestamp,
}

impl NewWebhookUnit {
    /// The answer that is kept for repeats is without the secret: that rests
    /// encrypted only.
    fn run(&self, conn: &mut Connection<'_>) -> Result<(Answer, StoredWebhook), StoreError> {
        let account_id = AccountId(self.caller.account_id);
        if count_webhooks(conn, account_id)? >= MAX_WEBHOOKS {
            return Err(StoreError::Refused(too_many()));
        }
        let stored = insert_webhook(conn, account_id, &self.config, self.now, |id| {
            seal(&self.state.keys, &self.secret, account_id, id)
        })?;
        let webhook = &stored.webhook;
        let location = format!("{API_PREFIX}/webhooks/{}", webhook.id);
        let usual = self.state.usual_concurrency();
        let shown = WebhookResponse::new(webhook, &self.caller, self.now, usual);
        let answer = Answer::created(location, Some(webhook.revision), &shown)?;
        Ok((answer, stored))
    }
}

fn seal(
    keys: &KeyRing,
    secret: &WebhookSecret,
    account_id: AccountId,
    id: WebhookId,
) -> Result<Vec<u8>, StoreError> {
    let owner = SecretOwner {
        account_id,
        webhook_id: id.0,
    };
    Ok(keys.seal(secret, owner)?)
}

fn too_many() -> ApiError {
    ApiError::Conflict {
        detail: format!(
            "There are {MAX_WEBHOOKS} webhooks already, and that is the most; delete one first."
        ),
    }
}

/// Puts the secret and the test's result back into an answer that is given again: who repeats a request
/// has not seen the first answer.
async fn show_secret_again(
    state: &AppState,
    caller: &Caller,
    mut answer: Answer,
) -> Result<Answer, ApiError> {
    let mut body: Value = serde_json::from_slice(answer.body()).map_err(ApiError::internal)?;
    let account_id = AccountId(caller.account_id);
    let webhook_id = body["id"].as_i64().unwrap_or_default();
    let (stored, test) = state
        .read(move |conn| {
            let id = WebhookId(webhook_id);
            let stored = find_webhook(conn, account_id, WebhookKind::Webhook, id)?;
            Ok((stored, find_first_test(conn, account_id, id)?))
        })
        .await?;
    let owner = SecretOwner {
        account_id,
        webhook_id,
    };
    let secret = match stored {
        Some(stored) => Some(state.keys.unseal(&stored.sealed_secret, owner)),
        // It was deleted since.
        None => None,
    };
    let secret = secret.transpose().map_err(ApiError::internal)?;
    body["secret"] = secret.map(|secret| secret.expose()).into();
    let test = test.map(|logged| TestResponse::from(&TestReport::of_log(logged)));
    body["test"] = serde_json::to_value(test).map_err(ApiError::internal)?;
    answer.set_body(&body)?;
    Ok(answer)
}
