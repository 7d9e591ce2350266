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
    // Short enough as it is written, and not as it is sent.
    let encoded = format!("https://a.example/{}", "я".repeat(2_000));
    assert!(encoded.len() < MAX_URL_BYTES);
    assert_eq!(parse(&encoded), Err(UrlError::TooLong));
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
