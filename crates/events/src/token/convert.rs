//! Token revocations as protobuf.

use crate::{DecodeError, TokenId, TokenRevoked, raw};

impl TokenRevoked {
    pub(crate) fn to_raw(&self) -> raw::TokenRevoked {
        raw::TokenRevoked {
            token_id: self.token_id.0.clone(),
        }
    }

    pub(crate) fn from_raw(raw: raw::TokenRevoked) -> Result<Self, DecodeError> {
        if raw.token_id.is_empty() {
            return Err(DecodeError::missing("token_id"));
        }
        Ok(Self {
            token_id: TokenId(raw.token_id),
        })
    }
}
