//! Ed25519 keys as PEM files: PKCS#8 for the private one, SPKI for the public one.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Base64 characters per line of a PEM file (RFC 7468).
const PEM_LINE: usize = 64;

/// Why a key could not be read, made or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The text is not a PEM file with an Ed25519 key of the expected kind.
    #[error("the {expected} is not an Ed25519 key in PEM")]
    NotEd25519 {
        /// Which key was expected.
        expected: &'static str,
        /// What the parser met.
        source: jsonwebtoken::errors::Error,
    },
    /// The private key is damaged.
    #[error("the private key is refused")]
    Rejected(#[from] KeyRejected),
    /// No public key was given, so no token could ever be accepted.
    #[error("there is no public key to verify tokens with")]
    NoPublicKey,
    /// The cryptographic library failed.
    #[error("the key could not be made or written out")]
    Library(#[from] Unspecified),
    /// The token could not be signed.
    #[error("the token could not be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

/// A private key and its public key, both as the text of a PEM file.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyPair {
    /// Signs tokens; to be kept where tokens are made, readable by its owner only.
    pub private_pem: String,
    /// Verifies tokens; may be seen by anybody.
    pub public_pem: String,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair")
            .field("public_pem", &self.public_pem)
            .finish_non_exhaustive()
    }
}

/// Makes a new pair of keys.
///
/// # Errors
/// [`KeyError::Library`] if the system has no randomness to give.
pub fn generate_keys() -> Result<KeyPair, KeyError> {
    let pair = Ed25519KeyPair::generate()?;
    let private = pair.to_pkcs8v1()?;
    Ok(KeyPair {
        private_pem: pem("PRIVATE KEY", private.as_ref()),
        public_pem: public_pem(&pair)?,
    })
}

pub(super) fn public_pem(pair: &Ed25519KeyPair) -> Result<String, KeyError> {
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der()?;
    Ok(pem("PUBLIC KEY", public.as_ref()))
}

fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = STANDARD.encode(der);
    while rest.len() > PEM_LINE {
        let tail = rest.split_off(PEM_LINE);
        text.push_str(&rest);
        text.push('\n');
        rest = tail;
    }
    text.push_str(&rest);
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}
