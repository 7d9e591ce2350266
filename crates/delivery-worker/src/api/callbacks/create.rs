//! Creating.

use database::Connection;
use events::{AccountId, Timestamp};
use http_api::{API_PREFIX, ApiError, Caller, JsonBody};
use idempotency::{Answer, Idempotency, Outcome};
use serde_json::Value;

use super::judge::Judge;
use super::settings::{Reader, read_new};
use super::stages::NewlyNamed;
use super::{CHANGING_KEYS, Created, ShowTerms, Shown, TestResponse, read_only_keys};
use crate::api::test_request::{TestReport, send_test};
use crate::domain::webhook::{WebhookId, WebhookKind};
use crate::domain::webhook_record::{MAX_WEBHOOKS, WebhookConfig};
use crate::secret::{SealedKeys, SecretOwner, WebhookSecret};
use crate::state::AppState;
use crate::store::config::lock_config;
use crate::store::error::StoreError;
use crate::store::test_deliveries::find_first_test;
use crate::store::webhook_records::{StoredWebhook, count_webhooks, find_webhook, insert_webhook};

/// Creates what the body describes, and tests it.
pub(crate) async fn create(
    kind: WebhookKind,
    state: &AppState,
    caller: &Caller,
    idempotency: Idempotency,
    body: JsonBody,
) -> Result<Answer, ApiError> {
    let sha256 = body.sha256();
    let mut fields = body.into_fields();
    for key in read_only_keys(kind).chain(CHANGING_KEYS) {
        fields.read_only(key, None);
    }
    let mut judge = Judge::new(&fields);
    let reader = Reader {
        kind,
        sender: &state.sender,
        token_id: &caller.token_id,
    };
    let new = read_new(&mut fields, reader).await;
    judge.said_pipeline = new.said_pipeline;
    let account_id = AccountId(caller.account_id);
    let named = NewlyNamed::of(&new.config.settings, None);
    let known = named.wait(state, account_id).await?;
    judge.finish(fields, new.config.clone(), None, &known)?;
    let secret = match new.secret {
        Some(secret) => secret,
        None => WebhookSecret::generate().map_err(ApiError::internal)?,
    };

    let unit = NewWebhookUnit {
        kind,
        state: state.clone(),
        terms: ShowTerms::new(state, caller),
        judge,
        config: new.config,
        secret: secret.clone(),
    };
    let outcome = idempotency
        .run_with(&state.database, caller, sha256, move |conn| unit.run(conn))
        .await?;
    match outcome {
        Outcome::Done(mut answer, (stored, shown)) => {
            state.engine.webhooks_changed();
            let test = send_test(state, account_id, &stored).await;
            answer.set_body(&Created {
                shown,
                secret: secret.expose(),
                test: (&test).into(),
            })?;
            Ok(answer)
        }
        Outcome::Repeated(answer) => show_secret_again(kind, state, account_id, answer).await,
    }
}

/// What is written in one transaction.
struct NewWebhookUnit {
    kind: WebhookKind,
    state: AppState,
    terms: ShowTerms,
    judge: Judge,
    config: WebhookConfig,
    secret: WebhookSecret,
}

impl NewWebhookUnit {
    /// The answer that is kept for repeats is without the secret: that rests
    /// encrypted only.
    fn run(
        &self,
        conn: &mut Connection<'_>,
    ) -> Result<(Answer, (StoredWebhook, Shown)), StoreError> {
        let account_id = self.terms.account_id();
        lock_config(conn)?;
        if count_webhooks(conn, account_id)? >= MAX_WEBHOOKS {
            return Err(StoreError::Refused(too_many()));
        }
        let mut config = self.config.clone();
        self.judge.admit(conn, account_id, &mut config, None)?;
        let now: Timestamp = self.terms.now;
        let stored = insert_webhook(conn, account_id, &config, now, |id| {
            let owner = SecretOwner {
                account_id,
                webhook_id: id.0,
            };
            let ed25519 = config.settings.ed25519;
            let keys = SealedKeys::of_new(&self.state.keys, owner, &self.secret, ed25519);
            Ok::<_, StoreError>(keys?)
        })?;
        let webhook = &stored.webhook;
        let location = format!("{API_PREFIX}{}/{}", self.kind.path(), webhook.id);
        let shown = Shown::read(conn, webhook, &self.terms)?.with_waiting(0);
        let answer = Answer::created(location, Some(webhook.revision), &shown)?;
        Ok((answer, (stored, shown)))
    }
}

fn too_many() -> ApiError {
    ApiError::Conflict {
        detail: format!(
            "There are {MAX_WEBHOOKS} webhooks and triggers already, and that is the most; delete \
             one first."
        ),
    }
}

/// Puts the secret and the test's result back into an answer that is given again: who repeats a
/// request has not seen the first answer.
async fn show_secret_again(
    kind: WebhookKind,
    state: &AppState,
    account_id: AccountId,
    mut answer: Answer,
) -> Result<Answer, ApiError> {
    let mut body: Value = serde_json::from_slice(answer.body()).map_err(ApiError::internal)?;
    let webhook_id = body["id"].as_i64().unwrap_or_default();
    let (stored, test) = state
        .read(move |conn| {
            let id = WebhookId(webhook_id);
            let stored = find_webhook(conn, account_id, kind, id)?;
            Ok((stored, find_first_test(conn, account_id, id)?))
        })
        .await?;
    let owner = SecretOwner {
        account_id,
        webhook_id,
    };
    let secret = match stored {
        Some(stored) => Some(state.keys.unseal(&stored.keys.secret, owner)),
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
