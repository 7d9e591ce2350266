//! The headers of a callback: ours, then the webhook's own (WIRE 1).

use std::fmt;

use hyper::HeaderMap;
use hyper::header::{
    ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, InvalidHeaderValue, USER_AGENT,
};

/// The most own headers of one webhook.
pub(crate) const MAX_HEADERS: usize = 20;
/// The longest name, in bytes.
pub(crate) const MAX_NAME_BYTES: usize = 64;
/// The longest value, in bytes.
pub(crate) const MAX_VALUE_BYTES: usize = 1024;

/// Names that are ours, or that steer the connection or the body's framing.
const RESERVED_NAMES: [&str; 10] = [
    "accept-encoding",
    "connection",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];
const RESERVED_PREFIXES: [&str; 5] = ["content-", "proxy-", "webhook-", "x-delivery-", "x-record-"];

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
/// Carries the signature (WIRE 4).
pub(crate) const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const DELIVERY_ATTEMPT: HeaderName = HeaderName::from_static("x-delivery-attempt");
/// When it would be tried again.
pub(crate) const DELIVERY_NEXT_ATTEMPT: HeaderName =
    HeaderName::from_static("x-delivery-next-attempt");
const RECORD_REVISION: HeaderName = HeaderName::from_static("x-record-revision");

/// What we call ourselves (`User-Agent`).
pub(crate) const OUR_NAME: &str = concat!("Dealwire/", env!("CARGO_PKG_VERSION"));

/// A webhook's own headers, valid and ready to send. Their values are secrets:
/// they are marked sensitive, and whatever prints them prints `***`.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct CustomHeaders(Vec<(HeaderName, HeaderValue)>);

/// Why own headers cannot be saved. The messages are for the person who
/// entered them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderError {
    /// More than 20.
    #[error("a webhook has at most {MAX_HEADERS} headers of its own")]
    TooMany,
    /// Empty, too long, or with a character that names cannot have.
    #[error(
        "{name:?} is not a header name: use up to {MAX_NAME_BYTES} letters, digits and -_.!#$%&'*+^`|~"
    )]
    Name {
        /// The name as given.
        name: String,
    },
    /// One that Dealwire sets itself.
    #[error("the header {name} is set by Dealwire and cannot be changed")]
    Reserved {
        /// The name as given.
        name: String,
    },
    /// The same name twice, in whatever case.
    #[error("the header {name} is given twice")]
    Repeated {
        /// The name as given the second time.
        name: String,
    },
    /// Too long.
    #[error("the value of {name} is longer than {MAX_VALUE_BYTES} bytes")]
    ValueTooLong {
        /// The header's name.
        name: String,
    },
    /// Line breaks, control characters, text outside ASCII, or outer blanks.
    #[error(
        "the value of {name} must be printable ASCII on one line, without blanks at either end"
    )]
    Value {
        /// The header's name.
        name: String,
    },
}

impl HeaderError {
    /// The header at fault, if it is one.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::TooMany => None,
            Self::Name { name }
            | Self::Reserved { name }
            | Self::Repeated { name }
            | Self::ValueTooLong { name }
            | Self::Value { name } => Some(name),
        }
    }
}

impl CustomHeaders {
    /// Checks all headers and returns every fault, not only the first.
    pub(crate) fn parse<'a>(
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Vec<HeaderError>> {
        let mut parsed: Vec<(HeaderName, HeaderValue)> = Vec::new();
        let mut errors = Vec::new();
        let mut count = 0;
        for (name, value) in headers {
            count += 1;
            match parse_header(name, value) {
                Ok((key, _)) if parsed.iter().any(|(known, _)| *known == key) => {
                    errors.push(HeaderError::Repeated {
                        name: name.to_owned(),
                    });
                }
                Ok(header) => parsed.push(header),
                Err(error) => errors.push(error),
            }
        }
        if count > MAX_HEADERS {
            errors.push(HeaderError::TooMany);
        }
        if errors.is_empty() {
            Ok(Self(parsed))
        } else {
            Err(errors)
        }
    }
}

impl fmt::Debug for CustomHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.0.iter().map(|(name, _)| (name.as_str(), MASK)))
            .finish()
    }
}

/// Stands for a value that is not shown.
pub(crate) const MASK: &str = "***";

fn parse_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), HeaderError> {
    let owned = || name.to_owned();
    let key = HeaderName::from_bytes(name.as_bytes())
        .ok()
        .filter(|_| name.len() <= MAX_NAME_BYTES)
        .ok_or_else(|| HeaderError::Name { name: owned() })?;
    let is_reserved = RESERVED_NAMES.contains(&key.as_str())
        || RESERVED_PREFIXES
            .iter()
            .any(|prefix| key.as_str().starts_with(prefix));
    if is_reserved {
        return Err(HeaderError::Reserved { name: owned() });
    }
    if value.len() > MAX_VALUE_BYTES {
        return Err(HeaderError::ValueTooLong { name: owned() });
    }
    let is_plain = value
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~' | b'\t'))
        && value.trim_ascii() == value;
    let mut value = HeaderValue::from_str(value)
        .ok()
        .filter(|_| is_plain)
        .ok_or_else(|| HeaderError::Value { name: owned() })?;
    value.set_sensitive(true);
    Ok((key, value))
}

/// What one attempt says about itself.
#[derive(Debug)]
pub(crate) struct CallbackHeaders<'a> {
    /// `User-Agent`.
    pub(crate) user_agent: &'a str,
    /// `Content-Type`; none without a body.
    pub(crate) content_type: Option<&'static str>,
    /// The delivery's id, the same on every attempt.
    pub(crate) delivery_id: &'a str,
    /// Unix seconds of this attempt.
    pub(crate) timestamp_seconds: i64,
    /// From [`Signer::sign`](crate::sign::Signer::sign).
    pub(crate) signature: &'a str,
    /// Counts from 1.
    pub(crate) attempt: u32,
    /// When it is tried again if this attempt fails, Unix seconds; nothing on the last one.
    pub(crate) next_attempt_seconds: Option<i64>,
    /// The record's revision; nothing for a bulk delete or a test.
    pub(crate) revision: Option<i64>,
    /// The webhook's own.
    pub(crate) own: &'a CustomHeaders,
}

impl CallbackHeaders<'_> {
    /// All of them in the order of WIRE 1. `Host` and `Content-Length` belong
    /// to the request and are put before these when it is made.
    ///
    /// # Errors
    ///
    /// If the delivery id or the signature holds what no header can carry.
    pub(crate) fn assemble(&self) -> Result<HeaderMap, InvalidHeaderValue> {
        let mut headers = HeaderMap::with_capacity(11 + self.own.0.len());
        headers.insert(USER_AGENT, HeaderValue::from_str(self.user_agent)?);
        // Some firewalls in front of receivers turn away requests without it.
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        if let Some(content_type) = self.content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        headers.insert(WEBHOOK_ID, HeaderValue::from_str(self.delivery_id)?);
        headers.insert(WEBHOOK_TIMESTAMP, self.timestamp_seconds.into());
        headers.insert(WEBHOOK_SIGNATURE, HeaderValue::from_str(self.signature)?);
        headers.insert(DELIVERY_ATTEMPT, self.attempt.into());
        if let Some(seconds) = self.next_attempt_seconds {
            headers.insert(DELIVERY_NEXT_ATTEMPT, seconds.into());
        }
        if let Some(revision) = self.revision {
            headers.insert(RECORD_REVISION, revision.into());
        }
        for (name, value) in &self.own.0 {
            headers.insert(name.clone(), value.clone());
        }
        Ok(headers)
    }
}

#[cfg(test)]
mod tests;
