//! Checks the signature of a callback (WIRE 4, Standard Webhooks v1).

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use events::Timestamp;
use hyper::HeaderMap;

/// How far the signed time may lie from now, either way, in seconds.
const TOLERANCE_SECONDS: i64 = 300;

const PREFIX: &str = "whsec_";

/// A webhook's signing secret, ready to verify with; never printed.
#[derive(Clone)]
pub(crate) struct Secret(hmac::Key);

/// Why a text is not a signing secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    /// The prefix that marks a signing secret is missing.
    #[error("a signing secret begins with `whsec_`")]
    Prefix,
    /// What follows the prefix is not base64.
    #[error("after `whsec_` a signing secret is base64")]
    Encoding(#[from] base64::DecodeError),
    /// WIRE 4 allows 24 to 64 bytes.
    #[error("a signing secret holds 24 to 64 bytes, this one holds {0}")]
    Length(usize),
}

impl FromStr for Secret {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(SecretError::Prefix)?;
        let bytes = STANDARD.decode(encoded)?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(SecretError::Length(bytes.len()));
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The secrets that a receiver accepts; shared, so that one can be added while
/// it runs (a webhook's secret is known only once the webhook exists).
#[derive(Debug, Clone, Default)]
pub(crate) struct Secrets(Arc<RwLock<Vec<Secret>>>);

impl Secrets {
    /// Accepts signatures made with `secret` from now on.
    pub(crate) fn add(&self, secret: Secret) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(secret);
    }

    /// Judges the signature over `body`, which for a `GET` is the query string.
    pub(crate) fn judge(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Verdict {
        let secrets = self.0.read().unwrap_or_else(PoisonError::into_inner);
        judge(&secrets, headers, body, now)
    }
}

impl FromIterator<Secret> for Secrets {
    fn from_iter<I: IntoIterator<Item = Secret>>(secrets: I) -> Self {
        Self(Arc::new(RwLock::new(secrets.into_iter().collect())))
    }
}

/// What is known about a request's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Made with one of the secrets, within the tolerance.
    Valid,
    /// Not made with any of the secrets, or not for this body or time.
    Invalid(Flaw),
    /// Signed, but there is no secret to check it with.
    NoSecret,
    /// The three signature headers are not there.
    Missing,
    /// The body was too large to be read to its end.
    NotChecked,
}

/// What is wrong with a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// One or two of the three headers are missing or unreadable.
    Headers,
    /// `webhook-timestamp` is not a whole number of seconds.
    Timestamp,
    /// Signed longer ago than the tolerance.
    TooOld,
    /// Signed further ahead than the tolerance.
    InTheFuture,
    /// The code does not fit: another secret, or another body.
    Mismatch,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Valid => "signature valid",
            Self::Invalid(Flaw::Headers) => "signature invalid: its headers are incomplete",
            Self::Invalid(Flaw::Timestamp) => "signature invalid: webhook-timestamp is no number",
            Self::Invalid(Flaw::TooOld) => "signature invalid: more than 5 minutes old",
            Self::Invalid(Flaw::InTheFuture) => "signature invalid: more than 5 minutes ahead",
            Self::Invalid(Flaw::Mismatch) => "signature invalid: other secret or other body",
            Self::NoSecret => "signed, no secret given",
            Self::Missing => "not signed",
            Self::NotChecked => "signature not checked: body too large",
        })
    }
}

fn judge(secrets: &[Secret], headers: &HeaderMap, body: &[u8], now: Timestamp) -> Verdict {
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    if names.iter().all(|name| !headers.contains_key(*name)) {
        return Verdict::Missing;
    }
    if secrets.is_empty() {
        return Verdict::NoSecret;
    }
    let [id, timestamp, signatures] =
        names.map(|name| headers.get(name).map(hyper::header::HeaderValue::as_bytes));
    let (Some(id), Some(timestamp), Some(signatures)) = (id, timestamp, signatures) else {
        return Verdict::Invalid(Flaw::Headers);
    };
    match verify(secrets, id, timestamp, signatures, body, now) {
        Ok(()) => Verdict::Valid,
        Err(flaw) => Verdict::Invalid(flaw),
    }
}

fn verify(
    secrets: &[Secret],
    id: &[u8],
    timestamp: &[u8],
    signatures: &[u8],
    body: &[u8],
    now: Timestamp,
) -> Result<(), Flaw> {
    let signed_at = std::str::from_utf8(timestamp)
        .ok()
        .and_then(|text| text.parse::<i64>().ok())
        .ok_or(Flaw::Timestamp)?;
    let signed = [id, b".", timestamp, b".", body].concat();
    let fits = signatures
        .split(|byte| *byte == b' ')
        .filter_map(|signature| signature.strip_prefix(b"v1,"))
        .filter_map(|code| STANDARD.decode(code).ok())
        .any(|code| {
            secrets
                .iter()
                .any(|secret| hmac::verify(&secret.0, &signed, &code).is_ok())
        });
    if !fits {
        return Err(Flaw::Mismatch);
    }
    match now.unix_seconds().saturating_sub(signed_at) {
        age if age > TOLERANCE_SECONDS => Err(Flaw::TooOld),
        age if age < -TOLERANCE_SECONDS => Err(Flaw::InTheFuture),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with `openssl dgst -sha256 -mac HMAC`, not with this crate.
    const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
    const ID: &str = "msg_1";
    const SIGNED_AT: i64 = 1_700_000_000;
    const BODY: &[u8] = b"id=42&component=task&event=delete";
    const CODE: &str = "gSIqjQURNUlHp/gX/BLkvhh55QMGrH/Au2x8OKId1O0=";

    fn headers(id: &str, timestamp: &str, signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("webhook-id", id),
            ("webhook-timestamp", timestamp),
            ("webhook-signature", signature),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        headers
    }

    fn verdict(headers: &HeaderMap, body: &[u8], now: i64) -> Verdict {
        let secrets: Secrets = [SECRET.parse().unwrap()].into_iter().collect();
        secrets.judge(headers, body, Timestamp::from_unix_seconds(now).unwrap())
    }

    #[test]
    fn accepts_what_openssl_signed() {
        let signed = headers(ID, "1700000000", &format!("v1,{CODE}"));
        assert_eq!(verdict(&signed, BODY, SIGNED_AT), Verdict::Valid);
        let rotated = headers(ID, "1700000000", &format!("v1a,x v1,AAAA v1,{CODE}"));
        assert_eq!(verdict(&rotated, BODY, SIGNED_AT), Verdict::Valid);
    }

    #[test]
    fn refuses_other_bodies_ids_and_garbage() {
        let mismatch = Verdict::Invalid(Flaw::Mismatch);
        let signed = headers(ID, "1700000000", &format!("v1,{CODE}"));
        assert_eq!(verdict(&signed, b"id=43", SIGNED_AT), mismatch);
        let other_id = headers("msg_2", "1700000000", &format!("v1,{CODE}"));
        assert_eq!(verdict(&other_id, BODY, SIGNED_AT), mismatch);
        for garbage in ["", "v1", "v1,", "v1,***", CODE, "v2,AAAA"] {
            let headers = headers(ID, "1700000000", garbage);
            assert_eq!(verdict(&headers, BODY, SIGNED_AT), mismatch, "{garbage}");
        }
        let no_number = headers(ID, "yesterday", &format!("v1,{CODE}"));
        let expected = Verdict::Invalid(Flaw::Timestamp);
        assert_eq!(verdict(&no_number, BODY, SIGNED_AT), expected);
    }

    #[test]
    fn holds_the_tolerance_on_both_sides() {
        let signed = headers(ID, "1700000000", &format!("v1,{CODE}"));
        for (now, expected) in [
            (SIGNED_AT + 300, Verdict::Valid),
            (SIGNED_AT + 301, Verdict::Invalid(Flaw::TooOld)),
            (SIGNED_AT - 300, Verdict::Valid),
            (SIGNED_AT - 301, Verdict::Invalid(Flaw::InTheFuture)),
        ] {
            assert_eq!(verdict(&signed, BODY, now), expected, "{now}");
        }
    }

    #[test]
    fn tells_unsigned_from_uncheckable() {
        let now = Timestamp::from_unix_seconds(SIGNED_AT).unwrap();
        let none = Secrets::default();
        assert_eq!(none.judge(&HeaderMap::new(), b"", now), Verdict::Missing);
        let signed = headers(ID, "1700000000", &format!("v1,{CODE}"));
        assert_eq!(none.judge(&signed, BODY, now), Verdict::NoSecret);
        none.add(SECRET.parse().unwrap());
        assert_eq!(none.judge(&signed, BODY, now), Verdict::Valid);
        let mut incomplete = signed;
        incomplete.remove("webhook-signature");
        let expected = Verdict::Invalid(Flaw::Headers);
        assert_eq!(none.judge(&incomplete, BODY, now), expected);
    }

    #[test]
    fn refuses_malformed_secrets() {
        for text in ["", "AAECAw==", "whsec_", "whsec_%%%", "whsec_AAECAw=="] {
            assert!(text.parse::<Secret>().is_err(), "{text}");
        }
        let shown = format!("{:?}", SECRET.parse::<Secret>().unwrap());
        assert!(!shown.contains("AAEC"), "{shown}");
    }
}
