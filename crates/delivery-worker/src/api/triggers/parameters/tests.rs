//! Parameters out of requests: what is taken, and what each mistake is called.

use http_api::ApiError;
use serde_json::json;

use super::*;

fn fields(parameters: &Value) -> Fields {
    let Value::Object(body) = json!({"parameters": parameters}) else {
        unreachable!("it is an object");
    };
    Fields::new(body)
}

/// Pointer, code and message of each error.
fn errors(parameters: &Value) -> Vec<(String, &'static str, String)> {
    let mut fields = fields(parameters);
    let _read = read_parameters(&mut fields);
    match fields.finish() {
        Err(ApiError::Unprocessable(errors)) => errors
            .into_iter()
            .map(|error| (error.pointer, error.code, error.message))
            .collect(),
        other => panic!("{other:?}"),
    }
}

fn places(parameters: &Value) -> Vec<(String, &'static str)> {
    let all = errors(parameters).into_iter();
    all.map(|(pointer, code, _)| (pointer, code)).collect()
}

#[test]
fn what_is_right_comes_back_as_it_was_sent() {
    let sent = json!([
        {"name": "deal_name", "kind": "field", "value": "name"},
        {"name": "utm", "kind": "field", "value": "marks.utmSource"},
        {"name": "city", "kind": "field", "value": "client.fields.Город"},
        {"name": "was", "kind": "field", "value": "previous.id_status"},
        {"name": "stage", "kind": "field", "value": "stage.kind"},
        {"name": "source", "kind": "value", "value": "crm"},
        {"name": "nothing", "kind": "value", "value": ""},
        {"name": "level", "kind": "value", "value": -1.5},
        {"name": "largest", "kind": "value", "value": i64::MAX},
        {"name": "hot", "kind": "value", "value": false},
        {"name": "event", "kind": "system", "value": "event_id"},
        {"name": "at", "kind": "system", "value": "timestamp"},
    ]);
    let mut fields = fields(&sent);
    let Presence::Value(read) = read_parameters(&mut fields) else {
        panic!("they are right");
    };
    fields.finish().unwrap();
    let shown: Vec<ParameterBody> = read.iter().map(ParameterBody::from).collect();
    assert_eq!(serde_json::to_value(shown).unwrap(), sent);
    // So they are stored, too.
    assert_eq!(serde_json::to_value(&read).unwrap(), sent);
    let stored: Vec<Parameter> = serde_json::from_value(sent).unwrap();
    assert_eq!(stored, read);
}

#[test]
fn absent_and_null_are_told_apart() {
    let mut body = Fields::new(serde_json::Map::new());
    assert_eq!(read_parameters(&mut body), Presence::Absent);
    assert_eq!(read_parameters(&mut fields(&Value::Null)), Presence::Null);
    assert_eq!(
        read_parameters(&mut fields(&json!([]))),
        Presence::Value(Vec::new())
    );
}

#[test]
fn every_mistake_is_told_at_its_place() {
    let long = "x".repeat(4_097);
    let sent = json!([
        {"name": "a", "kind": "field", "value": "prise"},
        {"name": "b", "kind": "field", "value": "all_day"},
        {"name": "c", "kind": "field", "value": "marks"},
        {"name": "d", "kind": "field", "value": 5},
        {"name": "e", "kind": "value", "value": null},
        {"name": "f", "kind": "value", "value": [1]},
        {"name": "g", "kind": "value", "value": long},
        {"name": "h", "kind": "value", "value": "a\u{0}b"},
        {"name": "i", "kind": "value", "value": 1e300},
        {"name": "j", "kind": "system", "value": "now"},
        {"name": "k", "kind": "constant", "value": 1},
        {"name": "l", "value": 1},
        {"kind": "value", "value": 1},
        {"name": "m", "kind": "value"},
        {"name": null, "kind": "value", "value": 1},
        {"name": "n", "kind": "value", "value": 1, "format": "x"},
        {"name": "a", "kind": "value", "value": 1},
        {"name": "test", "kind": "value", "value": 1},
        {"name": "dealName", "kind": "value", "value": 1},
        "o",
    ]);
    let expected = [
        ("/parameters/0/value", "unknown_field"),
        ("/parameters/1/value", "unknown_field"),
        ("/parameters/2/value", "unknown_value"),
        ("/parameters/3/value", "wrong_type"),
        ("/parameters/4/value", "not_null"),
        ("/parameters/5/value", "wrong_type"),
        ("/parameters/6/value", "too_long"),
        ("/parameters/7/value", "nul_character"),
        ("/parameters/8/value", "out_of_range"),
        ("/parameters/9/value", "unknown_value"),
        ("/parameters/10/kind", "unknown_value"),
        ("/parameters/11/kind", "required"),
        ("/parameters/12/name", "required"),
        ("/parameters/13/value", "required"),
        ("/parameters/14/name", "not_null"),
        ("/parameters/15/format", "unknown_field"),
        ("/parameters/16/name", "repeated"),
        ("/parameters/17/name", "parameter_reserved"),
        ("/parameters/18/name", "parameter_name"),
        ("/parameters/19", "wrong_type"),
    ];
    let expected = expected.map(|(pointer, code)| (pointer.to_owned(), code));
    assert_eq!(places(&sent), expected);

    let many = vec![json!({"name": "a", "kind": "value", "value": 1}); 101];
    assert_eq!(
        places(&many.into()),
        [("/parameters".to_owned(), "too_many")]
    );
}

#[test]
fn a_wrong_name_comes_with_one_that_is_right_and_free() {
    let pair = |name: &str| json!({"name": name, "kind": "value", "value": 1});
    for (sent, suggested) in [
        (json!([pair("Имя клиента")]), "imya_klienta"),
        (
            json!([pair("imya_klienta"), pair("Имя клиента")]),
            "imya_klienta_2",
        ),
        // The other way round as well.
        (
            json!([pair("Имя клиента"), pair("imya_klienta")]),
            "imya_klienta_2",
        ),
        (json!([pair("Test")]), "test_2"),
        (json!([pair("test")]), "test_2"),
    ] {
        let errors = errors(&sent);
        let [(_, _, message)] = errors.as_slice() else {
            panic!("{errors:?}");
        };
        assert!(message.contains(&format!("{suggested:?}")), "{message}");
    }
    let errors = errors(&json!([pair("Имя клиента"), pair("имя клиента")]));
    let suggested = ["imya_klienta", "imya_klienta_2"];
    for ((_, _, message), suggested) in errors.iter().zip(suggested) {
        assert!(message.contains(&format!("{suggested:?}")), "{message}");
    }
    assert_eq!(errors.len(), suggested.len());
}

fn trigger(method: &str, url: &str, parameters: &Value) -> WebhookSettings {
    serde_json::from_value(json!({
        "url": url, "format": "form", "events": ["order.edit"],
        "trigger": {
            "stage": 12, "pipeline": 1, "event": "entered", "method": method,
            "parameters": parameters,
        },
    }))
    .unwrap()
}

#[test]
fn the_urls_own_names_are_taken_for_a_get_only() {
    let parameters = json!([
        {"name": "id", "kind": "field", "value": "id"},
        {"name": "key", "kind": "value", "value": 1},
        {"name": "list", "kind": "value", "value": 1},
        {"name": "free", "kind": "value", "value": 1},
    ]);
    let url = "https://a.example/id?%6bey=1&list[]=2&other";
    let errors = check_parameters(&trigger("GET", url, &parameters));
    let found: Vec<_> = errors
        .iter()
        .map(|error| (error.pointer.as_str(), error.code))
        .collect();
    assert_eq!(
        found,
        [
            ("/parameters/1/name", "parameter_in_url"),
            ("/parameters/2/name", "parameter_in_url"),
        ]
    );
    assert_eq!(check_parameters(&trigger("POST", url, &parameters)), []);
}

#[test]
fn literals_alone_may_not_fill_the_url() {
    let url = "https://a.example/?k=1";
    // Each letter is six bytes in a URL.
    let check = |method, letters: usize| {
        let parameters = json!([
            {"name": "x", "kind": "value", "value": "Ы".repeat(letters)},
            {"name": "y", "kind": "field", "value": "name"},
        ]);
        check_parameters(&trigger(method, url, &parameters))
    };
    // 8192 bytes less the URL, `&x=` and `&y=`.
    let room = (8_192 - url.len() - 6) / 6;
    assert_eq!(check("GET", room), []);
    let errors = check("GET", room + 1);
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].pointer, "/parameters");
    assert_eq!(errors[0].code, "too_long");
    assert_eq!(check("POST", room + 1), []);
    assert_eq!(
        check_parameters(
            &serde_json::from_value(json!({
                "url": url, "format": "form", "events": ["order.edit"],
            }))
            .unwrap()
        ),
        []
    );
}
