//! The URL of a webhook, checked as far as it can be without a look-up.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use hyper::Uri;
use hyper::header::HeaderValue;
use url::Url;

use super::{AddressPolicy, Refusal};

/// The longest URL, in bytes.
pub(crate) const MAX_URL_BYTES: usize = 8 * 1024;

/// Why a query cannot join a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QueryError {
    /// The whole would be over 8 KiB.
    #[error(
        "with the parameters the URL would have {bytes} bytes, and {MAX_URL_BYTES} are the most"
    )]
    TooLong {
        /// How long it would be.
        bytes: usize,
    },
    /// It is not one.
    #[error("the parameters cannot stand in a URL")]
    Malformed,
}

/// A URL that callbacks can go to. Clones share it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct WebhookUrl {
    parts: Arc<Parts>,
}

#[derive(PartialEq, Eq)]
struct Parts {
    is_https: bool,
    host: Host,
    port: u16,
    authority: HeaderValue,
    path_and_query: Uri,
    text: String,
}

/// Whom a URL names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Host {
    /// A name, in punycode and lower case.
    Name(Arc<str>),
    /// An address; decimal, octal and hexadecimal spellings are read as one.
    Address(IpAddr),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// Why a URL cannot be saved. The messages are for the person who entered it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UrlError {
    /// Over 8 KiB, as it is sent.
    #[error("a URL has at most {MAX_URL_BYTES} bytes, percent-encoded as it is sent")]
    TooLong,
    /// Not a URL at all.
    #[error("this is not a valid URL: {0}")]
    Malformed(&'static str),
    /// Another scheme than the two.
    #[error("a URL begins with http:// or https://")]
    Scheme,
    /// The policy wants TLS.
    #[error("only https:// URLs are allowed here")]
    HttpsOnly,
    /// A user name or a password.
    #[error("a URL must not carry a user name or a password; send them in a header of its own")]
    Credentials,
    /// Something after `#`.
    #[error("the part after # never reaches a receiver; remove it from the URL")]
    Fragment,
    /// The address that it names may not be called.
    #[error("this URL may not be called: {0}")]
    Refused(Refusal),
}

impl WebhookUrl {
    /// Reads a URL and judges what can be judged without a look-up: a literal
    /// address is, a name is judged by its addresses later.
    pub(crate) fn parse(text: &str, policy: &AddressPolicy) -> Result<Self, UrlError> {
        if text.len() > MAX_URL_BYTES {
            return Err(UrlError::TooLong);
        }
        // The parser would drop these silently.
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(UrlError::Malformed("it has blanks or control characters"));
        }
        let url = Url::parse(text).map_err(explain)?;
        let is_https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(UrlError::Scheme),
        };
        if policy.https_only && !is_https {
            return Err(UrlError::HttpsOnly);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlError::Credentials);
        }
        if url.fragment().is_some() {
            return Err(UrlError::Fragment);
        }
        // Letters of other alphabets take more bytes as they are sent.
        if url.as_str().len() > MAX_URL_BYTES {
            return Err(UrlError::TooLong);
        }
        let this = Self::from_url(&url, is_https)?;
        if let Host::Address(address) = this.parts.host {
            policy.judge(address).map_err(UrlError::Refused)?;
        }
        Ok(this)
    }

    fn from_url(url: &Url, is_https: bool) -> Result<Self, UrlError> {
        let host = match url.host() {
            Some(url::Host::Domain(name)) => Host::Name(checked_name(name)?.into()),
            Some(url::Host::Ipv4(v4)) => Host::Address(v4.into()),
            Some(url::Host::Ipv6(v6)) => Host::Address(v6.into()),
            None => return Err(UrlError::Malformed("it names no host")),
        };
        let port = match url.port() {
            Some(0) => return Err(UrlError::Malformed("port 0 cannot be called")),
            Some(port) => port,
            None if is_https => 443,
            None => 80,
        };
        let authority = match url.port() {
            Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
            None => url.host_str().unwrap_or_default().to_owned(),
        };
        let authority = HeaderValue::try_from(authority)
            .map_err(|_error| UrlError::Malformed("its host cannot be sent"))?;
        let path_and_query = url[url::Position::BeforePath..]
            .parse()
            .map_err(|_error| UrlError::Malformed("its path cannot be sent"))?;
        let parts = Parts {
            is_https,
            host,
            port,
            authority,
            path_and_query,
            text: url.as_str().to_owned(),
        };
        Ok(Self {
            parts: Arc::new(parts),
        })
    }

    /// The same receiver asked with `query` behind the URL's own query. `query` is
    /// encoded already; an empty one changes nothing.
    ///
    /// # Errors
    ///
    /// If the whole is longer than a URL may be.
    pub(crate) fn with_query(&self, query: &str) -> Result<Self, QueryError> {
        if query.is_empty() {
            return Ok(self.clone());
        }
        let parts = &*self.parts;
        let joint = match parts.path_and_query.query() {
            None => "?",
            Some("") => "",
            Some(_) => "&",
        };
        let bytes = parts.text.len() + joint.len() + query.len();
        if bytes > MAX_URL_BYTES {
            return Err(QueryError::TooLong { bytes });
        }
        let path_and_query = format!("{}{joint}{query}", parts.path_and_query)
            .parse()
            .map_err(|_error| QueryError::Malformed)?;
        let joined = Parts {
            host: parts.host.clone(),
            authority: parts.authority.clone(),
            path_and_query,
            text: format!("{}{joint}{query}", parts.text),
            ..*parts
        };
        Ok(Self {
            parts: Arc::new(joined),
        })
    }

    /// The query exactly as sent, without the `?`; empty if there is none.
    pub(crate) fn query(&self) -> &str {
        self.parts.path_and_query.query().unwrap_or_default()
    }

    /// The URL in normal form.
    pub(crate) fn as_str(&self) -> &str {
        &self.parts.text
    }

    /// Whether it goes over TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.parts.is_https
    }

    /// Whom it names.
    pub(crate) fn host(&self) -> &Host {
        &self.parts.host
    }

    /// The port, the scheme's own if none is given.
    pub(crate) fn port(&self) -> u16 {
        self.parts.port
    }

    /// The value of the `Host` header: the scheme's own port is left out.
    pub(crate) fn authority(&self) -> &HeaderValue {
        &self.parts.authority
    }

    /// What the request line asks for.
    pub(crate) fn path_and_query(&self) -> &Uri {
        &self.parts.path_and_query
    }
}

impl fmt::Debug for WebhookUrl {
    /// Path and query often carry a token of the receiver's, so they stay out
    /// of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https() { "https" } else { "http" };
        let authority = self.parts.authority.to_str().unwrap_or_default();
        write!(f, "{scheme}://{authority}/…")
    }
}

/// A name that a resolver can be asked for (RFC 1035): the URL parser lets
/// longer and emptier ones through.
fn checked_name(name: &str) -> Result<&str, UrlError> {
    let bare = name.strip_suffix('.').unwrap_or(name);
    let fits = bare.len() <= 253 && bare.split('.').all(|label| (1..=63).contains(&label.len()));
    if fits {
        Ok(name)
    } else {
        Err(UrlError::Malformed("its host is not a valid name"))
    }
}

fn explain(error: url::ParseError) -> UrlError {
    use url::ParseError;

    UrlError::Malformed(match error {
        ParseError::RelativeUrlWithoutBase => "it must begin with http:// or https://",
        ParseError::EmptyHost => "it names no host",
        ParseError::InvalidPort => "the port is not a number up to 65535",
        ParseError::InvalidIpv4Address => "the IPv4 address is wrong",
        ParseError::InvalidIpv6Address => "the IPv6 address is wrong",
        ParseError::IdnaError => "the host name is not valid",
        ParseError::InvalidDomainCharacter => "the host name has a character that is not allowed",
        _ => "it cannot be read",
    })
}

#[cfg(test)]
mod tests;
