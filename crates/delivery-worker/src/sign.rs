//! Signatures of callbacks: Standard Webhooks, version `v1` (WIRE 4).

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::secret::WebhookSecret;

/// The version, with the comma before the base64.
const VERSION: &str = "v1,";
/// Base64 of a SHA-256 tag.
const TAG_TEXT_BYTES: usize = 44;

/// Signs the callbacks of one webhook. Keys are prepared once.
#[derive(Clone)]
pub struct Signer {
    keys: Vec<hmac::Key>,
}

impl Signer {
    /// Takes the current secret first, then the rotated ones that still
    /// overlap: a receiver accepts the callback if any signature fits.
    pub fn new(secrets: &[WebhookSecret]) -> Self {
        let keys = secrets
            .iter()
            .map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.key_bytes()))
            .collect();
        Self { keys }
    }

    /// The value of `webhook-signature`, one signature per secret.
    ///
    /// `body` is what is sent, byte for byte; for `GET`, the query string.
    /// `timestamp_seconds` is the time of this attempt.
    pub fn sign(&self, id: &str, timestamp_seconds: i64, body: &[u8]) -> String {
        let prefix = format!("{id}.{timestamp_seconds}.");
        let mut signatures =
            String::with_capacity(self.keys.len() * (VERSION.len() + TAG_TEXT_BYTES + 1));
        for key in &self.keys {
            let mut context = hmac::Context::with_key(key);
            context.update(prefix.as_bytes());
            context.update(body);
            if !signatures.is_empty() {
                signatures.push(' ');
            }
            signatures.push_str(VERSION);
            STANDARD.encode_string(context.sign(), &mut signatures);
        }
        signatures
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("keys", &self.keys.len())
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
