//! `Idempotency-Key`: lets a client repeat a POST without doing it twice.

use std::collections::HashSet;
use std::fmt;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::problem::ApiError;

/// The header's name.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// Set on an answer that was given before.
pub const IDEMPOTENCY_REPLAYED: &str = "Idempotency-Replayed";

const MAX_BYTES: usize = 255;

/// A key as a client chose it: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads a key.
    ///
    /// # Errors
    /// [`ApiError::InvalidHeader`]: too short, too long, or with other characters.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let fits = (1..=MAX_BYTES).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ApiError::InvalidHeader {
                name: IDEMPOTENCY_KEY,
                detail: "send 1 to 255 visible ASCII characters without spaces",
            })
        }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The key of a request, if it has one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OptionalIdempotencyKey(pub Option<IdempotencyKey>);

impl FromRequest for OptionalIdempotencyKey {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut values = request.headers().get_all(IDEMPOTENCY_KEY);
        let read = match (values.next(), values.next()) {
            (None, _) => Ok(None),
            // A value that is not ASCII cannot be a key; the empty text is refused as one.
            (Some(value), None) => {
                IdempotencyKey::parse(value.to_str().unwrap_or_default()).map(Some)
            }
            (Some(_), Some(_)) => IdempotencyKey::parse("").map(Some),
        };
        ready(read.map(Self))
    }
}

/// The keys of requests that are being answered in this process, per account; clones share them.
#[derive(Debug, Clone, Default)]
pub struct InFlightKeys(Arc<Mutex<HashSet<(i64, IdempotencyKey)>>>);

impl InFlightKeys {
    /// Takes the key until the guard is dropped.
    ///
    /// # Errors
    /// [`ApiError::IdempotencyInFlight`] if it is taken.
    pub fn begin(&self, account_id: i64, key: &IdempotencyKey) -> Result<InFlightGuard, ApiError> {
        let entry = (account_id, key.clone());
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.insert(entry.clone()) {
            Ok(InFlightGuard {
                keys: self.clone(),
                entry,
            })
        } else {
            Err(ApiError::IdempotencyInFlight)
        }
    }
}

/// Holds a key; dropping it lets the next request with the key in.
#[derive(Debug)]
#[must_use = "the key is free again as soon as the guard is dropped"]
pub struct InFlightGuard {
    keys: InFlightKeys,
    entry: (i64, IdempotencyKey),
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        let mut taken = self.keys.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.remove(&self.entry);
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn keys_are_visible_ascii() {
        let long = "x".repeat(255);
        for good in ["a", "8e03978e-40d5-43dd-bc93-6894a57f9324", &long] {
            assert_eq!(IdempotencyKey::parse(good).unwrap().as_str(), good);
        }
        let too_long = "x".repeat(256);
        for bad in ["", "a b", "ключ", "a\0", "a\n", &too_long] {
            assert!(IdempotencyKey::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[actix_web::test]
    async fn the_header_is_optional_but_never_ignored() {
        let none = TestRequest::default().to_http_request();
        let key = OptionalIdempotencyKey::extract(&none).await.unwrap();
        assert_eq!(key, OptionalIdempotencyKey(None));
        let one = TestRequest::default()
            .insert_header((IDEMPOTENCY_KEY, "k"))
            .to_http_request();
        let key = OptionalIdempotencyKey::extract(&one).await.unwrap();
        assert_eq!(key.0.unwrap().as_str(), "k");
        for bad in [
            TestRequest::default().insert_header((IDEMPOTENCY_KEY, "")),
            TestRequest::default()
                .append_header((IDEMPOTENCY_KEY, "a"))
                .append_header((IDEMPOTENCY_KEY, "b")),
        ] {
            let request = bad.to_http_request();
            assert!(OptionalIdempotencyKey::extract(&request).await.is_err());
        }
    }

    #[test]
    fn a_key_is_taken_once_per_account() {
        let keys = InFlightKeys::default();
        let key = IdempotencyKey::parse("k").unwrap();
        let guard = keys.clone().begin(1, &key).unwrap();
        assert!(matches!(
            keys.begin(1, &key),
            Err(ApiError::IdempotencyInFlight)
        ));
        drop(keys.begin(2, &key).unwrap());
        drop(guard);
        drop(keys.begin(1, &key).unwrap());
    }
}
