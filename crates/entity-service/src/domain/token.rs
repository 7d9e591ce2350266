//! API tokens: what is kept of them. The token itself is shown once and kept
//! nowhere.

use events::{Timestamp, TokenId};
use http_api::ScopeSet;

/// An API token of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiToken {
    /// The id in its claims (`jti`).
    pub(crate) id: TokenId,
    /// What people call it.
    pub(crate) name: String,
    /// What it may do.
    pub(crate) scopes: ScopeSet,
    /// When it was made.
    pub(crate) created_at: Timestamp,
    /// From when on it is refused, in whole seconds; `None`: never.
    pub(crate) expires_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub(crate) revoked_at: Option<Timestamp>,
}
