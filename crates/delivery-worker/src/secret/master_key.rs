//! The key that webhook secrets rest under.

use std::fmt;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{CryptoError, random};

/// How many bytes tell master keys apart in sealed bytes.
pub(super) const KEY_ID_BYTES: usize = 8;

/// 32 bytes that webhook secrets are encrypted under.
#[derive(Clone)]
pub struct MasterKey(pub(super) [u8; 32]);

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
    pub(super) fn id(&self) -> [u8; KEY_ID_BYTES] {
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
