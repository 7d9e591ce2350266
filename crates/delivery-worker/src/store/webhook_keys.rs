//! What signs a webhook's callbacks: columns of its row.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{AccountId, Timestamp};
use serde_json::Value;

use super::config::bump_version;
use super::schema::webhooks;
use crate::domain::webhook::WebhookId;
use crate::secret::{SealedKeys, SealedPair};

/// The columns.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = webhooks)]
pub(crate) struct KeysRow {
    secret: Vec<u8>,
    signing_key: Option<Vec<u8>>,
    public_key: Option<String>,
    previous_keys: Option<Value>,
}

impl From<Vec<u8>> for KeysRow {
    /// A secret and nothing else.
    fn from(secret: Vec<u8>) -> Self {
        Self {
            secret,
            signing_key: None,
            public_key: None,
            previous_keys: None,
        }
    }
}

impl KeysRow {
    /// The keys, still sealed.
    ///
    /// # Errors
    /// If what is kept of earlier keys is another version's, or damaged.
    pub(crate) fn read(self) -> Result<SealedKeys, serde_json::Error> {
        let pair = self.signing_key.zip(self.public_key);
        let previous = self.previous_keys.map(serde_json::from_value).transpose()?;
        Ok(SealedKeys {
            secret: self.secret,
            pair: pair.map(|(signing_key, public_key)| SealedPair {
                signing_key,
                public_key,
            }),
            previous: previous.unwrap_or_default(),
        })
    }
}

/// A webhook that has keys: each that is not deleted.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = webhooks)]
pub(crate) struct KeyHolder {
    pub(crate) id: i64,
    pub(crate) account_id: i64,
    pub(crate) kind: String,
    pub(crate) name: String,
    #[diesel(embed)]
    pub(crate) keys: KeysRow,
}

/// Webhooks of all accounts behind an id, in order.
pub(crate) fn list_key_holders(
    conn: &mut Connection<'_>,
    after_id: i64,
    limit: i64,
) -> Result<Vec<KeyHolder>, DatabaseError> {
    Ok(on_backend!(conn, |c| webhooks::table
        .filter(webhooks::id.gt(after_id))
        .filter(webhooks::deleted_at_us.is_null())
        .order(webhooks::id)
        .limit(limit)
        .select(KeyHolder::as_select())
        .load(c))?)
}

/// Puts the keys of a webhook in place. The configuration has to be locked.
pub(crate) fn update_keys(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: WebhookId,
    keys: &SealedKeys,
) -> Result<(), DatabaseError> {
    let (signing_key, public_key) = match &keys.pair {
        Some(pair) => (Some(&pair.signing_key), Some(&pair.public_key)),
        None => (None, None),
    };
    let previous = (!keys.previous.is_empty()).then(|| serde_json::to_value(&keys.previous));
    let previous = previous.transpose().map_err(|error| {
        DatabaseError::Refused(diesel::result::Error::SerializationError(error.into()))
    })?;
    on_backend!(conn, |c| diesel::update(
        webhooks::table
            .filter(webhooks::account_id.eq(account_id.0))
            .filter(webhooks::id.eq(id.0))
    )
    .set((
        webhooks::secret.eq(&keys.secret),
        webhooks::signing_key.eq(signing_key),
        webhooks::public_key.eq(public_key),
        webhooks::previous_keys.eq(&previous),
    ))
    .execute(c))?;
    Ok(())
}

/// Puts other keys of a locked webhook in place: a change that the API shows, and
/// that workers hear of.
pub(crate) fn replace_keys(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: WebhookId,
    keys: &SealedKeys,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let config_version = bump_version(conn)?;
    update_keys(conn, account_id, id, keys)?;
    on_backend!(conn, |c| diesel::update(
        webhooks::table
            .filter(webhooks::account_id.eq(account_id.0))
            .filter(webhooks::id.eq(id.0))
    )
    .set((
        webhooks::config_version.eq(config_version),
        webhooks::revision.eq(webhooks::revision + 1),
        webhooks::updated_at_us.eq(now.0),
    ))
    .execute(c))?;
    Ok(())
}
