//! Who may be called: the check of a URL and of the addresses behind it.
//!
//! A callback URL is chosen by a stranger, and the worker sits inside the
//! operator's network. So a URL is judged when it is saved, and each address is
//! judged again before a connection is opened to exactly that address.

mod ranges;
mod url;

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

pub(crate) use self::url::{Host, MAX_URL_BYTES, QueryError, UrlError, WebhookUrl};
pub use ranges::Special;

/// Which addresses and schemes callbacks may use.
///
/// The default opens the public internet only.
#[derive(Debug, Clone, Default)]
pub struct AddressPolicy {
    /// Networks that are open although they are special, such as a receiver on
    /// loopback (`delivery.allow_networks`).
    pub allow_networks: Vec<IpNet>,
    /// Whether plain `http` is refused.
    pub https_only: bool,
}

/// Why an address may not be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The address.
    pub address: IpAddr,
    /// What it is.
    pub special: Special,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}", self.address, self.special)
    }
}

impl AddressPolicy {
    /// Judges one address, without connecting.
    pub fn judge(&self, address: IpAddr) -> Result<(), Refusal> {
        match ranges::special(address) {
            Some(special) if !self.is_opened(address) => Err(Refusal { address, special }),
            _ => Ok(()),
        }
    }

    /// Judges all addresses of one name: one that is refused refuses the name,
    /// since whoever controls the name controls which of them is taken.
    pub fn judge_all(&self, addresses: &[IpAddr]) -> Result<(), Refusal> {
        addresses
            .iter()
            .try_for_each(|&address| self.judge(address))
    }

    /// An IPv4 address written as IPv6 (`::ffff:a.b.c.d`) is opened by the
    /// network of either form.
    fn is_opened(&self, address: IpAddr) -> bool {
        let plain = address.to_canonical();
        self.allow_networks
            .iter()
            .any(|network| network.contains(&address) || network.contains(&plain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_opened_network_opens_its_addresses_only() {
        let policy = AddressPolicy {
            allow_networks: vec!["10.1.0.0/16".parse().unwrap(), "::1/128".parse().unwrap()],
            https_only: false,
        };
        for open in ["10.1.2.3", "::ffff:10.1.2.3", "::1", "8.8.8.8"] {
            assert_eq!(policy.judge(ip(open)), Ok(()), "{open}");
        }
        for shut in ["10.2.0.1", "127.0.0.1", "::ffff:127.0.0.1"] {
            assert!(policy.judge(ip(shut)).is_err(), "{shut}");
        }
    }

    #[test]
    fn everything_of_ipv6_does_not_open_private_ipv4() {
        let policy = AddressPolicy {
            allow_networks: vec!["::/0".parse().unwrap()],
            https_only: false,
        };
        assert!(policy.judge(ip("10.0.0.1")).is_err());
        assert!(policy.judge(ip("fd00::1")).is_ok());
    }

    #[test]
    fn one_bad_address_refuses_the_name() {
        let policy = AddressPolicy::default();
        let public = [ip("93.184.216.34"), ip("2606:4700:4700::1111")];
        assert_eq!(policy.judge_all(&public), Ok(()));

        let mixed = [public[0], ip("169.254.169.254"), public[1]];
        let refusal = policy.judge_all(&mixed).unwrap_err();
        assert_eq!(refusal.address, ip("169.254.169.254"));
        assert_eq!(
            refusal.to_string(),
            "169.254.169.254 is a link-local or cloud metadata address"
        );
    }
}
