//! Revocation of API tokens.

mod convert;

use crate::TokenId;

/// An API token is no longer valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRevoked {
    /// The token.
    pub token_id: TokenId,
}
