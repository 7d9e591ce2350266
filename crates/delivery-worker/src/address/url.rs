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
    /// Over 8 KiB.
    #[error("a URL has at most {MAX_URL_BYTES} bytes")]
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<WebhookUrl, UrlError> {
        WebhookUrl::parse(text, &AddressPolicy::default())
    }

    fn refused(text: &str) -> bool {
        matches!(parse(text), Err(UrlError::Refused(_)))
    }

    #[test]
    fn splits_a_url_into_what_a_request_needs() {
        let url = parse("https://Crm.Example.COM/in/hook?a=1&b=%20").unwrap();
        assert!(url.is_https());
        assert_eq!(*url.host(), Host::Name("crm.example.com".into()));
        assert_eq!(url.port(), 443);
        assert_eq!(url.authority(), "crm.example.com");
        assert_eq!(url.path_and_query(), "/in/hook?a=1&b=%20");
        assert_eq!(url.as_str(), "https://crm.example.com/in/hook?a=1&b=%20");

        let url = parse("http://пример.рф:8080").unwrap();
        assert!(!url.is_https());
        assert_eq!(*url.host(), Host::Name("xn--e1afmkfd.xn--p1ai".into()));
        assert_eq!(url.port(), 8080);
        assert_eq!(url.authority(), "xn--e1afmkfd.xn--p1ai:8080");
        assert_eq!(url.path_and_query(), "/");

        let url = parse("http://[2606:4700:4700::1111]:81/").unwrap();
        assert_eq!(url.authority(), "[2606:4700:4700::1111]:81");

        let url = parse("https://a.example:443/?q").unwrap();
        assert_eq!(url.authority(), "a.example");
        assert_eq!(url.path_and_query(), "/?q");
    }

    #[test]
    fn a_query_joins_the_urls_own() {
        for (own, joined) in [
            ("https://a.example", "/?x=1&y=+%25"),
            ("https://a.example/h", "/h?x=1&y=+%25"),
            ("https://a.example/h?", "/h?x=1&y=+%25"),
            ("https://a.example/h?k=%20", "/h?k=%20&x=1&y=+%25"),
            ("http://a.example:81/h?k&", "/h?k&&x=1&y=+%25"),
        ] {
            let url = parse(own).unwrap();
            let asked = url.with_query("x=1&y=+%25").unwrap();
            assert_eq!(asked.path_and_query().to_string(), joined, "{own}");
            assert_eq!(
                (
                    asked.host(),
                    asked.port(),
                    asked.authority(),
                    asked.is_https()
                ),
                (url.host(), url.port(), url.authority(), url.is_https())
            );
            assert!(asked.as_str().ends_with(joined), "{}", asked.as_str());
            assert_eq!(joined.split_once('?').unwrap().1, asked.query());
            // It is in normal form already.
            assert_eq!(parse(asked.as_str()).unwrap().as_str(), asked.as_str());
            assert_eq!(url.with_query("").unwrap(), url);
        }
    }

    #[test]
    fn a_joined_url_has_its_limit() {
        let url = parse("https://a.example/h").unwrap();
        let room = MAX_URL_BYTES - "https://a.example/h?x=".len();
        let query = |bytes| format!("x={}", "1".repeat(bytes));
        let whole = url.with_query(&query(room)).unwrap();
        assert_eq!(whole.as_str().len(), MAX_URL_BYTES);
        let error = url.with_query(&query(room + 1)).unwrap_err();
        assert_eq!(error, QueryError::TooLong { bytes: 8_193 });
        assert_eq!(
            error.to_string(),
            "with the parameters the URL would have 8193 bytes, and 8192 are the most"
        );
    }

    #[test]
    fn text_outside_ascii_is_encoded() {
        let url = parse("https://a.example/заявка?имя=Ы").unwrap();
        assert_eq!(
            url.path_and_query(),
            "/%D0%B7%D0%B0%D1%8F%D0%B2%D0%BA%D0%B0?%D0%B8%D0%BC%D1%8F=%D0%AB"
        );
    }

    #[test]
    fn bad_urls_say_what_is_wrong() {
        for (text, expected) in [
            ("ftp://a.example/", UrlError::Scheme),
            ("file:///etc/passwd", UrlError::Scheme),
            ("gopher://a.example/", UrlError::Scheme),
            ("https://user@a.example/", UrlError::Credentials),
            ("https://user:pass@a.example/", UrlError::Credentials),
            ("https://:pass@a.example/", UrlError::Credentials),
            ("https://a.example/#top", UrlError::Fragment),
            (
                "a.example/hook",
                UrlError::Malformed("it must begin with http:// or https://"),
            ),
            (
                "",
                UrlError::Malformed("it must begin with http:// or https://"),
            ),
            ("http://", UrlError::Malformed("it names no host")),
            (
                "http://a.example:99999/",
                UrlError::Malformed("the port is not a number up to 65535"),
            ),
            (
                "http://a.example:0/",
                UrlError::Malformed("port 0 cannot be called"),
            ),
            (
                "http://a example/",
                UrlError::Malformed("it has blanks or control characters"),
            ),
            (
                "http://a.example/x\r\nHost: b",
                UrlError::Malformed("it has blanks or control characters"),
            ),
            (
                "http://a..example/",
                UrlError::Malformed("its host is not a valid name"),
            ),
        ] {
            assert_eq!(parse(text), Err(expected), "{text:?}");
        }
        let long = format!("https://a.example/{}", "x".repeat(MAX_URL_BYTES));
        assert_eq!(parse(&long), Err(UrlError::TooLong));
        let label = format!("https://{}.example/", "x".repeat(64));
        assert!(matches!(parse(&label), Err(UrlError::Malformed(_))));
    }

    #[test]
    fn plain_http_can_be_switched_off() {
        let policy = AddressPolicy {
            https_only: true,
            ..AddressPolicy::default()
        };
        assert_eq!(
            WebhookUrl::parse("http://a.example/", &policy),
            Err(UrlError::HttpsOnly)
        );
        assert!(WebhookUrl::parse("https://a.example/", &policy).is_ok());
    }

    #[test]
    fn every_spelling_of_a_private_address_is_refused() {
        for text in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://0x7f.1/",
            "http://127.1/",
            "http://0/",
            "http://127.0.0.1./",
            "http://１２７.０.０.１/",
            "http://①②⑦.⓪.⓪.①/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[0:0:0:0:0:ffff:7f00:1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://169.254.169.254/latest/meta-data/",
            "http://[fd00:ec2::254]/",
            "https://10.0.0.1:8443/",
        ] {
            assert!(refused(text), "{text}: {:?}", parse(text));
        }
    }

    #[test]
    fn debug_shows_no_path() {
        let url = parse("https://a.example/secret-token?key=1").unwrap();
        assert_eq!(format!("{url:?}"), "https://a.example/…");
    }

    proptest! {
        /// Whatever a number means to the URL parser, it never means a way in.
        #[test]
        fn numeric_hosts_are_judged_by_their_address(bits in any::<u32>()) {
            let address = std::net::Ipv4Addr::from_bits(bits);
            let expected = AddressPolicy::default().judge(address.into()).is_err();
            let [a, b, c, d] = address.octets();
            for host in [
                format!("{bits}"),
                format!("{bits:#x}"),
                format!("{a:#x}.{b}.0{c:o}.{d}"),
                format!("{a}.{}", bits & 0x00ff_ffff),
                format!("[{}]", address.to_ipv6_mapped()),
            ] {
                prop_assert_eq!(refused(&format!("http://{host}/")), expected, "{}", host);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            drop(parse(&text));
            drop(parse(&format!("http://{text}/")));
        }
    }
}
