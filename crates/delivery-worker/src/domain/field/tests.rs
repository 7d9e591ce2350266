//! Names, kinds and values of fields.

use events::{Action, Change, OrderId, TasksOfOrderDeleted, rest};
use serde_json::{Value as Json, json};

use super::names::fixed_names;
use super::*;
use crate::domain::record::samples::{
    client, client_changed, mark, order, order_changed, task, task_changed,
};

const ALL: [Component; 3] = [Component::Order, Component::Task, Component::Client];

fn field(name: &str) -> Field {
    Field::parse(name).unwrap_or_else(|unknown| panic!("{unknown}"))
}

fn value(name: &str, change: &Change) -> Json {
    field(name).value(&Record::of(change).unwrap()).to_json()
}

fn is_changed(name: &str, change: &Change) -> bool {
    field(name).is_changed(&Record::of(change).unwrap())
}

/// Each name with the value expected.
fn assert_values(change: &Change, expected: &[(&str, Json)]) {
    for (name, expected) in expected {
        assert_eq!(value(name, change), *expected, "{name}");
    }
}

#[test]
fn every_name_reads_back() {
    let made_up = [
        "marks.utmSource",
        "marks.a.b",
        "client.fields.Город",
        "client.fields.a.b",
        "client.fields.with space",
    ];
    let fixed = fixed_names();
    assert_eq!(fixed.len(), 29 + 7 + 3 + 2 + 25, "{fixed:?}");
    for name in fixed.iter().map(String::as_str).chain(made_up) {
        let field = field(name);
        assert_eq!(field.to_string(), name);
        assert_eq!(field.is_previous(), name.starts_with("previous."), "{name}");
        let stored = serde_json::to_value(&field).unwrap();
        assert_eq!(stored, json!(name));
        assert_eq!(serde_json::from_value::<Field>(stored).unwrap(), field);
    }
}

#[test]
fn other_names_are_no_fields() {
    let long = format!("client.fields.{}", "ж".repeat(65));
    for name in [
        "",
        ".",
        "prise",
        "Price",
        " price",
        "price.",
        "marks.",
        "marks.a\0",
        "client",
        "client.",
        "client.price",
        "client.fields",
        "client.fields.",
        "client.component",
        "stage",
        "stage.position",
        "pipeline.kind",
        "previous",
        "previous.",
        "previous.previous.price",
        "previous.marks",
        "previous.marks.utmSource",
        "previous.component",
        "previous.event",
        "previous.client.phone",
        "previous.stage.name",
        "revision",
        "created_at",
        long.as_str(),
    ] {
        let unknown = Field::parse(name).unwrap_err();
        assert_eq!(unknown, UnknownField(name.to_owned()));
        let advice = unknown.advice();
        assert!(
            advice.ends_with(['.', '?']) && advice.len() < 800,
            "{advice}"
        );
    }
    assert_eq!(
        Field::parse("prise").unwrap_err().advice(),
        "There is no field \"prise\"; did you mean \"price\"?"
    );
    let advice = Field::parse("warehouse").unwrap_err().advice();
    assert!(advice.contains("price, id_cat"), "{advice}");
    assert!(UnknownField("я".repeat(100_000)).advice().len() < 1_000);
}

/// A field with one value, if the name is of such a one.
fn single(name: &str) -> Option<Field> {
    let field = Field::parse(name).ok();
    field.filter(|field| field.kind() != FieldKind::Group)
}

#[test]
fn own_keys_have_the_values_of_the_rest_body() {
    let records = [
        (
            order_changed(Action::Add, order(), None),
            rest::order_body(&order(), 1),
            Component::Order,
            15,
        ),
        (
            task_changed(Action::Add, task(), None),
            rest::task_body(&task(), 1),
            Component::Task,
            11,
        ),
        (
            client_changed(Action::Add, client(), None),
            rest::client_body(&client(), 1),
            Component::Client,
            7,
        ),
    ];
    for (change, body, component, expected) in records {
        let mut seen = 0;
        for (name, in_body) in body.as_object().unwrap() {
            let Some(field) = single(name) else { continue };
            assert!(!in_body.is_null(), "the sample lacks {name}");
            assert_eq!(value(name, &change), *in_body, "{component:?} {name}");
            assert!(field.is_of(component), "{component:?} {name}");
            seen += 1;
        }
        assert_eq!(seen, expected, "{component:?}");
        // What the body does not have is null.
        for name in fixed_names() {
            let is_own = !name.contains('.') && !["component", "event"].contains(&name.as_str());
            if is_own && body.get(&name).is_none() {
                assert_eq!(value(&name, &change), Json::Null, "{component:?} {name}");
                assert!(!field(&name).is_of(component), "{component:?} {name}");
            }
        }
    }
}

#[test]
fn what_belongs_to_an_order_is_found() {
    let change = order_changed(Action::Add, order(), None);
    assert_values(
        &change,
        &[
            ("marks.utmSource", json!("yandex")),
            ("marks.gclid", json!("x1")),
            ("marks.none", json!(null)),
            ("client.id", json!(77)),
            ("client.realname", json!("Иван")),
            ("client.email", json!("a@b.ru")),
            ("client.phone", json!("79998888888")),
            ("client.position", json!("директор")),
            ("client.id_status", json!(8)),
            ("client.text", json!("важный")),
            ("client.fields.Город", json!("Москва")),
            ("client.fields.INN", json!(7701)),
            ("client.fields.ratio", json!(2.5)),
            ("client.fields.is_vip", json!(true)),
            ("client.fields.none", json!(null)),
            ("client.fields.unknown", json!(null)),
            ("client.fields.a.b", json!("dotted")),
            ("stage.id", json!(12)),
            ("stage.name", json!("Новая")),
            ("stage.kind", json!("open")),
            ("pipeline.id", json!(4)),
            ("pipeline.name", json!("Продажи")),
            ("component", json!("order")),
            ("event", json!("add")),
            ("previous.price", json!(null)),
        ],
    );

    let mut alone = order();
    (alone.client, alone.client_id, alone.price) = (None, None, None);
    alone.marks = vec![mark("a", "first"), mark("a", "later")];
    alone.tags.clear();
    assert_values(
        &order_changed(Action::Delete, alone, None),
        &[
            ("client.realname", json!(null)),
            ("client.fields.Город", json!(null)),
            ("price", json!(null)),
            ("tags", json!("")),
            ("marks.a", json!("later")),
            ("event", json!("delete")),
        ],
    );
}

#[test]
fn clients_have_their_fields_under_both_names_and_tasks_none() {
    let change = client_changed(Action::Add, client(), None);
    assert_values(
        &change,
        &[
            ("client.phone", json!("79998888888")),
            ("client.fields.INN", json!(7701)),
            ("component", json!("client")),
            ("stage.name", json!(null)),
            ("pipeline.id", json!(null)),
            ("marks.utmSource", json!(null)),
        ],
    );
    let change = task_changed(Action::Delete, task(), None);
    assert_values(
        &change,
        &[
            ("client.phone", json!(null)),
            ("client.fields.INN", json!(null)),
            ("stage.id", json!(null)),
            ("pipeline.name", json!(null)),
            ("component", json!("task")),
            ("event", json!("delete")),
        ],
    );
}

#[test]
fn of_tasks_that_went_together_the_order_is_known() {
    let change = Change::TasksOfOrderDeleted(TasksOfOrderDeleted {
        order_id: OrderId(42),
        tasks: Vec::new(),
    });
    let known = [
        ("id_order", json!(42)),
        ("id_deal", json!(42)),
        ("component", json!("task")),
        ("event", json!("delete")),
    ];
    assert_values(&change, &known);
    for name in fixed_names() {
        if !known.iter().any(|(known, _)| *known == name) {
            assert_eq!(value(&name, &change), Json::Null, "{name}");
            assert!(!is_changed(&name, &change), "{name}");
        }
    }
}

#[test]
fn an_edit_has_former_values_and_changes() {
    let mut before = order();
    before.price = None;
    before.name = "Раньше".to_owned();
    before.stage.id = events::StageId(11);
    before.stage.name = "Первая".to_owned();
    before.tags.pop();
    before.marks[1].value = "x0".to_owned();
    if let Some(client) = &mut before.client {
        client.phone = "1".to_owned();
        client.fields[0].value = events::FieldValue::Null;
    }
    let edit = order_changed(Action::Edit, order(), Some(before.clone()));
    assert_values(
        &edit,
        &[
            ("previous.price", json!(null)),
            ("previous.name", json!("Раньше")),
            ("previous.id_status", json!(11)),
            ("previous.tags", json!("vip")),
            ("previous.archive", json!(true)),
            ("price", json!(1500.5)),
        ],
    );
    let changed = [
        "price",
        "name",
        "id_status",
        "stage.id",
        "stage.name",
        "tags",
        "marks",
        "marks.gclid",
        "client.phone",
        "client.fields.Город",
    ];
    for name in fixed_names() {
        if !name.starts_with("previous.") && !changed.contains(&name.as_str()) {
            assert!(!is_changed(&name, &edit), "{name}");
        }
    }
    for name in changed {
        assert!(is_changed(name, &edit), "{name}");
        for action in [Action::Add, Action::Delete] {
            let change = order_changed(action, order(), None);
            assert!(!is_changed(name, &change), "{name}: {action} edits nothing");
        }
    }
    for name in ["marks.utmSource", "marks.none", "client.fields.INN"] {
        assert!(!is_changed(name, &edit), "{name}");
    }

    let mut before = client();
    before.fields.pop();
    let edit = client_changed(Action::Edit, client(), Some(before));
    for (name, expected) in [
        ("fields", true),
        ("client.fields.a.b", true),
        ("client.fields.INN", false),
        ("realname", false),
    ] {
        assert_eq!(is_changed(name, &edit), expected, "{name}");
    }
}

#[test]
fn fields_belong_to_kinds_of_records() {
    use Component::{Client, Order, Task};
    for (name, owners) in [
        ("id", &[Order, Task, Client][..]),
        ("name", &[Order, Task]),
        ("price", &[Order]),
        ("previous.price", &[Order]),
        ("date_from", &[Task]),
        ("id_deal", &[Task]),
        ("realname", &[Client]),
        ("fields", &[Client]),
        ("marks", &[Order]),
        ("marks.x", &[Order]),
        ("client.phone", &[Order, Client]),
        ("client.fields.x", &[Order, Client]),
        ("stage.kind", &[Order]),
        ("pipeline.id", &[Order]),
        ("component", &[Order, Task, Client]),
    ] {
        let field = field(name);
        let found: Vec<_> = ALL.into_iter().filter(|it| field.is_of(*it)).collect();
        assert_eq!(found, owners, "{name}");
    }
}

#[test]
fn values_as_json_keep_their_types() {
    use events::Price;
    let tags = ["vip".to_owned(), "spb".to_owned()];
    for (value, json) in [
        (Value::Null, "null"),
        (Value::from("a\"б"), "\"a\\\"б\""),
        (Value::Integer(-5), "-5"),
        (Value::Number(2.0), "2"),
        (Value::Number(2.5), "2.5"),
        (Value::Price(Price(150_000)), "1500"),
        (Value::Price(Price(150_050)), "1500.5"),
        (Value::Price(Price(5)), "0.05"),
        (Value::Flag(false), "false"),
        (Value::Tags(&tags), "\"vip,spb\""),
        (Value::Tags(&[]), "\"\""),
    ] {
        assert_eq!(value.to_json().to_string(), json);
    }
}
