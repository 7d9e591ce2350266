//! What the first start leaves in the data folder besides keys: an account and
//! a token to begin with.

use std::path::PathBuf;

use anyhow::Context as _;
use database::Database;
use entity_service::{TokenRequest, ensure_first_account, issue_token};
use events::{AccountId, Clock};
use http_api::ScopeSet;

use crate::data_folder::DataFolder;
use crate::keys::Keys;
use crate::secret_file;
use crate::wiring::FIRST_ACCOUNT_NAME;

/// The first token, mode 600.
pub(crate) const TOKEN_FILE: &str = "admin.token";

/// The account of an installation that has only one.
const FIRST_ACCOUNT: AccountId = AccountId(1);

/// Opens the first account where there is none, and issues a token with all
/// rights where the file with it is missing. Returns the token's file.
///
/// # Errors
/// When the database or the file cannot be written.
pub(crate) async fn prepare(
    database: &Database,
    folder: &DataFolder,
    keys: &Keys,
) -> anyhow::Result<PathBuf> {
    let clock = Clock::System;
    ensure_first_account(database, &clock, FIRST_ACCOUNT_NAME)
        .await
        .context("cannot open the first account")?;
    let file = folder.file(TOKEN_FILE);
    // A file that is there but exposed to others is an error worth stopping for.
    if secret_file::read(&file)?.is_none() {
        let request = TokenRequest {
            account_id: FIRST_ACCOUNT,
            name: "admin.token".to_owned(),
            scopes: ScopeSet::all(),
            expires_at: None,
        };
        let issued = issue_token(database, &clock, &keys.signer, request)
            .await
            .context("cannot issue the first token")?;
        secret_file::write(&file, format!("{}\n", issued.token).as_bytes())?;
        tracing::info!(file = %file.display(), "issued a token with all rights");
    }
    Ok(file)
}
