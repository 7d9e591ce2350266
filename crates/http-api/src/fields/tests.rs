//! What is refused, how it is named, and that nothing panics.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn fields(value: Value) -> Fields {
    match value {
        Value::Object(object) => Fields::new(object),
        other => panic!("not an object: {other}"),
    }
}

fn errors(fields: Fields) -> Vec<(String, &'static str)> {
    match fields.finish() {
        Ok(()) => Vec::new(),
        Err(ApiError::Unprocessable(errors)) => errors
            .into_iter()
            .map(|error| (error.pointer, error.code))
            .collect(),
        Err(other) => panic!("{other:?}"),
    }
}

fn only_message(fields: Fields) -> String {
    match fields.finish() {
        Err(ApiError::Unprocessable(mut errors)) if errors.len() == 1 => errors.remove(0).message,
        other => panic!("{other:?}"),
    }
}

const NAME: TextLimit = TextLimit::Chars(5);

#[test]
fn good_fields_are_read() {
    let mut body = fields(json!({
        "name": "Заказ", "price": null, "id_client": 77, "archive": true,
        "tags": ["a", "b"], "format": "json", "position": -3,
    }));
    assert_eq!(body.required_text("name", NAME), "Заказ");
    assert_eq!(body.id("price"), Presence::Null);
    assert_eq!(body.id("id_client"), Presence::Value(77));
    assert_eq!(body.boolean("archive"), Presence::Value(true));
    assert_eq!(
        body.text_list("tags", 9, NAME),
        Presence::Value(vec!["a".to_owned(), "b".to_owned()])
    );
    assert_eq!(
        body.one_of("format", &[("form", 1), ("json", 2)]),
        Presence::Value(2)
    );
    assert_eq!(body.integer("position", -5..=5), Presence::Value(-3));
    assert_eq!(body.text("text", NAME), Presence::Absent);
    assert_eq!(errors(body), []);
}

#[test]
fn every_error_is_reported_in_one_answer() {
    let mut body = fields(json!({
        "name": "too long", "text": "a\0b", "id_client": "77", "id_cat": 0, "id_status": 1.5,
        "id_big": 99_999_999_999_999_999_999_u128 as f64, "archive": 1, "color": null,
        "format": "xml", "tags": ["ok", 5, "much too long"], "extra/~": 1,
    }));
    body.text("name", NAME);
    body.text("text", NAME);
    body.id("id_client");
    body.id("id_cat");
    body.id("id_status");
    body.id("id_big");
    body.boolean("archive");
    body.required_text("color", NAME);
    body.required_text("missing", NAME);
    body.one_of("format", &[("form", ())]);
    body.text_list("tags", 9, NAME);
    assert_eq!(
        errors(body),
        [
            ("/name", "too_long"),
            ("/text", "nul_character"),
            ("/id_client", "wrong_type"),
            ("/id_cat", "out_of_range"),
            ("/id_status", "wrong_type"),
            ("/id_big", "out_of_range"),
            ("/archive", "wrong_type"),
            ("/color", "not_null"),
            ("/missing", "required"),
            ("/format", "unknown_value"),
            ("/tags/1", "wrong_type"),
            ("/tags/2", "too_long"),
            ("/extra~1~0", "unknown_field"),
        ]
        .map(|(pointer, code)| (pointer.to_owned(), code))
    );
}

#[test]
fn a_required_field_of_the_wrong_type_is_one_error() {
    let mut body = fields(json!({"name": 5}));
    body.required_text("name", NAME);
    assert_eq!(errors(body), [("/name".to_owned(), "wrong_type")]);
}

#[test]
fn messages_say_what_to_do() {
    let mut body = fields(json!({"nmae": "x"}));
    body.text("name", NAME);
    assert_eq!(
        only_message(body),
        "There is no field \"nmae\"; did you mean \"name\"?"
    );

    let body = fields(json!({"warehouse": 1}));
    assert_eq!(
        only_message(body),
        "There is no field \"warehouse\"; leave it out."
    );

    let mut body = fields(json!({"name": "123456"}));
    body.text("name", NAME);
    assert_eq!(
        only_message(body),
        "Send at most 5 characters; there are 6."
    );

    let mut body = fields(json!({"id": 1.5}));
    body.id("id");
    assert_eq!(
        only_message(body),
        "Send an integer, not a number with a fraction."
    );

    let mut body = fields(json!({"text": "жж"}));
    body.text("text", TextLimit::Bytes(3));
    assert_eq!(
        only_message(body),
        "Send at most 3 bytes of UTF-8; there are 4."
    );
}

#[test]
fn an_integer_may_be_written_as_a_number_with_a_point() {
    let text = r#"{"one": 1.0, "two": 2e3, "three": -0.0, "ids": [7.0, 8]}"#;
    let mut body = fields(serde_json::from_str(text).unwrap());
    let range = -10..=10_000;
    let read = ["one", "two", "three"].map(|key| body.integer(key, range.clone()).value());
    assert_eq!(read, [Some(1), Some(2_000), Some(0)]);
    assert_eq!(body.id_list("ids", 5).value(), Some(vec![7, 8]));
    assert_eq!(errors(body), []);

    // The last ones are not exact.
    let text = r#"{"half": 0.5, "tiny": 1e-9, "large": 1e17, "larger": 1e300}"#;
    let mut body = fields(serde_json::from_str(text).unwrap());
    for key in ["half", "tiny", "large", "larger"] {
        body.integer(key, i64::MIN..=i64::MAX);
    }
    let expected = [
        ("/half", "wrong_type"),
        ("/tiny", "wrong_type"),
        ("/large", "out_of_range"),
        ("/larger", "out_of_range"),
    ];
    assert_eq!(
        errors(body),
        expected.map(|(pointer, code)| (pointer.to_owned(), code))
    );
}

#[test]
fn read_only_fields_may_be_sent_back_unchanged() {
    let mut body = fields(json!({"id": 42, "revision": 3}));
    body.read_only("id", Some(&json!(42)));
    body.read_only("revision", Some(&json!(4)));
    body.read_only("created_at", Some(&json!("x")));
    assert_eq!(errors(body), [("/revision".to_owned(), "read_only")]);

    let mut body = fields(json!({"id": 42}));
    body.read_only("id", None);
    assert_eq!(errors(body), [("/id".to_owned(), "read_only")]);
}

#[test]
fn nested_objects_have_nested_pointers() {
    let mut body = fields(json!({
        "condition": {"all": [{"field": "price"}, {"feild": 1}, 7]},
    }));
    let read = body.object("condition", |condition| {
        condition.object_list("all", 10, |row| row.text("field", NAME))
    });
    assert_eq!(
        read,
        Presence::Value(Presence::Value(vec![
            Presence::Value("price".to_owned()),
            Presence::Absent,
        ]))
    );
    assert_eq!(
        errors(body),
        [
            ("/condition/all/1/feild".to_owned(), "unknown_field"),
            ("/condition/all/2".to_owned(), "wrong_type"),
        ]
    );
}

#[test]
fn errors_of_a_structure_stand_below_its_field() {
    let below = || {
        vec![
            FieldError::new("", "invalid", "Send another."),
            FieldError::new("/all/0", "wrong_type", "Send an object."),
        ]
    };
    let mut body = fields(json!({"a/b": [1], "none": null, "good": 5}));
    assert_eq!(
        body.structure("a/b", |_| Err::<(), _>(below())),
        Presence::Absent
    );
    assert_eq!(
        body.structure("none", |_| Err::<(), _>(below())),
        Presence::Null
    );
    assert_eq!(
        body.structure("good", |value| Ok(value.clone())),
        Presence::Value(json!(5))
    );
    assert_eq!(
        errors(body),
        [
            ("/a~1b".to_owned(), "invalid"),
            ("/a~1b/all/0".to_owned(), "wrong_type"),
        ]
    );
}

#[test]
fn entries_keep_their_order_and_name_the_wrong_one() {
    let mut body = fields(json!({"fields": {"Город": "Москва", "a/b": [], "INN": "7701"}}));
    let read = body.entries("fields", 3, |_, value| match value {
        Value::String(text) => Ok(text.clone()),
        other => Err(Invalid::wrong_type("text", other)),
    });
    assert_eq!(
        read,
        Presence::Value(vec![
            ("Город".to_owned(), "Москва".to_owned()),
            ("INN".to_owned(), "7701".to_owned()),
        ])
    );
    assert_eq!(errors(body), [("/fields/a~1b".to_owned(), "wrong_type")]);

    let mut body = fields(json!({"fields": {"a": 1, "b": 2}}));
    body.entries("fields", 1, |_, _| Ok(()));
    assert_eq!(errors(body), [("/fields".to_owned(), "too_many")]);
}

#[test]
fn a_flood_of_errors_is_cut() {
    let object = (0..5000).map(|n| (format!("k{n}"), json!(1))).collect();
    assert_eq!(errors(Fields::new(object)).len(), MAX_ERRORS);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..8)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_value_makes_a_getter_panic(value in any_json(), name in any::<String>()) {
        let mut body = fields(json!({
            "text": value, "id": value, "integer": value, "boolean": value, "one": value,
            "list": value, "objects": value, "object": value, "entries": value, "fixed": value,
            "unknown": value,
        }));
        let text = body.text("text", TextLimit::Bytes(10));
        if let Presence::Value(text) = text {
            prop_assert!(text.len() <= 10 && !text.contains('\0'));
        }
        if let Presence::Value(id) = body.id("id") {
            prop_assert!(id > 0);
        }
        if let Presence::Value(number) = body.integer("integer", -3..=3) {
            prop_assert!((-3..=3).contains(&number));
        }
        body.boolean("boolean");
        body.one_of("one", &[("a", 1)]);
        body.text_list("list", 3, NAME);
        body.object_list("objects", 3, |row| row.id("id"));
        body.object("object", |inner| inner.text(&name, NAME));
        body.entries("entries", 3, |_, _| Ok(()));
        body.read_only("fixed", Some(&Value::Null));
        prop_assert!(body.finish().is_err());
    }

    #[test]
    fn a_pointer_leads_back_to_its_field(name in any::<String>()) {
        let object = json!({ name.clone(): 1 });
        let Err(ApiError::Unprocessable(errors)) = fields(object.clone()).finish() else {
            return Err(TestCaseError::fail("an unknown field was taken"));
        };
        prop_assert_eq!(object.pointer(&errors[0].pointer), Some(&json!(1)));
    }
}
