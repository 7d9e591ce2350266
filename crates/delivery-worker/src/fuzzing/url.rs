//! A URL and addresses behind its name.

use std::net::IpAddr;

use crate::address::{AddressPolicy, Host, MAX_URL_BYTES, WebhookUrl};

/// Reads an input as a URL that somebody saves: its first line. The second one is a
/// query to join it, and each line after that an address that its name leads to.
///
/// # Panics
/// If an address gets through in one spelling and not in another, or if a URL is
/// another after it was stored.
pub fn judge_url(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.split('\n');
    let (url, query) = (
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or_default(),
    );
    let policy = AddressPolicy::default();
    for address in lines.filter_map(|line| line.parse().ok()) {
        check_address(&policy, address);
    }
    let Ok(url) = WebhookUrl::parse(url, &policy) else {
        return;
    };
    check_url(&policy, &url);
    if is_encoded(query)
        && let Ok(joined) = url.with_query(query)
    {
        assert!(joined.as_str().len() <= MAX_URL_BYTES);
        assert!(joined.query().ends_with(query) || query.is_empty());
        assert_eq!(joined.host(), url.host());
        assert_eq!(joined.authority(), url.authority());
    }
}

/// As parameters are when they come to join a URL.
fn is_encoded(query: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"*-._+%&=".contains(&byte);
    query.bytes().all(plain)
}

fn check_url(policy: &AddressPolicy, url: &WebhookUrl) {
    let text = url.as_str();
    assert!(text.len() <= MAX_URL_BYTES && text.is_ascii());
    assert!(text.starts_with("http://") || text.starts_with("https://"));
    let again = WebhookUrl::parse(text, policy);
    assert_eq!(again.as_ref(), Ok(url), "in normal form");
    if let Host::Address(address) = url.host() {
        assert_eq!(policy.judge(*address), Ok(()));
        check_address(policy, *address);
    }
    assert!(url.port() > 0);
    // One line of the request each.
    let target = url.path_and_query().to_string();
    let lines = [target.as_bytes(), url.authority().as_bytes()];
    for line in lines {
        assert!(line.iter().all(u8::is_ascii_graphic), "{text}");
    }
    assert!(!url.authority().as_bytes().contains(&b'@'));
}

/// An address is judged alike in all its forms.
fn check_address(policy: &AddressPolicy, address: IpAddr) {
    let is_open = policy.judge(address).is_ok();
    match address {
        IpAddr::V4(v4) => {
            let octets = v4.octets();
            assert!(!(is_open && (v4.is_private() || v4.is_loopback() || v4.is_link_local())));
            assert!(!(is_open && (v4.is_multicast() || v4.is_unspecified())));
            // Mapped, and as NAT64 writes it: never more open than itself.
            let [a, b, c, d] = octets.map(u16::from);
            let (high, low) = (a << 8 | b, c << 8 | d);
            let forms = [
                [0, 0, 0, 0, 0, 0xffff, high, low],
                [0x64, 0xff9b, 0, 0, 0, 0, high, low],
                [0x2002, high, low, 0, 0, 0, 0, 0],
            ];
            for form in forms {
                let form = IpAddr::from(form);
                assert!(is_open || policy.judge(form).is_err(), "{form} is {v4}");
            }
        }
        IpAddr::V6(v6) => {
            assert!(!(is_open && (v6.is_loopback() || v6.is_unspecified() || v6.is_multicast())));
            assert!(!(is_open && (v6.segments()[0] & 0xfe00) == 0xfc00));
            let plain = address.to_canonical();
            assert!(!is_open || policy.judge(plain).is_ok());
        }
    }
}
