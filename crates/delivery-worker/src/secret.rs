//! Webhook secrets, and how they rest.
//!
//! A secret is shown once, when its webhook is made, and kept encrypted under
//! a master key from then on. The stored bytes name the master key they were
//! sealed with, so master keys can be changed one restart at a time, and they
//! are bound to their webhook, so a row copied to another webhook does not open.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{digest, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use events::AccountId;

/// Before the base64 of a secret (Standard Webhooks).
const PREFIX: &str = "whsec_";
/// What Standard Webhooks allows, in bytes.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
const GENERATED_BYTES: usize = 32;

/// The layout of sealed secrets: version, key id, nonce, ciphertext with tag.
const VERSION: u8 = 1;
const KEY_ID_BYTES: usize = 8;
const HEADER_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_LEN;

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

/// 32 bytes that webhook secrets are encrypted under.
#[derive(Clone)]
pub struct MasterKey([u8; 32]);

/// Text that is not a master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a master key is the base64 of 32 bytes")]
pub struct InvalidMasterKey;

impl MasterKey {
    /// Makes a new one.
    ///
    /// # Errors
    ///
    /// If the system gives no random bytes.
    pub fn generate() -> Result<Self, CryptoError> {
        random().map(Self)
    }

    /// Reads base64; blanks around it, such as a file's last newline, are
    /// ignored.
    pub fn parse(text: &str) -> Result<Self, InvalidMasterKey> {
        STANDARD
            .decode(text.trim())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or(InvalidMasterKey)
    }

    /// Base64, to be written to a file that only its owner reads.
    pub fn expose(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Tells keys apart without telling anything about them.
    fn id(&self) -> [u8; KEY_ID_BYTES] {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"dealwire master key id\0");
        context.update(&self.0);
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&context.finish().as_ref()[..KEY_ID_BYTES]);
        id
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// Whose secret it is; sealed bytes open for this webhook only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SecretOwner {
    /// The account.
    pub(crate) account_id: AccountId,
    /// The webhook's id.
    pub(crate) webhook_id: i64,
}

impl SecretOwner {
    fn associated_data(self) -> Aad<[u8; 17]> {
        let mut data = [0; 17];
        data[0] = VERSION;
        data[1..9].copy_from_slice(&self.account_id.0.to_be_bytes());
        data[9..].copy_from_slice(&self.webhook_id.to_be_bytes());
        Aad::from(data)
    }
}

/// Why sealed bytes do not open. Their webhook is held with this reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnsealError {
    /// None of the master keys given is the one.
    #[error("the secret is encrypted under a master key that is not configured")]
    UnknownKey,
    /// The bytes are damaged, or another webhook's.
    #[error("the stored secret is damaged")]
    Damaged,
}

/// The master keys: the first seals, all of them open.
#[derive(Debug)]
pub struct KeyRing {
    keys: Vec<([u8; KEY_ID_BYTES], RandomizedNonceKey)>,
}

impl KeyRing {
    /// Seals under `current`; still opens what `previous` keys sealed.
    ///
    /// # Errors
    ///
    /// If the cryptographic library takes none of the keys.
    pub fn new(current: &MasterKey, previous: &[MasterKey]) -> Result<Self, CryptoError> {
        let keys = std::iter::once(current)
            .chain(previous)
            .map(|key| {
                RandomizedNonceKey::new(&AES_256_GCM, &key.0)
                    .map(|cipher| (key.id(), cipher))
                    .map_err(|_unspecified| CryptoError)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { keys })
    }

    /// Encrypts under the current key, with a nonce of its own.
    pub(crate) fn seal(
        &self,
        secret: &WebhookSecret,
        owner: SecretOwner,
    ) -> Result<Vec<u8>, CryptoError> {
        let (id, key) = self.keys.first().ok_or(CryptoError)?;
        let mut sealed = secret.0.clone();
        let nonce = key
            .seal_in_place_append_tag(owner.associated_data(), &mut sealed)
            .map_err(|_unspecified| CryptoError)?;
        let mut bytes = Vec::with_capacity(HEADER_BYTES + sealed.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(id);
        bytes.extend_from_slice(nonce.as_ref());
        bytes.append(&mut sealed);
        Ok(bytes)
    }

    /// Decrypts what [`Self::seal`] made for the same owner.
    pub(crate) fn unseal(
        &self,
        sealed: &[u8],
        owner: SecretOwner,
    ) -> Result<WebhookSecret, UnsealError> {
        let (header, ciphertext) = sealed
            .split_at_checked(HEADER_BYTES)
            .ok_or(UnsealError::Damaged)?;
        if header[0] != VERSION {
            return Err(UnsealError::Damaged);
        }
        let (id, nonce) = header[1..].split_at(KEY_ID_BYTES);
        let (_, key) = self
            .keys
            .iter()
            .find(|(known, _)| known == id)
            .ok_or(UnsealError::UnknownKey)?;
        let nonce =
            Nonce::try_assume_unique_for_key(nonce).map_err(|_length| UnsealError::Damaged)?;
        let mut bytes = ciphertext.to_vec();
        let length = key
            .open_in_place(nonce, owner.associated_data(), &mut bytes)
            .map_err(|_unspecified| UnsealError::Damaged)?
            .len();
        bytes.truncate(length);
        Ok(WebhookSecret(bytes))
    }

    /// Whether the bytes are sealed under the current key; others are worth
    /// sealing again when their webhook is next written.
    pub(crate) fn is_current(&self, sealed: &[u8]) -> bool {
        let id = sealed.get(1..=KEY_ID_BYTES);
        self.keys
            .first()
            .is_some_and(|(current, _)| id == Some(current.as_slice()))
    }
}

fn random<const N: usize>() -> Result<[u8; N], CryptoError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_unspecified| CryptoError)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
