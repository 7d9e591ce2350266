//! Whose request it is.

use std::net::IpAddr;

use actix_web::HttpRequest;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The sender's address: who connected, or who a trusted proxy says has connected to it.
pub(super) fn of(request: &HttpRequest, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let forwarded: Vec<&str> = request
        .headers()
        .get_all(FORWARDED_FOR)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    Some(walk(peer, &forwarded, trusted))
}

/// Each proxy adds who connected to it at the end; so from there on, as long as proxies are trusted.
fn walk(peer: IpAddr, forwarded: &[&str], trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    let mut client = peer;
    for next in forwarded.iter().rev() {
        if !is_trusted(client) {
            break;
        }
        match parse(next) {
            Some(address) => client = address,
            None => break,
        }
    }
    client
}

/// Some proxies add a port, and brackets for version 6.
fn parse(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.split(']').next())
        .unwrap_or(text);
    let address: Option<IpAddr> = bare.parse().ok();
    let address = address.or_else(|| {
        let (host, _port) = text.rsplit_once(':')?;
        host.parse().ok()
    });
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        walk(peer.parse().unwrap(), forwarded, &trusted).to_string()
    }

    #[test]
    fn nobody_is_believed_unless_trusted() {
        assert_eq!(client("192.0.2.1", &["198.51.100.7"], &[]), "192.0.2.1");
        assert_eq!(
            client("192.0.2.1", &["198.51.100.7"], &["10.0.0.0/8"]),
            "192.0.2.1"
        );
    }

    #[test]
    fn the_last_that_is_not_a_proxy_is_the_client() {
        let trusted = ["10.0.0.0/8", "192.0.2.0/24"];
        for (forwarded, expected) in [
            (&["198.51.100.7"][..], "198.51.100.7"),
            (&["203.0.113.9", "198.51.100.7", "10.1.1.1"], "198.51.100.7"),
            (&["198.51.100.7:4711"], "198.51.100.7"),
            (&["[2001:db8::1]:4711"], "2001:db8::1"),
            (&["::ffff:198.51.100.7"], "198.51.100.7"),
            (&["198.51.100.7", "unknown"], "192.0.2.1"),
            (&[""], "192.0.2.1"),
            (&[], "192.0.2.1"),
            (&["10.1.1.1", "10.2.2.2"], "10.1.1.1"),
        ] {
            assert_eq!(
                client("192.0.2.1", forwarded, &trusted),
                expected,
                "{forwarded:?}"
            );
        }
    }
}
