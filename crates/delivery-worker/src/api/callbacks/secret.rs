//! The keys of a webhook: changing them, and showing the public one.

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use database::Connection;
use events::{AccountId, Timestamp};
use http_api::{
    ApiError, Caller, Fields, IfMatch, Invalid, OptionalJsonBody, Presence, TextLimit, code,
    read_text,
};
use idempotency::{Answer, Idempotency, Outcome};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::api::sentence::sentence;
use crate::domain::webhook::{WebhookId, WebhookKind};
use crate::domain::webhook_record::{MAX_NAME_CHARS, Webhook};
use crate::secret::{MAX_PREVIOUS, PreviousKeys, SealedKeys, SecretOwner, WebhookSecret};
use crate::state::AppState;
use crate::store::error::StoreError;
use crate::store::webhook_keys::replace_keys;
use crate::store::webhook_records::{StoredWebhook, find_webhook, lock_webhook};

/// How long a secret may sign beside its successor.
const OVERLAP_HOURS: RangeInclusive<i64> = 0..=168;
/// WIRE 4.
const USUAL_OVERLAP_HOURS: i64 = 24;
const HOUR_US: i64 = 3_600_000_000;

/// What to sign with from now on.
#[derive(Debug, Default, ToSchema)]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct RotateSecretRequest {
    /// The new secret, `whsec_` and the base64 of 24 to 64 bytes; made here unless given.
    secret: Option<String>,
    /// For how many hours callbacks are signed with the secrets from before as well, 0 to 168; 24
    /// unless given. With 0 all earlier secrets end at once, those of earlier rotations included.
    #[schema(example = 24)]
    overlap_hours: Option<i64>,
}

/// A secret that was just put in place.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RotatedSecret {
    /// What callbacks are signed with from now on. It is shown here and never again. An answer that
    /// is given again for the same `Idempotency-Key` has it as well, or null if the webhook is gone;
    /// where the secret was changed again since, it is refused with 409.
    #[schema(value_type = String, example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: Option<String>,
    /// The public key of the new `v1a` signatures; null unless `ed25519` is on.
    public_key: Option<String>,
    /// Until when the secrets from before sign as well, RFC 3339; null if none does.
    #[schema(format = DateTime)]
    previous_secret_until: Option<String>,
    /// The webhook's.
    revision: i64,
}

/// What `v1a` signatures are checked with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublicKeyResponse {
    /// `whpk_` and the base64 of 32 bytes (Standard Webhooks).
    #[schema(example = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=")]
    public_key: String,
    /// Those from before, of which there is a signature in each callback as well.
    previous: Vec<PreviousPublicKey>,
}

/// A public key that was replaced.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviousPublicKey {
    /// As above.
    public_key: String,
    /// Until when it is of use, RFC 3339.
    #[schema(format = DateTime)]
    until: String,
}

/// Reads a secret of the caller's own.
pub(super) fn read_secret(fields: &mut Fields) -> Presence<WebhookSecret> {
    fields.custom("secret", |value| {
        let text = read_text(value, TextLimit::Chars(MAX_NAME_CHARS))?;
        WebhookSecret::parse(&text)
            .map_err(|error| Invalid::new(code::INVALID, sentence(&error.to_string())))
    })
}

/// The public keys of a webhook that has `ed25519` on.
pub(crate) async fn public_key(
    kind: WebhookKind,
    state: &AppState,
    caller: &Caller,
    id: i64,
) -> Result<PublicKeyResponse, ApiError> {
    let account_id = AccountId(caller.account_id);
    let now = state.clock.now();
    let found = state
        .read(move |conn| Ok(find_webhook(conn, account_id, kind, WebhookId(id))?))
        .await?;
    let webhook = found.ok_or(ApiError::NotFound)?.webhook;
    let public_key = shown_public_key(&webhook).ok_or_else(|| ApiError::Conflict {
        detail: format!(
            "This {} does not sign with ed25519; set \"ed25519\" to true first.",
            kind.as_str()
        ),
    })?;
    let previous = webhook.public_keys.previous.into_iter();
    let previous = previous.filter(|(until, _)| *until > now);
    Ok(PublicKeyResponse {
        public_key,
        previous: previous
            .filter_map(|(until, public_key)| {
                let until = until.to_rfc3339();
                public_key.map(|public_key| PreviousPublicKey { public_key, until })
            })
            .collect(),
    })
}

/// The public key, as long as it is of use.
pub(super) fn shown_public_key(webhook: &Webhook) -> Option<String> {
    let current = webhook.public_keys.current.clone();
    current.filter(|_| webhook.config.settings.ed25519)
}

/// Until when any secret from before signs.
pub(super) fn previous_secret_until(webhook: &Webhook, now: Timestamp) -> Option<Timestamp> {
    let ends = webhook.public_keys.previous.iter().map(|(until, _)| *until);
    ends.max().filter(|until| *until > now)
}

/// Puts another secret in place, and another pair of ed25519 keys where there is one.
pub(crate) async fn rotate(
    kind: WebhookKind,
    state: &AppState,
    caller: &Caller,
    id: i64,
    if_match: IfMatch,
    idempotency: Idempotency,
    body: OptionalJsonBody,
) -> Result<Answer, ApiError> {
    let account_id = AccountId(caller.account_id);
    let sha256 = body.0.sha256();
    let mut fields = body.0.into_fields();
    let own = read_secret(&mut fields);
    let overlap_hours = fields.integer("overlap_hours", OVERLAP_HOURS);
    fields.finish()?;
    let secret = match own.value() {
        Some(own) => own,
        None => WebhookSecret::generate().map_err(ApiError::internal)?,
    };
    let owner = SecretOwner {
        account_id,
        webhook_id: id,
    };
    let rotation = Rotation {
        kind,
        owner,
        state: state.clone(),
        if_match,
        secret,
        overlap_us: overlap_hours.unwrap_or(USUAL_OVERLAP_HOURS) * HOUR_US,
    };
    let outcome = idempotency
        .run_with(&state.database, caller, sha256, move |conn| {
            rotation.run(conn)
        })
        .await?;
    match outcome {
        Outcome::Done(mut answer, shown) => {
            state.engine.webhooks_changed();
            tracing::info!(webhook = id, "a webhook has another secret");
            answer.set_body(&shown)?;
            Ok(answer)
        }
        Outcome::Repeated(answer) => show_again(kind, state, owner, answer).await,
    }
}

/// What is written in one transaction.
struct Rotation {
    kind: WebhookKind,
    owner: SecretOwner,
    state: AppState,
    if_match: IfMatch,
    secret: WebhookSecret,
    /// 0 ends all earlier secrets.
    overlap_us: i64,
}

impl Rotation {
    /// The answer that is kept for repeats is without the secret: that rests encrypted only.
    fn run(&self, conn: &mut Connection<'_>) -> Result<(Answer, RotatedSecret), StoreError> {
        let SecretOwner {
            account_id,
            webhook_id,
        } = self.owner;
        let id = WebhookId(webhook_id);
        let now = self.state.clock.now();
        let stored = lock_webhook(conn, account_id, self.kind, id)?.ok_or(ApiError::NotFound)?;
        self.if_match.check(stored.webhook.revision)?;
        let keys = self.next_keys(&stored, now)?;
        replace_keys(conn, account_id, id, &keys, now)?;
        let stored = find_webhook(conn, account_id, self.kind, id)?.ok_or(ApiError::NotFound)?;
        let mut shown = RotatedSecret {
            secret: None,
            public_key: shown_public_key(&stored.webhook),
            previous_secret_until: previous_secret_until(&stored.webhook, now)
                .map(Timestamp::to_rfc3339),
            revision: stored.webhook.revision,
        };
        let answer = Answer::of_record(shown.revision, &Kept::of(&shown, &keys.secret))?;
        shown.secret = Some(self.secret.expose());
        Ok((answer, shown))
    }

    fn next_keys(&self, stored: &StoredWebhook, now: Timestamp) -> Result<SealedKeys, StoreError> {
        let keys = &self.state.keys;
        let ed25519 = stored.webhook.config.settings.ed25519;
        let mut next = SealedKeys::of_new(keys, self.owner, &self.secret, ed25519)?;
        let old = &stored.keys;
        // One that does not open signs nothing, so that there is nothing to overlap with.
        let current = keys.unseal(&old.secret, self.owner).ok();
        if current.as_ref() == Some(&self.secret) {
            return Err(refused(ApiError::field(
                "/secret",
                code::INVALID,
                "Send another secret: this is the one that callbacks are signed with already.",
            )));
        }
        if self.overlap_us == 0 {
            return Ok(next);
        }
        next.previous.extend(old.overlapping(now).cloned());
        if current.is_some() {
            if next.previous.len() >= MAX_PREVIOUS {
                return Err(refused(too_many()));
            }
            next.previous.push(PreviousKeys {
                secret: old.secret.clone(),
                pair: old.pair.clone(),
                until_us: now.0.saturating_add(self.overlap_us),
            });
        }
        Ok(next)
    }
}

fn refused(error: ApiError) -> StoreError {
    StoreError::Refused(error)
}

fn too_many() -> ApiError {
    ApiError::Conflict {
        detail: format!(
            "{MAX_PREVIOUS} earlier secrets still sign beside the current one, and that is the \
             most; wait until one of them ends, or send {{\"overlap_hours\": 0}} to end all of them now."
        ),
    }
}

/// What is kept of an answer for repeats.
#[derive(Debug, Serialize)]
struct Kept<'a> {
    #[serde(flatten)]
    shown: &'a RotatedSecret,
    /// The secret, sealed: whether it is still the one that signs is seen by it.
    sealed_secret: String,
}

/// The key of [`Kept::sealed_secret`].
const SEALED_SECRET: &str = "sealed_secret";

impl<'a> Kept<'a> {
    fn of(shown: &'a RotatedSecret, sealed_secret: &[u8]) -> Self {
        Self {
            shown,
            sealed_secret: STANDARD.encode(sealed_secret),
        }
    }
}

/// Puts the secret back into an answer that is given again: who repeats a request has not seen
/// the first answer.
async fn show_again(
    kind: WebhookKind,
    state: &AppState,
    owner: SecretOwner,
    mut answer: Answer,
) -> Result<Answer, ApiError> {
    let (account_id, id) = (owner.account_id, WebhookId(owner.webhook_id));
    let stored = state
        .read(move |conn| Ok(find_webhook(conn, account_id, kind, id)?))
        .await?;
    let mut body: Map<String, Value> =
        serde_json::from_slice(answer.body()).map_err(ApiError::internal)?;
    let then = body.remove(SEALED_SECRET);
    let secret = match stored {
        None => None,
        Some(stored) => {
            let now = state.keys.unseal(&stored.keys.secret, owner);
            let now = now.map_err(ApiError::internal)?;
            if !is_the_one_of_then(&now, then.as_ref(), state, owner) {
                return Err(replaced(kind));
            }
            Some(now.expose())
        }
    };
    body.insert("secret".to_owned(), secret.into());
    answer.set_body(&body)?;
    Ok(answer)
}

/// Whether the secret that signs now is the one that an answer was about. One whose master key is
/// gone since is none.
fn is_the_one_of_then(
    now: &WebhookSecret,
    then: Option<&Value>,
    state: &AppState,
    owner: SecretOwner,
) -> bool {
    then.and_then(Value::as_str)
        .and_then(|sealed| STANDARD.decode(sealed).ok())
        .and_then(|sealed| state.keys.unseal(&sealed, owner).ok())
        .is_some_and(|then| then == *now)
}

fn replaced(kind: WebhookKind) -> ApiError {
    let kind = kind.as_str();
    ApiError::Conflict {
        detail: format!(
            "This request was done, but the secret of this {kind} was changed again since, so that \
             the one it made cannot be shown any more; rotate the secret with another \
             Idempotency-Key to get one that you know."
        ),
    }
}
