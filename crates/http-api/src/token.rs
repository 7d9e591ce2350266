//! API tokens: JWTs signed with Ed25519, verified without a call to anyone (DESIGN 9).
//!
//! The private key lives only where tokens are made; the public keys are everywhere. A token says
//! which account it acts for and what it may do. Revocation is a set of token ids that each service
//! keeps up to date.

mod authorized;
mod claims;
mod keys;
mod scope;
mod signer;
mod verifier;

pub use authorized::{
    AdminRead, AdminWrite, Authorized, LeadsRead, LeadsWrite, RecordsRead, RecordsWrite,
    RequiredScope, WebhooksRead, WebhooksWrite,
};
pub use claims::{Caller, Claims, new_token_id};
pub use keys::{KeyError, KeyPair, generate_keys};
pub use scope::{Scope, ScopeSet, UnknownScope};
pub use signer::TokenSigner;
pub use verifier::{TokenVerifier, Unauthenticated, WallClock};
