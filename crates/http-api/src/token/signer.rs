//! Makes tokens.

use std::fmt;

use aws_lc_rs::signature::Ed25519KeyPair;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};

use super::keys::public_pem;
use super::{Claims, KeyError};

/// Signs tokens with the private key.
#[derive(Clone)]
pub struct TokenSigner {
    key: EncodingKey,
    public_pem: String,
}

impl fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSigner")
            .field("public_pem", &self.public_pem)
            .finish_non_exhaustive()
    }
}

impl TokenSigner {
    /// A signer with an Ed25519 private key (PKCS#8 in PEM).
    ///
    /// # Errors
    /// [`KeyError`] if the text holds no such key.
    pub fn new(private_pem: &str) -> Result<Self, KeyError> {
        let key = EncodingKey::from_ed_pem(private_pem.as_bytes()).map_err(|source| {
            KeyError::NotEd25519 {
                expected: "private key",
                source,
            }
        })?;
        let pair = Ed25519KeyPair::from_pkcs8(key.as_bytes())?;
        Ok(Self {
            key,
            public_pem: public_pem(&pair)?,
        })
    }

    /// The public key that verifies what this signs, in PEM.
    pub fn public_pem(&self) -> &str {
        &self.public_pem
    }

    /// The token with these claims.
    ///
    /// # Errors
    /// [`KeyError::Sign`] if the library fails.
    pub fn sign(&self, claims: &Claims) -> Result<String, KeyError> {
        encode(&Header::new(Algorithm::EdDSA), claims, &self.key).map_err(KeyError::Sign)
    }
}
