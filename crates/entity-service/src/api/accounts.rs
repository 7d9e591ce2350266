//! `/accounts`: a token sees and renames its own account, no other. Accounts are
//! opened by the operator, on the command line.

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

pub(crate) use get::get_account;
pub(crate) use list::list_accounts;
pub(crate) use update::update_account;

use events::AccountId;
use http_api::{ApiError, Caller, JsonBody};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::api::settings::{keep_keys, read_name};
use crate::domain::account::Account;

/// What shall change of the account.
#[derive(Debug, ToSchema)]
pub(crate) struct UpdateAccountRequest {
    /// 1 to 255 characters.
    #[schema(example = "ООО «Ромашка»")]
    name: Option<String>,
}

impl UpdateAccountRequest {
    fn read(body: JsonBody, current: &Account) -> Result<Self, ApiError> {
        let mut fields = body.into_fields();
        let shown = json!(AccountResponse::from(current));
        keep_keys(&mut fields, &["id", "created_at"], &shown);
        let name = read_name(&mut fields);
        let request = Self {
            name: fields.not_null("name", name),
        };
        fields.finish()?;
        Ok(request)
    }
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountResponse {
    /// Its id.
    id: i64,
    /// What people call it.
    name: String,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<&Account> for AccountResponse {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id.0,
            name: account.name.clone(),
            created_at: account.created_at.to_rfc3339(),
        }
    }
}

/// The caller's account, if that is the one named.
fn own(caller: &Caller, id: i64) -> Result<AccountId, ApiError> {
    if id == caller.account_id {
        Ok(AccountId(id))
    } else {
        Err(ApiError::NotFound)
    }
}
