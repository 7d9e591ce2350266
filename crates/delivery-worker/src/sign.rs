//! Signatures of callbacks: Standard Webhooks, version `v1` (WIRE 4), and `v1a`
//! beside it for those who want it.

mod overlap;

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::secret::{CryptoError, SigningKey, WebhookSecret};
pub(crate) use overlap::Signers;

/// The versions, with the comma before the base64.
const HMAC_VERSION: &str = "v1,";
const ED25519_VERSION: &str = "v1a,";
/// Base64 of a SHA-256 tag, and of an ed25519 signature.
const HMAC_TEXT_BYTES: usize = 44;
const ED25519_TEXT_BYTES: usize = 88;

/// Signs the callbacks of one webhook. Keys are prepared once.
#[derive(Clone)]
pub struct Signer {
    keys: Vec<hmac::Key>,
    /// Of those who check with a public key.
    pairs: Vec<Arc<Ed25519KeyPair>>,
}

impl Signer {
    /// Takes the current secret first, then the rotated ones that still
    /// overlap: a receiver accepts the callback if any signature fits.
    pub fn new(secrets: &[WebhookSecret]) -> Self {
        let keys = secrets
            .iter()
            .map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.key_bytes()))
            .collect();
        Self {
            keys,
            pairs: Vec::new(),
        }
    }

    /// Signs with these as well, the current one first.
    ///
    /// # Errors
    ///
    /// If the cryptographic library takes none of the keys.
    pub(crate) fn with_ed25519(mut self, keys: &[SigningKey]) -> Result<Self, CryptoError> {
        let pairs = keys.iter().map(|key| key.pair().map(Arc::new));
        self.pairs = pairs.collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// The value of `webhook-signature`, one signature per key.
    ///
    /// `body` is what is sent, byte for byte; for `GET`, the query string.
    /// `timestamp_seconds` is the time of this attempt.
    pub fn sign(&self, id: &str, timestamp_seconds: i64, body: &[u8]) -> String {
        let prefix = format!("{id}.{timestamp_seconds}.");
        let mut signatures = String::with_capacity(
            self.keys.len() * (HMAC_VERSION.len() + HMAC_TEXT_BYTES + 1)
                + self.pairs.len() * (ED25519_VERSION.len() + ED25519_TEXT_BYTES + 1),
        );
        for key in &self.keys {
            let mut context = hmac::Context::with_key(key);
            context.update(prefix.as_bytes());
            context.update(body);
            append(&mut signatures, HMAC_VERSION, context.sign().as_ref());
        }
        if !self.pairs.is_empty() {
            let content = [prefix.as_bytes(), body].concat();
            for pair in &self.pairs {
                let signature = pair.sign(&content);
                append(&mut signatures, ED25519_VERSION, signature.as_ref());
            }
        }
        signatures
    }
}

fn append(signatures: &mut String, version: &str, signature: &[u8]) {
    if !signatures.is_empty() {
        signatures.push(' ');
    }
    signatures.push_str(version);
    STANDARD.encode_string(signature, signatures);
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("keys", &self.keys.len())
            .field("pairs", &self.pairs.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use events::Clock;
    use hyper::HeaderMap;
    use standardwebhooks::Webhook;

    use super::*;

    fn headers(id: &str, timestamp_seconds: i64, signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", id.parse().unwrap());
        headers.insert("webhook-timestamp", timestamp_seconds.into());
        headers.insert("webhook-signature", signature.parse().unwrap());
        headers
    }

    #[test]
    fn the_published_vector() {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = Signer::new(&[secret]).sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn the_published_vector_of_ed25519() {
        let key = SigningKey::parse_published(
            "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==",
        );
        assert_eq!(
            key.public_text().unwrap(),
            "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
        );
        let signer = Signer::new(&[]).with_ed25519(&[key]).unwrap();
        let signature = signer.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(
            signature,
            "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
        );
    }

    #[test]
    fn who_knows_only_one_kind_passes_over_the_other() {
        let secret = WebhookSecret::generate().unwrap();
        let signing_key = SigningKey::generate().unwrap();
        let now = Clock::System.now().unix_seconds();
        let signature = Signer::new(std::slice::from_ref(&secret))
            .with_ed25519(&[signing_key])
            .unwrap()
            .sign("id", now, b"test=test");
        let versions: Vec<_> = signature.split(' ').map(|it| &it[..3]).collect();
        assert_eq!(versions, ["v1,", "v1a"]);
        let verifier = Webhook::new(&secret.expose()).unwrap();
        verifier
            .verify(b"test=test", &headers("id", now, &signature))
            .unwrap();
    }

    #[test]
    fn the_published_library_accepts_it() {
        let secret = WebhookSecret::generate().unwrap();
        let now = Clock::System.now().unix_seconds();
        let body = "name=%D0%97%D0%B0%D0%BA%D0%B0%D0%B7&component=order".as_bytes();
        let signature = Signer::new(std::slice::from_ref(&secret)).sign("01998a", now, body);

        let verifier = Webhook::new(&secret.expose()).unwrap();
        let headers = headers("01998a", now, &signature);
        verifier.verify(body, &headers).unwrap();
        assert!(verifier.verify(b"name=other", &headers).is_err());
    }

    #[test]
    fn while_a_rotation_overlaps_both_secrets_verify() {
        let secrets = [
            WebhookSecret::generate().unwrap(),
            WebhookSecret::generate().unwrap(),
        ];
        let now = Clock::System.now().unix_seconds();
        let signature = Signer::new(&secrets).sign("id", now, b"test=test");
        assert_eq!(signature.split(' ').count(), 2);
        for secret in &secrets {
            let verifier = Webhook::new(&secret.expose()).unwrap();
            verifier
                .verify(b"test=test", &headers("id", now, &signature))
                .unwrap();
        }
        let stranger = Webhook::new(&WebhookSecret::generate().unwrap().expose()).unwrap();
        assert!(
            stranger
                .verify(b"test=test", &headers("id", now, &signature))
                .is_err()
        );
    }
}
