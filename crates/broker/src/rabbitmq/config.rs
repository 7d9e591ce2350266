//! Where the broker is, and as whom to log in.

use std::fmt;
use std::str::FromStr;

use lapin::uri::AMQPUri;

use crate::topology::SHORT_STRING_BYTES;

/// Seconds between heartbeats, unless the URL says otherwise. A peer that is silent for twice as
/// long is given up.
const HEARTBEAT_SECONDS: u16 = 5;

/// Where a RabbitMQ is, as whom to log in, and how its operators see the connections.
#[derive(Clone)]
pub struct RabbitMqConfig {
    pub(super) uri: AMQPUri,
    pub(super) connection_name: String,
}

/// Why a broker's URL cannot be used. Never shows the URL: it holds the password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidBrokerUrl {
    /// It does not begin with `amqp://` or `amqps://`.
    #[error("the broker's URL begins with neither amqp:// nor amqps://")]
    Scheme,
    /// It names no host.
    #[error("the broker's URL names no host")]
    NoHost,
    /// The virtual host's name is longer than AMQP can say.
    #[error("the virtual host in the broker's URL has a name over {SHORT_STRING_BYTES} bytes")]
    VirtualHostTooLong,
    /// Host, port, percent-encoding or a parameter cannot be read.
    #[error(
        "the broker's URL cannot be read: it looks like amqp://user:password@host:5672/vhost, \
         with special characters percent-encoded"
    )]
    Malformed,
}

impl RabbitMqConfig {
    /// Reads `amqp[s]://user:password@host:port/vhost`. User and password default to `guest`, the
    /// port to 5672 (5671 with TLS), the virtual host to `/`; `?heartbeat=` sets seconds.
    ///
    /// `connection_name` is what the broker's operators see beside each connection.
    ///
    /// # Errors
    /// [`InvalidBrokerUrl`] says what is wrong without showing the URL.
    pub fn parse(url: &str, connection_name: &str) -> Result<Self, InvalidBrokerUrl> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(InvalidBrokerUrl::Scheme);
        };
        if !["amqp", "amqps"].contains(&scheme.to_ascii_lowercase().as_str()) {
            return Err(InvalidBrokerUrl::Scheme);
        }
        let host = host_of(rest);
        if host.is_empty() {
            return Err(InvalidBrokerUrl::NoHost);
        }
        // What lapin says about a URL that it cannot read may quote it.
        let mut uri = AMQPUri::from_str(url).map_err(|_quotes| InvalidBrokerUrl::Malformed)?;
        // lapin takes an IPv6 address for no host at all and falls back to localhost.
        if let Some(address) = host.strip_prefix('[') {
            uri.authority.host = address.trim_end_matches(']').to_owned();
        }
        // To lapin a slash at the end names a virtual host with an empty name, which nobody has.
        if uri.vhost.is_empty() {
            "/".clone_into(&mut uri.vhost);
        }
        if uri.vhost.len() > SHORT_STRING_BYTES {
            return Err(InvalidBrokerUrl::VirtualHostTooLong);
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        Ok(Self {
            uri,
            connection_name: connection_name.to_owned(),
        })
    }

    /// Scheme, host, port and virtual host, for logs.
    pub(super) fn target(&self) -> String {
        let AMQPUri {
            scheme,
            authority,
            vhost,
            ..
        } = &self.uri;
        let vhost = vhost.trim_start_matches('/');
        format!("{scheme}://{}:{}/{vhost}", authority.host, authority.port)
    }
}

impl fmt::Debug for RabbitMqConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitMqConfig")
            .field("target", &self.target())
            .field("user", &self.uri.authority.userinfo.username)
            .field("connection_name", &self.connection_name)
            .finish_non_exhaustive()
    }
}

/// The host in what follows `://`, with the brackets of an IPv6 address.
fn host_of(rest: &str) -> &str {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host_and_port = authority
        .rsplit_once('@')
        .map_or(authority, |(_, after)| after);
    match host_and_port.rfind(']') {
        Some(end) => &host_and_port[..=end],
        None => host_and_port.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> RabbitMqConfig {
        RabbitMqConfig::parse(url, "test").unwrap()
    }

    #[test]
    fn what_the_url_leaves_out_has_defaults() {
        let config = parse("amqp://broker");
        assert_eq!(config.target(), "amqp://broker:5672/");
        assert_eq!(config.uri.vhost, "/");
        assert_eq!(config.uri.query.heartbeat, Some(5));
        assert_eq!(parse("amqps://broker").target(), "amqps://broker:5671/");
        assert_eq!(parse("amqp://broker/").uri.vhost, "/");
        assert_eq!(parse("amqp://broker/%2f").uri.vhost, "/");
        assert_eq!(
            parse("amqp://broker/crm").target(),
            "amqp://broker:5672/crm"
        );
        assert_eq!(
            parse("amqp://broker?heartbeat=30").uri.query.heartbeat,
            Some(30)
        );
    }

    #[test]
    fn an_ipv6_address_is_a_host() {
        let config = parse("amqp://u:p@[::1]:5673/crm");
        assert_eq!(config.uri.authority.host, "::1");
        assert_eq!(config.uri.authority.port, 5673);
    }

    #[test]
    fn the_password_is_decoded_and_never_shown() {
        let config = parse("amqp://user:p%40ss%2fword@broker/crm");
        assert_eq!(config.uri.authority.userinfo.password, "p@ss/word");
        let shown = format!("{config:?} {}", config.target());
        assert!(
            !shown.contains("ss/word") && !shown.contains("p%40"),
            "{shown}"
        );
        assert!(
            shown.contains("user") && shown.contains("broker"),
            "{shown}"
        );
    }

    #[test]
    fn what_is_wrong_is_named_without_the_url() {
        let refused = |url: &str| RabbitMqConfig::parse(url, "test").unwrap_err();
        assert_eq!(refused("broker:5672"), InvalidBrokerUrl::Scheme);
        assert_eq!(refused("http://broker"), InvalidBrokerUrl::Scheme);
        assert_eq!(refused("amqp://u:secret@/crm"), InvalidBrokerUrl::NoHost);
        let long = format!("amqp://broker/{}", "v".repeat(256));
        assert_eq!(refused(&long), InvalidBrokerUrl::VirtualHostTooLong);
        for url in [
            "amqp://u:secret@broker:port/",
            "amqp://u:secret%@broker:1:2",
        ] {
            let error = refused(url);
            assert_eq!(error, InvalidBrokerUrl::Malformed);
            assert!(!error.to_string().contains("secret"));
        }
    }
}
