//! Changing.

use database::Connection;
use events::{AccountId, Timestamp};
use http_api::{ApiError, Caller, Fields, IfMatch, JsonBody, Record};
use serde_json::Value;

use super::hurrying::Hurried;
use super::judge::Judge;
use super::settings::{Reader, read_patch};
use super::stages::NewlyNamed;
use super::{CHANGING_KEYS, ShowTerms, Shown, Updated, read_only_keys};
use crate::api::test_request::send_test;
use crate::domain::webhook::{WebhookId, WebhookKind};
use crate::domain::webhook_record::WebhookPatch;
use crate::secret::{KeyRing, KeysError, SealedPair, SecretOwner};
use crate::state::AppState;
use crate::store::error::StoreError;
use crate::store::lane_pauses::forget_receiver;
use crate::store::lanes::enable_lane;
use crate::store::webhook_keys::update_keys;
use crate::store::webhook_records::{StoredWebhook, find_webhook, lock_webhook, update_config};

/// Changes one as the merge patch says, and tests it if that is a change.
pub(crate) async fn update(
    kind: WebhookKind,
    state: &AppState,
    caller: &Caller,
    id: i64,
    if_match: IfMatch,
    body: JsonBody,
) -> Result<Record<Updated<Shown>>, ApiError> {
    let (account_id, id) = (AccountId(caller.account_id), WebhookId(id));
    let terms = ShowTerms::new(state, caller);
    let show = terms.clone();
    let (current, shown) = state
        .read(move |conn| {
            let found = find_webhook(conn, account_id, kind, id)?;
            let current = found.ok_or(ApiError::NotFound)?.webhook;
            let shown = Shown::read(conn, &current, &show)?;
            Ok((current, shown))
        })
        .await?;
    // Asked again under the lock; here, so that a stale patch is not judged by its fields.
    if_match.check(current.revision)?;
    let mut fields = body.into_fields();
    keep_read_only(&mut fields, kind, &shown)?;
    let mut judge = Judge::new(&fields);
    let reader = Reader {
        kind,
        sender: &state.sender,
        token_id: &caller.token_id,
    };
    let read = read_patch(&mut fields, reader).await;
    judge.said_pipeline = read.said_pipeline;
    let before = &current.config;
    let merged = before.merged(read.patch.clone());
    let named = NewlyNamed::of(&merged.settings, Some(&before.settings));
    let known = named.wait(state, account_id).await?;
    judge.finish(fields, merged, Some(before), &known)?;

    let is_enabling = read.patch.active == Some(true) && current.standing.disabled_at.is_some();
    let hurried = if is_enabling {
        Hurried::begin(state, id).await?
    } else {
        Hurried::NOT_BEGUN
    };
    let unit = UpdateUnit {
        kind,
        id,
        state: state.clone(),
        terms,
        if_match,
        judge,
        patch: read.patch,
        hurried,
    };
    let (stored, shown, changed) = state.write(move |conn| unit.run(conn)).await?;
    let test = if changed {
        state.engine.webhooks_changed();
        Some(send_test(state, account_id, &stored).await)
    } else {
        None
    };
    let body = Updated {
        shown: shown.count_waiting(state).await,
        test: test.as_ref().map(Into::into),
    };
    Ok(Record::new(stored.webhook.revision, body))
}

/// What cannot be set may be sent back as it was read (WIRE 5).
fn keep_read_only(fields: &mut Fields, kind: WebhookKind, shown: &Shown) -> Result<(), ApiError> {
    let current = serde_json::to_value(shown).map_err(ApiError::internal)?;
    for key in read_only_keys(kind) {
        fields.read_only(key, current.get(key));
    }
    for key in CHANGING_KEYS {
        let sent = fields.peek(key).cloned();
        fields.read_only(key, sent.as_ref());
    }
    for key in ["secret", "test"] {
        fields.read_only(key, None::<&Value>);
    }
    Ok(())
}

/// What is written in one transaction.
struct UpdateUnit {
    kind: WebhookKind,
    id: WebhookId,
    state: AppState,
    terms: ShowTerms,
    if_match: IfMatch,
    judge: Judge,
    patch: WebhookPatch,
    hurried: Hurried,
}

impl UpdateUnit {
    /// What there is after the patch, and whether that is another than before.
    fn run(&self, conn: &mut Connection<'_>) -> Result<(StoredWebhook, Shown, bool), StoreError> {
        let account_id = self.terms.account_id();
        let (mut stored, is_changed) = self.update(conn, account_id)?;
        if is_changed {
            stored = renew_keys(conn, account_id, stored, &self.state.keys, self.terms.now)?;
        }
        let shown = Shown::read(conn, &stored.webhook, &self.terms)?;
        Ok((stored, shown, is_changed))
    }

    fn update(
        &self,
        conn: &mut Connection<'_>,
        account_id: AccountId,
    ) -> Result<(StoredWebhook, bool), StoreError> {
        let current =
            lock_webhook(conn, account_id, self.kind, self.id)?.ok_or(ApiError::NotFound)?;
        self.if_match.check(current.webhook.revision)?;
        let before = &current.webhook.config;
        let mut patch = self.patch.clone();
        // What is shown and sent back is no wish to have it for good.
        if before.settings.max_concurrency.is_none()
            && patch.max_concurrency == Some(Some(self.terms.usual_concurrency))
        {
            patch.max_concurrency = None;
        }
        let is_enabled =
            patch.active == Some(true) && current.webhook.standing.disabled_at.is_some();
        let mut config = before.merged(patch);
        self.judge
            .admit(conn, account_id, &mut config, Some(before))?;
        let is_changed = config != *before;
        if is_changed {
            update_config(conn, account_id, &current.webhook, &config, self.terms.now)?;
        }
        if config.settings.url != before.settings.url {
            forget_receiver(conn, self.id)?;
        }
        if is_enabled {
            enable_lane(conn, self.id)?;
            self.hurried.finish(conn, self.id)?;
        }
        if !(is_changed || is_enabled) {
            return Ok((current, false));
        }
        let stored =
            find_webhook(conn, account_id, self.kind, self.id)?.ok_or(ApiError::NotFound)?;
        Ok((stored, true))
    }
}

/// Makes the pair of ed25519 keys that the settings ask for, if there was none yet, and seals all
/// keys under the current master key if they are still under an older one. Keys that do not open
/// stay as they are: their webhook is held until their master key is back.
fn renew_keys(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    mut stored: StoredWebhook,
    keys: &KeyRing,
    now: Timestamp,
) -> Result<StoredWebhook, StoreError> {
    let webhook = &mut stored.webhook;
    let owner = SecretOwner {
        account_id,
        webhook_id: webhook.id.0,
    };
    let before = stored.keys.clone();
    match stored.keys.resealed(keys, owner, now) {
        Ok(Some(resealed)) => stored.keys = resealed,
        Ok(None) | Err(KeysError::Unseal(_)) => {}
        Err(KeysError::Crypto(error)) => return Err(error.into()),
    }
    if webhook.config.settings.ed25519 && stored.keys.pair.is_none() {
        stored.keys.pair = Some(SealedPair::generate(keys, owner)?);
    }
    if stored.keys != before {
        webhook.public_keys = stored.keys.public_keys();
        update_keys(conn, account_id, webhook.id, &stored.keys)?;
    }
    Ok(stored)
}
