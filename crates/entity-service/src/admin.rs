//! What an operator does without the API: opening accounts and issuing tokens.

use database::{Database, DatabaseError};
use events::{AccountId, Clock, Timestamp, TokenId};
use http_api::{ApiError, Claims, KeyError, ScopeSet, TokenSigner, new_token_id};

use crate::domain::token::ApiToken;
use crate::records::accounts::open_account;
use crate::store::accounts::{get_account, is_any_account, lock_opening};
use crate::store::api_tokens::insert_token;
use crate::store::error::StoreError;

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// There is no such account.
    #[error("there is no account {0}; make one with `account create`")]
    UnknownAccount(AccountId),
    /// The token could not be signed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A rule of the service refused it.
    #[error(transparent)]
    Refused(ApiError),
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Database(error) => Self::Database(error),
            StoreError::Refused(error) => Self::Refused(error),
        }
    }
}

/// A token to issue.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// The account that it acts for.
    pub account_id: AccountId,
    /// What people know it by.
    pub name: String,
    /// What it may do.
    pub scopes: ScopeSet,
    /// From when on it is refused, to the second; `None`: never.
    pub expires_at: Option<Timestamp>,
}

/// A token that was issued.
#[derive(Clone)]
pub struct IssuedToken {
    /// By which it is revoked.
    pub id: TokenId,
    /// The secret itself; it is kept nowhere.
    pub token: String,
}

impl std::fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedToken")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Opens an account with a pipeline, statuses and types to start with.
///
/// # Errors
/// [`AdminError::Database`].
pub async fn create_account(
    database: &Database,
    clock: &Clock,
    name: &str,
) -> Result<AccountId, AdminError> {
    let (name, now) = (name.to_owned(), clock.now());
    database
        .write(move |conn| Ok(open_account(conn, &name, now)?))
        .await
}

/// Opens the first account, which has the id 1 in a new database; `None` if there is any already.
///
/// # Errors
/// [`AdminError::Database`].
pub async fn ensure_first_account(
    database: &Database,
    clock: &Clock,
    name: &str,
) -> Result<Option<AccountId>, AdminError> {
    let (name, now) = (name.to_owned(), clock.now());
    database
        .write(move |conn| {
            if is_any_account(conn)? {
                return Ok(None);
            }
            lock_opening(conn)?;
            // Another replica may have opened it while this one waited.
            if is_any_account(conn)? {
                return Ok(None);
            }
            Ok(Some(open_account(conn, &name, now)?))
        })
        .await
}

/// Issues a token and keeps note of it, so that it can be listed and revoked.
///
/// # Errors
/// [`AdminError`]: no such account, the key does not sign, the database fails.
pub async fn issue_token(
    database: &Database,
    clock: &Clock,
    signer: &TokenSigner,
    request: TokenRequest,
) -> Result<IssuedToken, AdminError> {
    let now = clock.now();
    let account_id = request.account_id;
    let record = ApiToken {
        id: TokenId(new_token_id()),
        name: request.name,
        scopes: request.scopes,
        created_at: now,
        expires_at: request.expires_at,
        revoked_at: None,
    };
    let token = signer.sign(&Claims {
        account_id: account_id.0,
        token_id: record.id.0.clone(),
        scopes: record.scopes,
        issued_at_seconds: now.unix_seconds(),
        expires_at_seconds: record.expires_at.map(Timestamp::unix_seconds),
    })?;
    let id = record.id.clone();
    database
        .write(move |conn| {
            get_account(conn, account_id).map_err(|error| match error {
                DatabaseError::NotFound => AdminError::UnknownAccount(account_id),
                other => AdminError::Database(other),
            })?;
            Ok::<_, AdminError>(insert_token(conn, account_id, &record)?)
        })
        .await?;
    Ok(IssuedToken { id, token })
}
