//! The secret part of an inbound URL.

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_api::ApiError;

/// Bytes of a token: 128 bits (DESIGN 9).
const TOKEN_BYTES: usize = 16;

/// A new random token: 22 characters that need no escaping in a URL.
pub(super) fn new_token() -> Result<String, ApiError> {
    let mut bytes = [0; TOKEN_BYTES];
    rand::fill(&mut bytes)
        .map_err(|_unspecified| ApiError::internal("the system gives no random bytes"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
