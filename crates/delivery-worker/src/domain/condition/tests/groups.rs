//! Groups of rows, and what they are shown and stored as.

use serde_json::json;

use super::*;

#[test]
fn groups_hold_for_all_or_any_of_their_members() {
    let yes = json!({"field": "price", "operator": "greater", "value": 1000});
    let no = json!({"field": "name", "operator": "empty"});
    let change = order_changed(Action::Edit, order(), Some(before()));
    let record = Record::of(&change).unwrap();
    for (json, expected) in [
        (json!({"all": [yes, yes]}), true),
        (json!({"all": [yes, no]}), false),
        (json!({"any": [no, yes]}), true),
        (json!({"any": [no, no]}), false),
        (json!({"all": [yes, {"any": [no, yes]}]}), true),
        (json!({"all": [yes, {"any": [no, no]}]}), false),
        (json!({"any": [no, {"all": [yes, yes]}]}), true),
        (
            json!({"any": [no, {"all": [yes, no]}, {"any": [yes]}]}),
            true,
        ),
        (json!({"all": [{"all": [yes]}, {"any": [no]}]}), false),
    ] {
        assert_eq!(condition(&json).holds(&record), expected, "{json}");
    }
}

#[test]
fn each_row_says_what_it_came_to() {
    let json = json!({"all": [
        {"field": "price", "operator": "greater", "value": "2000"},
        {"any": [
            {"field": "tags", "operator": "not_empty"},
            {"field": "previous.price", "operator": "empty"},
        ]},
        {"field": "client.phone", "operator": "starts_with", "value": "7"},
    ]});
    let change = order_changed(Action::Edit, order(), Some(before()));
    let condition = condition(&json);
    let row = |pointer: &str, field: &str, operator, value, actual, holds| RowResult {
        pointer: pointer.to_owned(),
        field: field.to_owned(),
        operator,
        value,
        actual,
        holds,
    };
    assert_eq!(
        condition.rows(&Record::of(&change).unwrap()),
        [
            row(
                "/condition/all/0",
                "price",
                "greater",
                Some(json!("2000")),
                json!(1500.5),
                false
            ),
            row(
                "/condition/all/1/any/0",
                "tags",
                "not_empty",
                None,
                json!("vip,spb"),
                true
            ),
            row(
                "/condition/all/1/any/1",
                "previous.price",
                "empty",
                None,
                json!(null),
                true
            ),
            row(
                "/condition/all/2",
                "client.phone",
                "starts_with",
                Some(json!("7")),
                json!("79998888888"),
                true
            ),
        ]
    );
    let fields: Vec<_> = condition
        .fields()
        .map(|(pointer, field, _)| format!("{pointer} {field}"))
        .collect();
    assert_eq!(
        fields,
        [
            "/all/0 price",
            "/all/1/any/0 tags",
            "/all/1/any/1 previous.price",
            "/all/2 client.phone"
        ]
    );
}

#[test]
fn a_condition_is_stored_as_it_was_sent() {
    let text = concat!(
        r##"{"any":[{"field":"color","operator":"equal","value":"#ad3939"},"##,
        r#"{"all":[{"field":"tags","operator":"in","value":["b","a"]},"#,
        r#"{"field":"price","operator":"changed"}]}]}"#
    );
    let read: Condition = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
    assert_eq!(read.to_json().to_string(), text);
    assert_eq!(serde_json::from_str::<Condition>(text).unwrap(), read);
    let other = text.replace("\"b\"", "\"c\"");
    assert_ne!(serde_json::from_str::<Condition>(&other).unwrap(), read);
    let broken = serde_json::from_str::<Condition>(r#"{"all":[]}"#).unwrap_err();
    assert!(broken.to_string().contains("at least one row"), "{broken}");
}
