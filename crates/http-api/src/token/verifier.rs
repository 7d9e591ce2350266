//! Decides whether a token is accepted.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::digest;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};

use super::{Caller, Claims, KeyError};

/// Wall time in microseconds since 1970; this crate has no clock of its own.
pub type WallClock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// A longer token is not looked at.
const MAX_TOKEN_BYTES: usize = 4096;
/// How many tokens are remembered as well signed. Only good signatures get in, so that a stranger
/// cannot fill it.
const MAX_REMEMBERED: usize = 4096;

/// Why a request is not let in. No variant carries the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unauthenticated {
    /// No token was sent.
    #[error("Send an API token in the header Authorization: Bearer <token>.")]
    Missing,
    /// What was sent is not a token that this system makes.
    #[error("The header Authorization holds no API token of this system.")]
    Malformed,
    /// The signature is not by any key that is trusted here.
    #[error("The API token was not signed by this system.")]
    BadSignature,
    /// The token's time is over.
    #[error("The API token has expired; ask for a new one.")]
    Expired,
    /// The token was withdrawn.
    #[error("The API token has been revoked; ask for a new one.")]
    Revoked,
}

impl Unauthenticated {
    /// The value of `WWW-Authenticate` (RFC 6750, 3).
    pub fn challenge(self) -> &'static str {
        match self {
            Self::Missing => "Bearer",
            Self::Malformed | Self::BadSignature | Self::Expired | Self::Revoked => {
                "Bearer error=\"invalid_token\""
            }
        }
    }
}

/// Verifies tokens against the public keys and the revocations known so far; clones share both.
#[derive(Clone)]
pub struct TokenVerifier {
    inner: Arc<Inner>,
}

struct Inner {
    keys: Vec<DecodingKey>,
    validation: Validation,
    clock: WallClock,
    revoked: RwLock<HashSet<String>>,
    /// Claims by the digest of a token whose signature was found good: a signature costs as much
    /// as the rest of a small request.
    remembered: RwLock<HashMap<[u8; 32], Arc<Claims>>>,
}

impl fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenVerifier")
            .field("keys", &self.inner.keys.len())
            .finish_non_exhaustive()
    }
}

impl TokenVerifier {
    /// A verifier that trusts these Ed25519 public keys (SPKI in PEM).
    ///
    /// # Errors
    /// [`KeyError`] if one of them is not such a key, or there is none.
    pub fn new<P: AsRef<str>>(public_pems: &[P], clock: WallClock) -> Result<Self, KeyError> {
        if public_pems.is_empty() {
            return Err(KeyError::NoPublicKey);
        }
        let keys = public_pems
            .iter()
            .map(|pem| DecodingKey::from_ed_pem(pem.as_ref().as_bytes()))
            .collect::<Result<_, _>>()
            .map_err(|source| KeyError::NotEd25519 {
                expected: "public key",
                source,
            })?;
        // Only EdDSA: a token that names `none` or HS256 is refused whatever it is signed with.
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.required_spec_claims.clear();
        validation.validate_aud = false;
        // Expiry is checked here, by the clock that was given.
        validation.validate_exp = false;
        Ok(Self {
            inner: Arc::new(Inner {
                keys,
                validation,
                clock,
                revoked: RwLock::default(),
                remembered: RwLock::default(),
            }),
        })
    }

    /// Refuses the token with this id from now on.
    pub fn revoke(&self, token_id: impl Into<String>) {
        let mut revoked = self
            .inner
            .revoked
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        revoked.insert(token_id.into());
    }

    /// Who sent the token.
    ///
    /// # Errors
    /// [`Unauthenticated`]: the token is not accepted.
    pub fn verify(&self, token: &str) -> Result<Caller, Unauthenticated> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Unauthenticated::Malformed);
        }
        let claims = self.signed_claims(token)?;
        if claims.account_id <= 0 {
            return Err(Unauthenticated::Malformed);
        }
        let now_seconds = (self.inner.clock)().div_euclid(1_000_000);
        if claims
            .expires_at_seconds
            .is_some_and(|end| end <= now_seconds)
        {
            return Err(Unauthenticated::Expired);
        }
        if self.is_revoked(&claims.token_id) {
            return Err(Unauthenticated::Revoked);
        }
        Ok(Caller {
            account_id: claims.account_id,
            token_id: claims.token_id.clone(),
            scopes: claims.scopes,
        })
    }

    fn is_revoked(&self, token_id: &str) -> bool {
        self.inner
            .revoked
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(token_id)
    }

    fn signed_claims(&self, token: &str) -> Result<Arc<Claims>, Unauthenticated> {
        let digest = sha256(token);
        let known = self
            .inner
            .remembered
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&digest)
            .cloned();
        if let Some(claims) = known {
            return Ok(claims);
        }
        let claims = Arc::new(self.check_signature(token)?);
        let mut remembered = self
            .inner
            .remembered
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(digest, Arc::clone(&claims));
        Ok(claims)
    }

    fn check_signature(&self, token: &str) -> Result<Claims, Unauthenticated> {
        let mut refusal = Unauthenticated::Malformed;
        for key in &self.inner.keys {
            match decode::<Claims>(token, key, &self.inner.validation) {
                Ok(token) => return Ok(token.claims),
                Err(error) => refusal = refusal_for(&error),
            }
        }
        Err(refusal)
    }
}

fn refusal_for(error: &jsonwebtoken::errors::Error) -> Unauthenticated {
    match error.kind() {
        jsonwebtoken::errors::ErrorKind::InvalidSignature => Unauthenticated::BadSignature,
        _ => Unauthenticated::Malformed,
    }
}

fn sha256(token: &str) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    sum
}

#[cfg(test)]
mod tests;
