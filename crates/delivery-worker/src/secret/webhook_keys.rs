//! All keys of one webhook: what signs now, and what signed before and does so
//! until receivers have changed over.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use events::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{CryptoError, KeyRing, SecretOwner, SigningKey, UnsealError, WebhookSecret};
use crate::domain::webhook_record::PublicKeys;

/// How many earlier secrets can sign besides the current one: each adds a signature
/// to every callback.
pub(crate) const MAX_PREVIOUS: usize = 4;

/// What signs a webhook's callbacks, as its row has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SealedKeys {
    /// The secret.
    pub(crate) secret: Vec<u8>,
    /// The ed25519 keys, if the webhook ever asked for them.
    pub(crate) pair: Option<SealedPair>,
    /// What was there before, the last one last.
    pub(crate) previous: Vec<PreviousKeys>,
}

/// A pair of ed25519 keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SealedPair {
    /// The private one.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub(crate) signing_key: Vec<u8>,
    /// The public one, `whpk_` and base64.
    pub(crate) public_key: String,
}

/// Keys that were replaced, in the form that the row has them in: keys of this are
/// only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PreviousKeys {
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub(crate) secret: Vec<u8>,
    pub(crate) pair: Option<SealedPair>,
    /// Until when they sign, microseconds.
    pub(crate) until_us: i64,
}

/// Why keys cannot be sealed anew.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    /// One of them does not open.
    #[error(transparent)]
    Unseal(#[from] UnsealError),
    /// One of them cannot be made or sealed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl SealedKeys {
    /// The earlier keys that still sign.
    pub(crate) fn overlapping(&self, now: Timestamp) -> impl Iterator<Item = &PreviousKeys> {
        let still = move |previous: &&PreviousKeys| previous.until_us > now.0;
        self.previous.iter().filter(still)
    }

    /// A secret with all that goes with it, for a new webhook.
    pub(crate) fn of_new(
        keys: &KeyRing,
        owner: SecretOwner,
        secret: &WebhookSecret,
        ed25519: bool,
    ) -> Result<Self, CryptoError> {
        let pair = ed25519.then(|| SealedPair::generate(keys, owner));
        Ok(Self {
            secret: keys.seal(secret, owner)?,
            pair: pair.transpose()?,
            previous: Vec::new(),
        })
    }

    /// What everybody may know of them.
    pub(crate) fn public_keys(&self) -> PublicKeys {
        let public = |pair: &Option<SealedPair>| pair.as_ref().map(|it| it.public_key.clone());
        let previous = self.previous.iter();
        PublicKeys {
            current: public(&self.pair),
            previous: previous
                .map(|old| (Timestamp(old.until_us), public(&old.pair)))
                .collect(),
        }
    }

    /// All of it under the current master key; `None` if it is already. Earlier keys
    /// whose time is over are left out.
    pub(crate) fn resealed(
        &self,
        keys: &KeyRing,
        owner: SecretOwner,
        now: Timestamp,
    ) -> Result<Option<Self>, KeysError> {
        let previous: Vec<_> = self.overlapping(now).collect();
        let pairs = previous
            .iter()
            .filter_map(|previous| previous.pair.as_ref());
        let sealed = std::iter::once(&self.secret)
            .chain(previous.iter().map(|previous| &previous.secret))
            .chain(pairs.chain(&self.pair).map(|pair| &pair.signing_key));
        let mut sealed = sealed.map(Vec::as_slice);
        // Of those that are over, none may be left that needs an older master key.
        if sealed.all(|sealed| keys.is_current(sealed)) && previous.len() == self.previous.len() {
            return Ok(None);
        }
        let reseal = |secret: &[u8]| {
            let secret = keys.unseal(secret, owner)?;
            Ok::<_, KeysError>(keys.seal(&secret, owner)?)
        };
        let reseal_pair = |pair: &Option<SealedPair>| {
            let pair = pair.as_ref().map(|pair| pair.resealed(keys, owner));
            pair.transpose()
        };
        let mut resealed = Self {
            secret: reseal(&self.secret)?,
            pair: reseal_pair(&self.pair)?,
            previous: Vec::with_capacity(previous.len()),
        };
        for old in previous {
            resealed.previous.push(PreviousKeys {
                secret: reseal(&old.secret)?,
                pair: reseal_pair(&old.pair)?,
                until_us: old.until_us,
            });
        }
        Ok(Some(resealed))
    }
}

impl SealedPair {
    /// Makes a new one for this webhook.
    pub(crate) fn generate(keys: &KeyRing, owner: SecretOwner) -> Result<Self, CryptoError> {
        let key = SigningKey::generate()?;
        Ok(Self {
            signing_key: keys.seal_signing_key(&key, owner)?,
            public_key: key.public_text()?,
        })
    }

    fn resealed(&self, keys: &KeyRing, owner: SecretOwner) -> Result<Self, KeysError> {
        let key = keys.unseal_signing_key(&self.signing_key, owner)?;
        Ok(Self {
            signing_key: keys.seal_signing_key(&key, owner)?,
            public_key: self.public_key.clone(),
        })
    }
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(serde::de::Error::custom)
}
