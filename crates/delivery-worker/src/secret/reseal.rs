//! Brings every secret under the current master key, beside running services: the
//! step after which an older master key is of no more use (`dealwire keys reseal`).

use database::{Connection, DatabaseError};
use events::{AccountId, Timestamp};

use super::{CryptoError, KeyRing, KeysError, SecretOwner};
use crate::domain::webhook::WebhookId;
use crate::store::config::lock_config;
use crate::store::webhook_keys::{KeyHolder, list_key_holders, update_keys};

/// How many webhooks one transaction looks at: changes of webhooks wait that long.
const AT_ONCE: i64 = 100;

/// What came of some webhooks, and where to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resealed {
    /// How many webhooks' secrets were sealed anew.
    pub resealed: u64,
    /// How many were under the current key already.
    pub current: u64,
    /// Those that are as they were, since a key of theirs does not open.
    pub unreadable: Vec<UnreadableKeys>,
    /// The last webhook looked at, to go on behind; `None` after the last one.
    pub next: Option<i64>,
}

/// A webhook whose secret does not open. Its deliveries wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableKeys {
    /// Its account.
    pub account_id: i64,
    /// Its id.
    pub webhook_id: i64,
    /// `webhook` or `trigger`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What is wrong.
    pub reason: String,
}

/// Why secrets cannot be sealed anew.
#[derive(Debug, thiserror::Error)]
pub enum ResealError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A secret could not be sealed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// Seals the secrets of the next webhooks behind `after_id` anew, where they are not
/// under the current key; 0 begins with the first. To be called in a transaction,
/// again and again until there is no [`Resealed::next`].
///
/// Nothing that the API shows changes, and workers need not hear of it: what they
/// have open stays good.
///
/// # Errors
/// [`ResealError`].
pub fn reseal_some(
    conn: &mut Connection<'_>,
    keys: &KeyRing,
    after_id: i64,
    now: Timestamp,
) -> Result<Resealed, ResealError> {
    // Whoever writes a secret holds this, older programs included.
    lock_config(conn)?;
    let holders = list_key_holders(conn, after_id, AT_ONCE)?;
    let mut done = Resealed {
        next: holders.last().map(|last| last.id),
        ..Resealed::default()
    };
    for holder in holders {
        match reseal(conn, keys, &holder, now) {
            Ok(true) => done.resealed += 1,
            Ok(false) => done.current += 1,
            Err(Trouble::Unreadable(reason)) => done.unreadable.push(UnreadableKeys {
                account_id: holder.account_id,
                webhook_id: holder.id,
                kind: holder.kind,
                name: holder.name,
                reason,
            }),
            Err(Trouble::Failed(error)) => return Err(error),
        }
    }
    Ok(done)
}

enum Trouble {
    /// This webhook's keys are the reason.
    Unreadable(String),
    Failed(ResealError),
}

/// Whether there was anything to do.
fn reseal(
    conn: &mut Connection<'_>,
    keys: &KeyRing,
    holder: &KeyHolder,
    now: Timestamp,
) -> Result<bool, Trouble> {
    let unreadable = |error: &dyn std::fmt::Display| Trouble::Unreadable(error.to_string());
    let sealed = holder.keys.clone().read();
    let sealed = sealed.map_err(|error| unreadable(&error))?;
    let owner = SecretOwner {
        account_id: AccountId(holder.account_id),
        webhook_id: holder.id,
    };
    let resealed = sealed
        .resealed(keys, owner, now)
        .map_err(|error| match error {
            KeysError::Unseal(error) => unreadable(&error),
            KeysError::Crypto(error) => Trouble::Failed(error.into()),
        })?;
    let Some(resealed) = resealed else {
        return Ok(false);
    };
    update_keys(conn, owner.account_id, WebhookId(holder.id), &resealed)
        .map_err(|error| Trouble::Failed(error.into()))?;
    Ok(true)
}
