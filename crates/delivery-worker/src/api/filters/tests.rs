//! Filters read, merged, judged and shown.

use http_api::{ApiError, Fields};
use serde_json::{Value, json};
use utoipa::{PartialSchema, ToSchema};

use super::*;
use crate::domain::condition::Operator;
use crate::domain::filter::Filter;
use crate::domain::webhook::EventSwitches;

fn fields(body: &Value) -> Fields {
    Fields::new(body.as_object().unwrap().clone())
}

/// The filter of a good body for a new webhook of a caller with the token `mine`.
fn filter(body: &Value) -> Filter {
    let mut fields = fields(body);
    let filter = read_new(&mut fields, "mine", true);
    fields.finish().unwrap();
    filter
}

fn patched(filter: &Filter, patch: &Value) -> Filter {
    let mut fields = fields(patch);
    let patch = read_patch(&mut fields, "patcher", true);
    fields.finish().unwrap();
    let mut filter = filter.clone();
    patch.apply(&mut filter);
    filter
}

fn shown(filter: &Filter) -> Value {
    serde_json::to_value(WebhookFilterResponse::from(filter)).unwrap()
}

fn refused(body: &Value, with_stages: bool) -> Vec<(String, &'static str)> {
    let mut fields = fields(body);
    read_new(&mut fields, "mine", with_stages);
    match fields.finish() {
        Err(ApiError::Unprocessable(errors)) => errors
            .into_iter()
            .map(|error| (error.pointer, error.code))
            .collect(),
        other => panic!("{body}: {other:?}"),
    }
}

fn full() -> Value {
    json!({
        "changed": ["price", "marks.utmSource"],
        "id_pipeline": [4],
        "id_status": [12, 13],
        "condition": {"any": [{"field": "price", "operator": "greater", "value": "10.50"}]},
        "skip_own": true,
        "skip_own_token_id": "other",
    })
}

#[test]
fn what_is_sent_is_shown() {
    let none = json!({
        "changed": [], "id_pipeline": [], "id_status": [], "condition": null, "skip_own": false,
        "skip_own_token_id": null,
    });
    assert_eq!(shown(&filter(&json!({}))), none);
    assert_eq!(filter(&json!({})), Filter::default());
    assert_eq!(shown(&filter(&none)), none);
    assert_eq!(shown(&filter(&full())), full());

    let keys: Vec<_> = full().as_object().unwrap().keys().cloned().collect();
    let of_webhook = serde_json::to_string(&shown(&filter(&full()))).unwrap();
    let places: Vec<_> = keys
        .iter()
        .map(|key| of_webhook.find(key.as_str()))
        .collect();
    assert!(places.is_sorted(), "{of_webhook}");

    let of_trigger = TriggerFilterResponse::from(&filter(&full()));
    let mut expected = full();
    for key in ["id_pipeline", "id_status"] {
        expected.as_object_mut().unwrap().shift_remove(key);
    }
    assert_eq!(serde_json::to_value(of_trigger).unwrap(), expected);
}

#[test]
fn one_id_is_a_list_and_repeats_go() {
    let read = filter(&json!({
        "id_pipeline": 4, "id_status": [13, 12, 13], "changed": ["price", "name", "price"],
    }));
    let shown = shown(&read);
    assert_eq!(shown["id_pipeline"], json!([4]));
    assert_eq!(shown["id_status"], json!([13, 12]));
    assert_eq!(shown["changed"], json!(["price", "name"]));
}

#[test]
fn a_trigger_has_no_lists_of_stages() {
    assert_eq!(
        refused(&json!({"id_status": [12], "id_pipeline": 4}), false),
        [
            ("/id_status".to_owned(), "unknown_field"),
            ("/id_pipeline".to_owned(), "unknown_field"),
        ]
    );
}

#[test]
fn every_fault_is_named() {
    let wrong = json!({
        "changed": ["prise", 5, "previous.price", "id", "name"],
        "id_pipeline": "4",
        "id_status": [12, "13", 0, 1.5],
        "condition": {"all": [{"field": "price", "operator": "contains", "value": 1}]},
        "skip_own": "yes",
        "skip_own_token_id": "a b\n",
    });
    let expected = [
        ("/changed/0", "unknown_field"),
        ("/changed/1", "wrong_type"),
        ("/changed/2", "unknown_value"),
        ("/changed/3", "unknown_value"),
        ("/id_pipeline", "wrong_type"),
        ("/id_status/1", "wrong_type"),
        ("/id_status/2", "out_of_range"),
        ("/id_status/3", "wrong_type"),
        ("/condition/all/0/operator", "operator_unfit"),
        ("/skip_own", "wrong_type"),
        ("/skip_own_token_id", "invalid"),
    ];
    let expected = expected.map(|(pointer, code)| (pointer.to_owned(), code));
    assert_eq!(refused(&wrong, true), expected);
    for (key, value, code) in [
        ("changed", json!("price"), "wrong_type"),
        ("changed", json!(vec!["price"; 101]), "too_many"),
        ("id_status", json!(vec![1; 101]), "too_many"),
        ("id_status", json!(-1), "out_of_range"),
        ("condition", json!("price > 5"), "wrong_type"),
        ("skip_own_token_id", json!("t".repeat(129)), "too_long"),
    ] {
        let body = json!({ key: value });
        assert_eq!(refused(&body, true), [(format!("/{key}"), code)], "{body}");
    }
    assert_eq!(
        refused(&json!({"skip_own": false, "skip_own_token_id": "t"}), true),
        [("/skip_own_token_id".to_owned(), "contradiction")]
    );
}

#[test]
fn a_patch_changes_what_it_names_and_null_resets() {
    let before = filter(&full());
    assert_eq!(patched(&before, &json!({})), before);
    assert_eq!(patched(&before, &full()), before);
    for key in ["changed", "id_pipeline", "id_status", "condition"] {
        let mut expected = full();
        expected[key] = shown(&Filter::default())[key].clone();
        assert_eq!(shown(&patched(&before, &json!({ key: null }))), expected);
    }
    let other = json!({"all": [{"field": "name", "operator": "empty"}]});
    let replaced = patched(&before, &json!({"condition": other, "changed": []}));
    assert_eq!(shown(&replaced)["condition"], other);
    assert_eq!(shown(&replaced)["changed"], json!([]));
    assert_eq!(shown(&replaced)["id_status"], json!([12, 13]));
}

#[test]
fn whose_changes_are_skipped_is_kept_until_it_is_changed() {
    let token = |filter: &Filter| filter.skip_token.as_ref().map(|token| token.0.clone());
    let off = filter(&json!({}));
    let mine = filter(&json!({"skip_own": true}));
    assert_eq!(token(&mine).as_deref(), Some("mine"));
    let given = filter(&json!({"skip_own_token_id": "given"}));
    assert_eq!(token(&given).as_deref(), Some("given"));
    assert_eq!(token(&filter(&json!({"skip_own": null}))), None);

    for (before, patch, expected) in [
        (&mine, json!({"skip_own": true}), Some("mine")),
        (&off, json!({"skip_own": true}), Some("patcher")),
        (
            &mine,
            json!({"skip_own": true, "skip_own_token_id": "x"}),
            Some("x"),
        ),
        (&mine, json!({"skip_own_token_id": "x"}), Some("x")),
        (
            &mine,
            json!({"skip_own_token_id": "019B7CA9-8D04-7000-8000-00000000000A"}),
            Some("019b7ca9-8d04-7000-8000-00000000000a"),
        ),
        (&off, json!({"skip_own_token_id": "x"}), Some("x")),
        (
            &mine,
            json!({"skip_own": true, "skip_own_token_id": null}),
            Some("patcher"),
        ),
        (&mine, json!({"skip_own": false}), None),
        (&mine, json!({"skip_own": null}), None),
        (&mine, json!({"skip_own_token_id": null}), None),
        (
            &mine,
            json!({"skip_own": false, "skip_own_token_id": null}),
            None,
        ),
        (&off, json!({"skip_own": false}), None),
    ] {
        let after = patched(before, &patch);
        assert_eq!(token(&after).as_deref(), expected, "{patch}");
    }
}

/// Events, a filter, and the only error that there is, if there is one.
type Case = (
    &'static [&'static str],
    Value,
    Option<(&'static str, &'static str)>,
);

/// Pointers and codes of what the events could never meet.
fn unfit(events: &[&str], body: &Value) -> Vec<(String, &'static str)> {
    let events = EventSwitches::from_names(events.iter().copied()).unwrap();
    check(&filter(body), events)
        .into_iter()
        .map(|error| {
            assert!(error.message.ends_with('.'), "{}", error.message);
            (error.pointer, error.code)
        })
        .collect()
}

#[test]
fn filters_fit_the_events() {
    let row = |field: &str, operator: &str| json!({"condition": {"all": [{"any": [{"field": field, "operator": operator}]}]}});
    const FIELD: &str = "/condition/all/0/any/0/field";
    const OPERATOR: &str = "/condition/all/0/any/0/operator";
    let cases: [Case; 27] = [
        (&["order.add"], json!({}), None),
        (&["order.edit"], json!({"changed": ["price"]}), None),
        (
            &["order.add", "order.edit"],
            json!({"changed": ["price"]}),
            None,
        ),
        (
            &["order.add", "order.delete"],
            json!({"changed": ["price"]}),
            Some(("/changed", "never_met")),
        ),
        (
            &["order.edit"],
            json!({"changed": ["price", "realname"]}),
            Some(("/changed/1", "unknown_field")),
        ),
        (
            &["order.edit", "client.add"],
            json!({"changed": ["realname"]}),
            Some(("/changed/0", "never_met")),
        ),
        (
            &["client.edit"],
            json!({"changed": ["fields", "client.fields.x"]}),
            None,
        ),
        (&["order.add", "task.add"], json!({"id_status": 1}), None),
        (
            &["task.add"],
            json!({"id_status": 1}),
            Some(("/id_status", "never_met")),
        ),
        (
            &["client.edit"],
            json!({"id_pipeline": 1}),
            Some(("/id_pipeline", "never_met")),
        ),
        (&["order.delete"], row("name", "empty"), None),
        (&["task.delete"], row("name", "empty"), None),
        (
            &["client.add"],
            row("name", "empty"),
            Some((FIELD, "unknown_field")),
        ),
        (&["client.add"], row("client.phone", "empty"), None),
        (&["order.add"], row("client.phone", "empty"), None),
        (
            &["task.add"],
            row("client.phone", "empty"),
            Some((FIELD, "unknown_field")),
        ),
        (
            &["task.add"],
            row("marks.x", "empty"),
            Some((FIELD, "unknown_field")),
        ),
        (
            &["client.add"],
            row("stage.name", "empty"),
            Some((FIELD, "unknown_field")),
        ),
        (&["task.add", "order.add"], row("price", "empty"), None),
        (&["order.edit"], row("price", "changed"), None),
        (
            &["order.add"],
            row("price", "changed"),
            Some((OPERATOR, "never_met")),
        ),
        (
            &["order.add", "task.edit"],
            row("price", "changed"),
            Some((OPERATOR, "never_met")),
        ),
        (
            &["task.edit"],
            row("price", "changed"),
            Some((FIELD, "unknown_field")),
        ),
        (&["order.edit"], row("previous.price", "empty"), None),
        (
            &["order.add"],
            row("previous.price", "empty"),
            Some((FIELD, "never_met")),
        ),
        (
            &["order.add", "task.edit"],
            row("previous.text", "empty"),
            None,
        ),
        (
            &["client.edit"],
            row("previous.price", "empty"),
            Some((FIELD, "unknown_field")),
        ),
    ];
    for (events, body, expected) in cases {
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(pointer, code)| (pointer.to_owned(), code))
            .collect();
        assert_eq!(unfit(events, &body), expected, "{events:?} {body}");
    }
    let several = json!({
        "changed": ["realname"], "id_status": 1, "id_pipeline": 1,
        "condition": {"all": [{"field": "price", "operator": "empty"}]},
    });
    let pointers: Vec<_> = unfit(&["task.edit"], &several)
        .into_iter()
        .map(|(pointer, _)| pointer)
        .collect();
    assert_eq!(
        pointers,
        [
            "/changed/0",
            "/id_pipeline",
            "/id_status",
            "/condition/all/0/field"
        ]
    );
}

#[test]
fn the_document_names_every_operator() {
    let mut documented = Vec::new();
    documented.push((String::new(), schema::ConditionOperator::schema()));
    schema::Condition::schemas(&mut documented);
    let document = serde_json::to_value(&documented).unwrap();
    let names: Vec<_> = Operator::ALL.map(Operator::as_str).to_vec();
    assert_eq!(document[0][1]["enum"], json!(names));
    let members: Vec<_> = documented.iter().map(|(name, _)| name.as_str()).collect();
    for name in ["ConditionMember", "ConditionRow", "ConditionOperator"] {
        assert!(members.contains(&name), "{members:?}");
    }
}
