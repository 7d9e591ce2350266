//! Seals secrets under master keys, and opens them.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use events::AccountId;

use super::master_key::KEY_ID_BYTES;
use super::{CryptoError, MasterKey, SigningKey, WebhookSecret};

/// The layout of sealed secrets: version, key id, nonce, ciphertext with tag.
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_LEN;
/// Bound into a sealed signing key, so that it does not open as a secret.
const SIGNING_KEY: &[u8] = b"ed25519";

/// Whose secret it is; sealed bytes open for this webhook only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SecretOwner {
    /// The account.
    pub(crate) account_id: AccountId,
    /// The webhook's id.
    pub(crate) webhook_id: i64,
}

impl SecretOwner {
    /// `use_for` tells the kinds of secrets of one webhook apart.
    fn associated_data(self, use_for: &[u8]) -> Aad<Vec<u8>> {
        let mut data = vec![VERSION];
        data.extend_from_slice(&self.account_id.0.to_be_bytes());
        data.extend_from_slice(&self.webhook_id.to_be_bytes());
        data.extend_from_slice(use_for);
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
    /// Seals under `current`; still opens what `others` sealed.
    ///
    /// # Errors
    ///
    /// If the cryptographic library takes none of the keys.
    pub fn new(current: &MasterKey, others: &[MasterKey]) -> Result<Self, CryptoError> {
        let keys = std::iter::once(current)
            .chain(others)
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
        self.seal_bytes(secret.key_bytes(), owner.associated_data(&[]))
    }

    /// Decrypts what [`Self::seal`] made for the same owner.
    pub(crate) fn unseal(
        &self,
        sealed: &[u8],
        owner: SecretOwner,
    ) -> Result<WebhookSecret, UnsealError> {
        self.unseal_bytes(sealed, owner.associated_data(&[]))
            .map(WebhookSecret)
    }

    /// As [`Self::seal`], for the other kind of key.
    pub(crate) fn seal_signing_key(
        &self,
        key: &SigningKey,
        owner: SecretOwner,
    ) -> Result<Vec<u8>, CryptoError> {
        self.seal_bytes(key.as_bytes(), owner.associated_data(SIGNING_KEY))
    }

    /// Decrypts what [`Self::seal_signing_key`] made for the same owner.
    pub(crate) fn unseal_signing_key(
        &self,
        sealed: &[u8],
        owner: SecretOwner,
    ) -> Result<SigningKey, UnsealError> {
        let bytes = self.unseal_bytes(sealed, owner.associated_data(SIGNING_KEY))?;
        SigningKey::from_bytes(&bytes).ok_or(UnsealError::Damaged)
    }

    /// Whether the bytes are sealed under the current key.
    pub(crate) fn is_current(&self, sealed: &[u8]) -> bool {
        let id = sealed.get(1..=KEY_ID_BYTES);
        self.keys
            .first()
            .is_some_and(|(current, _)| id == Some(current.as_slice()))
    }

    fn seal_bytes(&self, clear: &[u8], owner: Aad<Vec<u8>>) -> Result<Vec<u8>, CryptoError> {
        let (id, key) = self.keys.first().ok_or(CryptoError)?;
        let mut sealed = clear.to_vec();
        let nonce = key
            .seal_in_place_append_tag(owner, &mut sealed)
            .map_err(|_unspecified| CryptoError)?;
        let mut bytes = Vec::with_capacity(HEADER_BYTES + sealed.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(id);
        bytes.extend_from_slice(nonce.as_ref());
        bytes.append(&mut sealed);
        Ok(bytes)
    }

    fn unseal_bytes(&self, sealed: &[u8], owner: Aad<Vec<u8>>) -> Result<Vec<u8>, UnsealError> {
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
            .open_in_place(nonce, owner, &mut bytes)
            .map_err(|_unspecified| UnsealError::Damaged)?
            .len();
        bytes.truncate(length);
        Ok(bytes)
    }
}
