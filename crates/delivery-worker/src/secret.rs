//! Webhook secrets, and how they rest.
//!
//! A secret is shown once, when its webhook is made, and kept encrypted under
//! a master key from then on. The stored bytes name the master key they were
//! sealed with, so master keys can be changed one restart at a time, and they
//! are bound to their webhook, so a row copied to another webhook does not open.
//!
//! A secret can be changed: the one before goes on signing for a while. A webhook
//! that wants it has a pair of ed25519 keys besides, which rests in the same way.

mod key_ring;
mod master_key;
mod reseal;
mod signing_key;
mod webhook_keys;

use std::fmt;

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub use key_ring::KeyRing;
pub(crate) use key_ring::{SecretOwner, UnsealError};
pub use master_key::{InvalidMasterKey, MasterKey};
pub use reseal::{ResealError, Resealed, UnreadableKeys, reseal_some};
pub(crate) use signing_key::SigningKey;
pub(crate) use webhook_keys::{KeysError, MAX_PREVIOUS, PreviousKeys, SealedKeys, SealedPair};

/// Before the base64 of a secret (Standard Webhooks).
const PREFIX: &str = "whsec_";
/// What Standard Webhooks allows, in bytes.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
const GENERATED_BYTES: usize = 32;

/// The key that callbacks of one webhook are signed with (WIRE 4).
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

/// Text that is not a webhook secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret is whsec_ and the base64 of 24 to 64 bytes")]
pub struct InvalidSecret;

impl WebhookSecret {
    /// Makes a new one of 32 random bytes.
    ///
    /// # Errors
    ///
    /// If the system gives no random bytes.
    pub fn generate() -> Result<Self, CryptoError> {
        random::<GENERATED_BYTES>().map(|bytes| Self(bytes.to_vec()))
    }

    /// Reads `whsec_` and base64.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let bytes = text
            .strip_prefix(PREFIX)
            .and_then(|base64| STANDARD.decode(base64).ok())
            .filter(|bytes| SECRET_BYTES.contains(&bytes.len()))
            .ok_or(InvalidSecret)?;
        Ok(Self(bytes))
    }

    /// `whsec_` and base64, for the one answer that shows it.
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// The HMAC key: the decoded bytes, not the text.
    pub(crate) fn key_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

/// The system's cryptography failed, which it never does in practice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cryptographic library failed")]
pub struct CryptoError;

fn random<const N: usize>() -> Result<[u8; N], CryptoError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_unspecified| CryptoError)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
