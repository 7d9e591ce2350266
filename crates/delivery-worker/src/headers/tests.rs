use proptest::prelude::*;

use super::*;

fn errors(name: &str, value: &str) -> Vec<HeaderError> {
    CustomHeaders::parse([(name, value)])
        .err()
        .unwrap_or_default()
}

#[test]
fn reserved_names_are_refused_in_any_case() {
    for name in [
        "Host",
        "HOST",
        "Content-Type",
        "content-length",
        "Content-Encoding",
        "Transfer-Encoding",
        "Connection",
        "User-Agent",
        "webhook-id",
        "Webhook-Signature",
        "X-Delivery-Attempt",
        "x-record-revision",
        "Accept-Encoding",
        "Expect",
        "Upgrade",
        "TE",
        "Proxy-Authorization",
    ] {
        let expected = HeaderError::Reserved {
            name: name.to_owned(),
        };
        assert_eq!(errors(name, "x"), [expected], "{name}");
    }
}

#[test]
fn names_are_tokens_of_at_most_64_bytes() {
    let long = "x".repeat(65);
    for name in ["", "a b", "a:b", "a\r\nb", "имя", "a\0", "(a)", &long] {
        let expected = HeaderError::Name {
            name: name.to_owned(),
        };
        assert_eq!(errors(name, "x"), [expected], "{name:?}");
    }
    for name in ["Authorization", "X-Api-Key", "x_y", &"x".repeat(64)] {
        assert_eq!(errors(name, "x"), [], "{name:?}");
    }
}

#[test]
fn values_stay_on_one_line() {
    for value in ["a\r\nX: b", "a\nb", "a\0", "ключ", " a", "a ", "a\x7f"] {
        let expected = HeaderError::Value {
            name: "X-Key".to_owned(),
        };
        assert_eq!(errors("X-Key", value), [expected], "{value:?}");
    }
    let expected = HeaderError::ValueTooLong {
        name: "X-Key".to_owned(),
    };
    assert_eq!(errors("X-Key", &"v".repeat(1025)), [expected]);
    for value in ["", "Bearer abc==", "a\tb", &"v".repeat(1024)] {
        assert_eq!(errors("X-Key", value), [], "{value:?}");
    }
}

#[test]
fn every_fault_is_reported_with_its_header() {
    let faults = CustomHeaders::parse([
        ("X-A", "1"),
        ("x-a", "2"),
        ("Host", "h"),
        ("X-B", "\n"),
        ("X-C", "fine"),
    ])
    .unwrap_err();
    let names: Vec<_> = faults.iter().filter_map(HeaderError::name).collect();
    assert_eq!(names, ["x-a", "Host", "X-B"]);
    assert_eq!(faults[0].to_string(), "the header x-a is given twice");

    let many: Vec<String> = (0..21).map(|n| format!("X-{n}")).collect();
    let many = many.iter().map(|name| (name.as_str(), "v"));
    assert_eq!(CustomHeaders::parse(many), Err(vec![HeaderError::TooMany]));
}

#[test]
fn assembled_in_the_order_of_the_contract() {
    let own =
        CustomHeaders::parse([("X-Api-Key", "s3cret"), ("Authorization", "Bearer t")]).unwrap();
    let mut callback = CallbackHeaders {
        user_agent: OUR_NAME,
        content_type: Some("application/json"),
        delivery_id: "0198",
        timestamp_seconds: 1_767_322_984,
        signature: "v1,abc=",
        attempt: 3,
        next_attempt_seconds: Some(1_767_323_284),
        revision: Some(17),
        own: &own,
    };
    let headers = callback.assemble().unwrap();
    let lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    assert_eq!(
        lines,
        [
            "user-agent: Dealwire/0.1.0",
            "accept: */*",
            "content-type: application/json",
            "webhook-id: 0198",
            "webhook-timestamp: 1767322984",
            "webhook-signature: v1,abc=",
            "x-delivery-attempt: 3",
            "x-delivery-next-attempt: 1767323284",
            "x-record-revision: 17",
            "x-api-key: s3cret",
            "authorization: Bearer t",
        ]
    );
    callback.revision = None;
    callback.next_attempt_seconds = None;
    let fewer = callback.assemble().unwrap();
    assert!(!fewer.contains_key(RECORD_REVISION));
    assert!(!fewer.contains_key(DELIVERY_NEXT_ATTEMPT));
}

#[test]
fn own_values_are_never_printed() {
    let own = CustomHeaders::parse([("X-Api-Key", "s3cret")]).unwrap();
    assert_eq!(format!("{own:?}"), r#"{"x-api-key": "***"}"#);
    let callback = CallbackHeaders {
        user_agent: OUR_NAME,
        content_type: Some("application/json"),
        delivery_id: "0198",
        timestamp_seconds: 0,
        signature: "v1,abc=",
        attempt: 1,
        next_attempt_seconds: None,
        revision: None,
        own: &own,
    };
    let printed = format!("{:?} {callback:?}", callback.assemble().unwrap());
    assert!(!printed.contains("s3cret"), "{printed}");
}

proptest! {
    #[test]
    fn what_is_accepted_cannot_break_out_of_its_line(
        name in any::<String>(),
        value in any::<String>(),
    ) {
        if let Ok(headers) = CustomHeaders::parse([(name.as_str(), value.as_str())]) {
            let (key, sent) = &headers.0[0];
            prop_assert!(key.as_str().bytes().all(|b| b.is_ascii_graphic() && b != b':'));
            prop_assert_eq!(sent.as_bytes(), value.as_bytes());
            prop_assert!(!value.contains(['\r', '\n', '\0']));
        }
    }
}
