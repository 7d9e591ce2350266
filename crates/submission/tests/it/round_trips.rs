//! What encoders that are not ours write, we read back.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Number, Value as Json};
use submission::{Limits, Posted, Value, read};

const LIMITS: Limits = Limits {
    keys: 10_000,
    depth: 8,
};

fn read_back(content_type: &str, body: &str) -> Json {
    let posted = Posted {
        content_type: Some(content_type),
        query: "",
        body: body.as_bytes(),
        limits: LIMITS,
    };
    Json::from(&Value::Object(read(&posted).unwrap().body))
}

/// Texts without control characters, which are taken out.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,12}", "[\"\\\\/ \t\r\n&=+%\\[\\];ЯёЇ№😀]{0,8}"]
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_filter_map("a float that is shown as it is kept", |float| {
            let number = Number::from_f64(float)?;
            Some(Json::Number(number))
        }),
        text().prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Json::from),
            vec((text(), inner), 0..6).prop_map(|pairs| Json::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn json_of_serde(object in vec((text(), json()), 0..8)) {
        let object: Map<String, Json> = object.into_iter().collect();
        let sent = Json::Object(object);
        prop_assert_eq!(read_back("application/json", &sent.to_string()), sent.clone());
        let pretty = serde_json::to_string_pretty(&sent).unwrap();
        prop_assert_eq!(read_back("text/plain", &pretty), sent);
    }

    #[test]
    fn what_serde_refuses_is_refused(body in "[\\[\\]{}:,\"\\\\/eE+.0-9a-z -]{0,24}") {
        let body = format!("{{{body}");
        let posted = Posted {
            content_type: Some("application/json"),
            query: "",
            body: body.as_bytes(),
            limits: LIMITS,
        };
        // Numbers that no float holds are ours alone; the alphabet can hardly write one.
        if serde_json::from_str::<Json>(&body).is_err_and(|error| !error.to_string().contains("out of range")) {
            prop_assert!(read(&posted).is_err(), "{}", body);
        } else {
            prop_assert!(read(&posted).is_ok(), "{}", body);
        }
    }

    #[test]
    fn a_form_of_the_url_crate(pairs in vec(("[^\\pC\\[\\]]{1,8}", text()), 0..10)) {
        let mut encoder = url::form_urlencoded::Serializer::new(String::new());
        let mut sent: Map<String, Json> = Map::new();
        for (name, value) in pairs {
            if !sent.contains_key(&name) {
                encoder.append_pair(&name, &value);
                sent.insert(name, Json::from(value));
            }
        }
        let body = encoder.finish();
        prop_assert_eq!(read_back("application/x-www-form-urlencoded", &body), Json::Object(sent));
    }

    #[test]
    fn nested_names_as_php_writes_them(
        names in vec("[a-zА-я_]{1,6}", 1..5),
        items in vec("[a-z0-9 @.]{1,8}", 1..5),
    ) {
        let path: String = names.iter().skip(1).map(|name| format!("[{name}]")).collect();
        let top = &names[0];
        let mut encoder = url::form_urlencoded::Serializer::new(String::new());
        for (index, item) in items.iter().enumerate() {
            encoder.append_pair(&format!("{top}{path}[{index}]"), &format!("x{item}"));
        }
        let items: Vec<String> = items.iter().map(|item| format!("x{item}")).collect();
        let sent = names.iter().rev().fold(Json::from(items), |inner, name| {
            Json::Object(Map::from_iter([(name.clone(), inner)]))
        });
        let body = encoder.finish();
        prop_assert_eq!(read_back("application/x-www-form-urlencoded", &body), sent);
    }

    #[test]
    fn a_multipart_body(pairs in vec(("[a-zА-я ]{1,8}", "[^\\pC]{0,12}"), 0..6)) {
        let mut body = String::new();
        let mut sent: Map<String, Json> = Map::new();
        for (name, value) in pairs {
            if sent.insert(name.clone(), Json::from(value.clone())).is_none() {
                body += &format!("--0x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            } else {
                return Ok(());
            }
        }
        body += "--0x--\r\n";
        prop_assert_eq!(read_back("multipart/form-data; boundary=0x", &body), Json::Object(sent));
    }
}
