//! The key of the second kind of signatures: ed25519, `v1a` of Standard Webhooks.
//! Receivers check them with a public key, so that they hold nothing secret.

use std::fmt;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{CryptoError, random};

/// Before the base64 of a public key (Standard Webhooks).
const PUBLIC_PREFIX: &str = "whpk_";
/// An ed25519 seed (RFC 8032), from which the pair follows.
const SEED_BYTES: usize = 32;

/// The private half of a webhook's ed25519 keys. It never leaves the worker.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SigningKey([u8; SEED_BYTES]);

impl SigningKey {
    /// Makes a new one.
    ///
    /// # Errors
    ///
    /// If the system gives no random bytes.
    pub(crate) fn generate() -> Result<Self, CryptoError> {
        random().map(Self)
    }

    /// From its 32 bytes; `None` if it is not as many.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Both halves, ready to sign.
    ///
    /// # Errors
    ///
    /// If the cryptographic library fails.
    pub(crate) fn pair(&self) -> Result<Ed25519KeyPair, CryptoError> {
        Ed25519KeyPair::from_seed_unchecked(&self.0).map_err(|_rejected| CryptoError)
    }

    /// The public half, for everybody: `whpk_` and base64.
    ///
    /// # Errors
    ///
    /// If the cryptographic library fails.
    pub(crate) fn public_text(&self) -> Result<String, CryptoError> {
        let pair = self.pair()?;
        let public = STANDARD.encode(pair.public_key());
        Ok(format!("{PUBLIC_PREFIX}{public}"))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

#[cfg(test)]
impl SigningKey {
    /// The published form of a private key: `whsk_` and the base64 of seed and
    /// public key.
    pub(crate) fn parse_published(text: &str) -> Self {
        let bytes = STANDARD.decode(text.strip_prefix("whsk_").unwrap());
        Self::from_bytes(&bytes.unwrap()[..SEED_BYTES]).unwrap()
    }
}
