//! `/tokens`: who else may act for the account.

pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod revoke;

pub(crate) use create::create_token;
pub(crate) use get::get_token;
pub(crate) use list::list_tokens;
pub(crate) use revoke::revoke_token;

use events::Timestamp;
use http_api::{ApiError, Caller, Fields, Invalid, JsonBody, Presence, Scope, ScopeSet, code};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::settings::{read_name, refuse_keys};
use crate::domain::token::ApiToken;

/// The code of a scope that the caller has not got and so cannot give.
pub(crate) const SCOPE_NOT_HELD: &str = "scope_not_held";

/// A token to make.
#[derive(Debug, ToSchema)]
pub(crate) struct CreateTokenRequest {
    /// 1 to 255 characters, to know it by.
    #[schema(example = "Сайт")]
    name: String,
    /// What it may do: none but scopes that the caller's own token has. `write` includes `read`.
    #[schema(value_type = Vec<String>, example = json!(["records:write", "webhooks:read"]))]
    scopes: ScopeSet,
    /// From when on it is refused, RFC 3339, to the second; null or left out: never.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

impl CreateTokenRequest {
    fn read(body: JsonBody, caller: &Caller, now: Timestamp) -> Result<Self, ApiError> {
        let mut fields = body.into_fields();
        refuse_keys(&mut fields, &["id", "token", "created_at", "revoked_at"]);
        let name = read_name(&mut fields);
        let request = Self {
            name: fields.require("name", name),
            scopes: Self::read_scopes(&mut fields, caller),
            expires_at: fields
                .custom("expires_at", |value| read_expiry(value, now))
                .value(),
        };
        fields.finish()?;
        Ok(request)
    }

    fn read_scopes(fields: &mut Fields, caller: &Caller) -> ScopeSet {
        let mut sent = 0;
        let scopes = fields.list("scopes", Scope::ALL.len(), |value| {
            sent += 1;
            read_scope(value, caller)
        });
        if sent == 0 && matches!(scopes, Presence::Value(_)) {
            fields.error("scopes", code::REQUIRED, "Send at least one scope.");
        }
        fields.require("scopes", scopes).into_iter().collect()
    }
}

fn read_scope(value: &Value, caller: &Caller) -> Result<Scope, Invalid> {
    let name = value
        .as_str()
        .ok_or_else(|| Invalid::wrong_type("text", value))?;
    let scope: Scope = name.parse().map_err(|_unknown| {
        let known = Scope::ALL.map(Scope::as_str).join(", ");
        Invalid::new(code::UNKNOWN_VALUE, format!("Send one of {known}."))
    })?;
    if caller.scopes.permits(scope) {
        Ok(scope)
    } else {
        Err(Invalid::new(
            SCOPE_NOT_HELD,
            format!("Leave {scope} out: the token of this request does not have it."),
        ))
    }
}

fn read_expiry(value: &Value, now: Timestamp) -> Result<Timestamp, Invalid> {
    let text = value
        .as_str()
        .ok_or_else(|| Invalid::wrong_type("text", value))?;
    let moment = Timestamp::parse_rfc3339(text)
        .ok_or_else(|| Invalid::new(code::INVALID, "Send a time such as 2030-01-31T09:00:00Z."))?;
    // Claims carry whole seconds, and what is shown shall be what holds.
    Timestamp::from_unix_seconds(moment.unix_seconds())
        .filter(|expiry| *expiry > now)
        .ok_or_else(|| Invalid::new(code::OUT_OF_RANGE, "Send a time that is still to come."))
}

/// What is known of a token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenResponse {
    /// The id in its claims (`jti`).
    id: String,
    /// What people call it.
    name: String,
    /// What it may do.
    #[schema(value_type = Vec<String>, example = json!(["records:write"]))]
    scopes: ScopeSet,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// From when on it is refused; null: never.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// When it was revoked; null: it was not.
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
}

impl From<&ApiToken> for TokenResponse {
    fn from(token: &ApiToken) -> Self {
        Self {
            id: token.id.0.clone(),
            name: token.name.clone(),
            scopes: token.scopes,
            created_at: token.created_at.to_rfc3339(),
            expires_at: token.expires_at.map(Timestamp::to_rfc3339),
            revoked_at: token.revoked_at.map(Timestamp::to_rfc3339),
        }
    }
}

/// A new token, with the token itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedTokenResponse {
    /// What is known of it.
    #[serde(flatten)]
    known: TokenResponse,
    /// To be sent as `Authorization: Bearer <token>`. It is shown this once.
    token: String,
}

impl std::fmt::Debug for CreatedTokenResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedTokenResponse")
            .field("known", &self.known)
            .finish_non_exhaustive()
    }
}
