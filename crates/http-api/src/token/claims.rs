//! What a token says.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ScopeSet;

/// The claims of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The account that the token acts for.
    #[serde(rename = "account")]
    pub account_id: i64,
    /// The token's own id, by which it is revoked.
    #[serde(rename = "jti")]
    pub token_id: String,
    /// What it may do.
    pub scopes: ScopeSet,
    /// When it was made, in Unix seconds.
    #[serde(rename = "iat")]
    pub issued_at_seconds: i64,
    /// From when on it is refused, in Unix seconds; `None`: never.
    #[serde(rename = "exp", default, skip_serializing_if = "Option::is_none")]
    pub expires_at_seconds: Option<i64>,
}

/// Who sent a request, as its token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account; everything that the request sees or changes belongs to it.
    pub account_id: i64,
    /// The token's id.
    pub token_id: String,
    /// What the token may do.
    pub scopes: ScopeSet,
}

/// A new random token id.
pub fn new_token_id() -> String {
    Uuid::new_v4().hyphenated().to_string()
}
