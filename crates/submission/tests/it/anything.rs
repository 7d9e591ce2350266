//! Bytes of strangers.

use proptest::prelude::*;
use submission::{Limits, Object, Posted, ReadError, Value, read};

const TYPES: [&str; 12] = [
    "",
    "application/json",
    "application/json; charset=utf-16",
    "text/plain",
    "text/plain; charset=cp1251",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=koi8-r",
    "multipart/form-data; boundary=b",
    "multipart/form-data; boundary=\"",
    "multipart/form-data",
    "application/xml",
    ";;=\"\\",
];

/// Pieces of all formats, so that random bodies get somewhere.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"",
            "\\u",
            "\\ud83d",
            "\"a\"",
            "1",
            "-0.5e3",
            "null",
            "true",
            "&",
            "=",
            "%",
            "%D0",
            "%5B",
            "%5D",
            "[]",
            "[a]",
            "+",
            "--b",
            "--b--",
            "\r\n",
            "\n",
            "\r\n\r\n",
            "Content-Disposition: form-data; name=\"",
            "filename=",
            ";",
            "\0",
            "\u{feff}",
            "я",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Leaves as [`Limits::keys`] counts them, and the deepest container.
fn measure(object: &Object, level: usize) -> (usize, usize) {
    object
        .iter()
        .fold((0, level), |(leaves, depth), (_, value)| {
            let (inner, deepest) = measure_value(value, level + 1);
            (leaves + inner, depth.max(deepest))
        })
}

fn measure_value(value: &Value, level: usize) -> (usize, usize) {
    let (leaves, depth) = match value {
        Value::Object(object) => measure(object, level),
        Value::List(items) => items.iter().fold((0, level), |(leaves, depth), item| {
            let (inner, deepest) = measure_value(item, level + 1);
            (leaves + inner, depth.max(deepest))
        }),
        _ => (1, level - 1),
    };
    (leaves.max(1), depth)
}

fn check_texts(object: &Object) {
    for (name, value) in object.iter() {
        assert_clean(name);
        check_value(value);
    }
}

fn check_value(value: &Value) {
    match value {
        Value::Text(text) | Value::Number(text) => assert_clean(text),
        Value::List(items) => items.iter().for_each(check_value),
        Value::Object(object) => check_texts(object),
        Value::File(file) => assert_clean(&file.name),
        Value::Null | Value::Bool(_) => {}
    }
}

fn assert_clean(text: &str) {
    let unwanted = |it: char| it.is_control() && !"\t\r\n".contains(it);
    assert!(!text.contains(unwanted), "{text:?}");
}

fn check(content_type: &str, query: &str, body: &[u8], limits: Limits) {
    let posted = Posted {
        content_type: Some(content_type),
        query,
        body,
        limits,
    };
    match read(&posted) {
        Ok(submission) => {
            for object in [&submission.query, &submission.body] {
                check_texts(object);
                let (leaves, depth) = measure(object, 0);
                assert!(leaves <= limits.keys, "{leaves} keys");
                assert!(depth <= limits.depth, "depth {depth}");
            }
            assert_eq!(
                submission.fingerprint(),
                read(&posted).unwrap().fingerprint()
            );
        }
        Err(ReadError::Malformed(reason)) => assert!(reason.ends_with('.'), "{reason}"),
        Err(ReadError::TooManyKeys | ReadError::TooDeep) => {}
        Err(ReadError::UnsupportedMediaType) => assert!(!body.trim_ascii().is_empty()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_bytes(content_type in "\\PC{0,40}", query in "\\PC{0,40}", body: Vec<u8>) {
        check(&content_type, &query, &body, Limits::default());
    }

    #[test]
    fn bytes_that_resemble_a_format(
        content_type in prop::sample::select(TYPES.to_vec()),
        body in pieces(),
        keys in 0_usize..8,
        depth in 0_usize..4,
    ) {
        check(content_type, "", &body, Limits { keys, depth });
        let query = String::from_utf8_lossy(&body).into_owned();
        check(content_type, &query, &body, Limits::default());
    }
}

#[test]
fn a_hundred_thousand_keys_and_levels_are_refused_at_once() {
    let many = |one: &str| one.repeat(100_000).into_bytes();
    let json = |one: &str| ["{\"a\":".as_bytes(), &many(one)].concat();
    for (content_type, body, error) in [
        ("application/json", json("["), ReadError::TooDeep),
        ("application/json", json("{\"a\":"), ReadError::TooDeep),
        (
            "application/json",
            [&b"{"[..], &many("\"a\":1,")].concat(),
            ReadError::TooManyKeys,
        ),
        (
            "application/json",
            [&b"{\"a\":["[..], &many("1,")].concat(),
            ReadError::TooManyKeys,
        ),
        (
            "application/x-www-form-urlencoded",
            many("a&"),
            ReadError::TooManyKeys,
        ),
        (
            "application/x-www-form-urlencoded",
            [&b"a"[..], &many("[]")].concat(),
            ReadError::TooDeep,
        ),
        (
            "multipart/form-data; boundary=b",
            many("--b\nContent-Disposition: form-data; name=a\n\n1\n"),
            ReadError::TooManyKeys,
        ),
    ] {
        let posted = Posted {
            content_type: Some(content_type),
            query: "",
            body: &body,
            limits: Limits::default(),
        };
        assert_eq!(read(&posted), Err(error), "{content_type}");
    }
}
