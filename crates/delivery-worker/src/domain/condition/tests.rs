//! Every kind with every operator, and every way to get a condition wrong.

mod agreement;
mod groups;
mod refusals;

use events::{Action, Change, OrderSnapshot, StageId};
use serde_json::{Value as Json, json};

use super::*;
use crate::domain::record::samples::{
    client, client_changed, order, order_changed, task, task_changed,
};

fn condition(json: &Json) -> Condition {
    Condition::parse(json).unwrap_or_else(|errors| panic!("{json}: {errors:?}"))
}

/// A condition of one row.
fn only(field: &str, operator: &str, value: &Json) -> Json {
    match value {
        Json::Null => json!({"all": [{"field": field, "operator": operator}]}),
        value => json!({"all": [{"field": field, "operator": operator, "value": value}]}),
    }
}

/// Rows, each with what it comes to for `change`.
fn assert_rows(change: &Change, rows: &[(&str, &str, Json, bool)]) {
    let record = Record::of(change).unwrap();
    for (field, operator, value, expected) in rows {
        let json = only(field, operator, value);
        assert_eq!(condition(&json).holds(&record), *expected, "{json}");
    }
}

fn before() -> OrderSnapshot {
    let mut before = order();
    before.price = None;
    before.stage.id = StageId(11);
    before.tags = vec!["vip".to_owned()];
    before.text.clear();
    before.archived = false;
    before
}

#[test]
fn texts() {
    assert_rows(
        &order_changed(Action::Edit, order(), Some(before())),
        &[
            ("name", "equal", json!("Заказ"), true),
            ("name", "equal", json!("заказ"), false),
            ("name", "equal", json!(""), false),
            ("name", "not_equal", json!("заказ"), true),
            ("name", "not_equal", json!("Заказ"), false),
            ("name", "in", json!(["a", "Заказ"]), true),
            ("name", "in", json!(["a", "б"]), false),
            ("name", "contains", json!("ака"), true),
            ("name", "contains", json!("АКА"), false),
            ("name", "starts_with", json!("За"), true),
            ("name", "starts_with", json!("ка"), false),
            ("name", "empty", json!(null), false),
            ("name", "not_empty", json!(null), true),
            ("name", "changed", json!(null), false),
            ("name", "changed_to", json!("Заказ"), false),
            ("text", "changed", json!(null), true),
            ("text", "changed_to", json!("позвонить"), true),
            ("text", "changed_to", json!("написать"), false),
            ("previous.text", "empty", json!(null), true),
            ("previous.text", "equal", json!(""), true),
            ("marks.utmSource", "equal", json!("yandex"), true),
            ("marks.none", "empty", json!(null), true),
            ("marks.none", "equal", json!(""), false),
            ("marks.none", "not_equal", json!("x"), false),
            ("client.phone", "starts_with", json!("7999"), true),
            ("stage.name", "contains", json!("ова"), true),
        ],
    );
}

#[test]
fn colors_and_choices() {
    assert_rows(
        &order_changed(Action::Edit, order(), Some(before())),
        &[
            ("color", "equal", json!("#ad3939"), true),
            ("color", "equal", json!("AD3938"), false),
            ("color", "not_equal", json!("00ff00"), true),
            ("color", "in", json!(["00ff00", "ad3939"]), true),
            ("color", "empty", json!(null), false),
            ("color", "changed", json!(null), false),
            ("stage.kind", "equal", json!("open"), true),
            ("stage.kind", "not_equal", json!("won"), true),
            ("stage.kind", "in", json!(["won", "lost"]), false),
            ("stage.kind", "changed_to", json!("open"), false),
            ("component", "equal", json!("order"), true),
            ("event", "in", json!(["add", "edit"]), true),
            ("event", "not_equal", json!("edit"), false),
        ],
    );
}

#[test]
fn numbers() {
    assert_rows(
        &order_changed(Action::Edit, order(), Some(before())),
        &[
            ("price", "equal", json!(1500.5), true),
            ("price", "equal", json!("1500.50"), true),
            ("price", "equal", json!("1500.05"), false),
            ("price", "not_equal", json!(1500), true),
            ("price", "greater", json!(1500.5), false),
            ("price", "greater", json!("1500.49"), true),
            ("price", "greater_or_equal", json!(1500.5), true),
            ("price", "greater_or_equal", json!(1500.51), false),
            ("price", "less", json!(1500.51), true),
            ("price", "less", json!(1500.5), false),
            ("price", "less_or_equal", json!(1500.5), true),
            ("price", "less_or_equal", json!(1500), false),
            ("price", "in", json!([1, "1500.5"]), true),
            ("price", "in", json!([1, 1500]), false),
            ("price", "empty", json!(null), false),
            ("price", "changed", json!(null), true),
            ("price", "changed_to", json!(1500.5), true),
            ("previous.price", "empty", json!(null), true),
            ("previous.price", "not_empty", json!(null), false),
            ("previous.price", "less", json!(9_999_999), false),
            ("previous.price", "not_equal", json!(1), false),
            ("id_status", "equal", json!(12), true),
            ("id_status", "changed_to", json!(12), true),
            ("id_status", "changed_to", json!(11), false),
            ("previous.id_status", "in", json!([13, 11]), true),
            ("id_cat", "greater", json!(2), true),
            ("id_cat", "less", json!(-2), false),
            ("id_owner", "not_equal", json!(5), false),
            ("stage.id", "in", json!([1, 2, 12]), true),
            ("pipeline.id", "less_or_equal", json!(4), true),
            ("date_from", "empty", json!(null), true),
        ],
    );
    assert_rows(
        &task_changed(Action::Add, task(), None),
        &[
            ("date_from", "equal", json!(1_700_000_000), true),
            ("date_to", "greater", json!(1_700_003_599), true),
            ("id_deal", "equal", json!(42), true),
        ],
    );
}

#[test]
fn flags_and_groups() {
    assert_rows(
        &order_changed(Action::Edit, order(), Some(before())),
        &[
            ("archive", "equal", json!(true), true),
            ("archive", "equal", json!(false), false),
            ("archive", "not_equal", json!(false), true),
            ("archive", "changed", json!(null), true),
            ("archive", "changed_to", json!(true), true),
            ("archive", "changed_to", json!(false), false),
            ("previous.archive", "equal", json!(false), true),
            ("all_day", "equal", json!(false), false),
            ("all_day", "not_equal", json!(false), false),
            ("marks", "changed", json!(null), false),
        ],
    );
}

#[test]
fn tags() {
    assert_rows(
        &order_changed(Action::Edit, order(), Some(before())),
        &[
            ("tags", "contains", json!("vip"), true),
            ("tags", "contains", json!(" vip "), true),
            ("tags", "contains", json!("vi"), false),
            ("tags", "contains", json!("VIP"), false),
            ("tags", "in", json!(["msk", "spb"]), true),
            ("tags", "in", json!(["msk"]), false),
            ("tags", "equal", json!("spb, vip"), true),
            ("tags", "equal", json!(["spb", "vip", "vip"]), true),
            ("tags", "equal", json!(["vip"]), false),
            ("tags", "equal", json!(["vip", "spb", "msk"]), false),
            ("tags", "not_equal", json!("vip"), true),
            ("tags", "not_equal", json!(["vip", "spb"]), false),
            ("tags", "equal", json!([]), false),
            ("tags", "empty", json!(null), false),
            ("tags", "not_empty", json!(null), true),
            ("tags", "changed", json!(null), true),
            ("tags", "changed_to", json!("vip,spb"), true),
            ("tags", "changed_to", json!("vip"), false),
            ("previous.tags", "equal", json!("vip"), true),
        ],
    );
    let mut bare = order();
    bare.tags.clear();
    assert_rows(
        &order_changed(Action::Add, bare, None),
        &[
            ("tags", "empty", json!(null), true),
            ("tags", "equal", json!(""), true),
            ("tags", "in", json!(["vip"]), false),
        ],
    );
    let task = task_changed(Action::Add, task(), None);
    let none = [
        ("tags", "empty", json!(null), true),
        ("tags", "equal", json!(""), false),
        ("tags", "not_equal", json!("vip"), false),
    ];
    assert_rows(&task, &none);
}

#[test]
fn fields_of_any_kind() {
    let mut old = client();
    old.fields[1].value = events::FieldValue::Integer(7700);
    assert_rows(
        &client_changed(Action::Edit, client(), Some(old)),
        &[
            ("client.fields.INN", "equal", json!(7701), true),
            ("client.fields.INN", "equal", json!("7701"), true),
            ("client.fields.INN", "equal", json!("7701.0"), true),
            ("client.fields.INN", "equal", json!("07701"), false),
            ("client.fields.INN", "greater", json!("999"), true),
            ("client.fields.INN", "less", json!(10_000.5), true),
            // What is no number is neither above nor below one.
            ("client.fields.Город", "greater", json!(5), false),
            ("client.fields.Город", "less", json!(5), false),
            ("client.fields.blank", "less", json!("5"), false),
            ("client.fields.is_vip", "greater", json!(0), false),
            ("client.fields.is_vip", "greater", json!("a"), false),
            ("client.fields.INN", "contains", json!("70"), true),
            ("client.fields.INN", "starts_with", json!(77), true),
            ("client.fields.INN", "in", json!(["a", true, 7701]), true),
            ("client.fields.INN", "changed", json!(null), true),
            ("client.fields.INN", "changed_to", json!(7701), true),
            ("client.fields.INN", "changed_to", json!(7700), false),
            // Both sides read as numbers, so 10 is more than 9.
            ("client.fields.sum", "greater", json!("9"), true),
            ("client.fields.sum", "greater_or_equal", json!(10), true),
            // A text that is no number compares as text: "10" stands before "a".
            ("client.fields.sum", "greater", json!("a"), false),
            ("client.fields.code", "equal", json!(7), false),
            ("client.fields.code", "equal", json!("007"), true),
            ("client.fields.ratio", "equal", json!("2.50"), true),
            ("client.fields.ratio", "less_or_equal", json!(2), false),
            ("client.fields.ratio", "contains", json!("."), true),
            ("client.fields.is_vip", "equal", json!(true), true),
            ("client.fields.is_vip", "equal", json!(false), false),
            ("client.fields.is_vip", "equal", json!("true"), true),
            ("client.fields.is_vip", "equal", json!(1), false),
            ("client.fields.is_vip", "not_empty", json!(null), true),
            ("client.fields.Город", "equal", json!("Москва"), true),
            ("client.fields.Город", "not_equal", json!("Казань"), true),
            ("client.fields.Город", "less", json!("Тверь"), true),
            ("client.fields.blank", "empty", json!(null), true),
            ("client.fields.blank", "equal", json!(""), true),
            ("client.fields.none", "empty", json!(null), true),
            ("client.fields.none", "equal", json!(""), false),
            ("client.fields.none", "not_equal", json!("x"), false),
            ("client.fields.none", "less", json!(1), false),
            ("client.fields.none", "contains", json!(""), false),
            ("client.fields.absent", "not_empty", json!(null), false),
        ],
    );
}

#[test]
fn long_numbers_are_compared_digit_by_digit() {
    let mut whose = client();
    whose.fields[0].value = events::FieldValue::Text("12345678901234567890".to_owned());
    whose.fields[1].value = events::FieldValue::Integer(9_007_199_254_740_993);
    assert_rows(
        &client_changed(Action::Add, whose, None),
        &[
            (
                "client.fields.Город",
                "equal",
                json!("12345678901234567890"),
                true,
            ),
            (
                "client.fields.Город",
                "equal",
                json!("12345678901234567891"),
                false,
            ),
            (
                "client.fields.INN",
                "equal",
                json!(9_007_199_254_740_993_i64),
                true,
            ),
            (
                "client.fields.INN",
                "equal",
                json!(9_007_199_254_740_992_i64),
                false,
            ),
            (
                "client.fields.INN",
                "equal",
                json!("9007199254740993"),
                true,
            ),
        ],
    );
}
