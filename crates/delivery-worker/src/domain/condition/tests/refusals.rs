//! What is refused, and where it is pointed at.

use proptest::prelude::*;

use super::*;

/// Pointers and codes; each message is a sentence.
fn errors(json: &Json) -> Vec<(String, &'static str)> {
    let errors = Condition::parse(json).expect_err(&json.to_string());
    errors
        .into_iter()
        .map(|error| {
            assert!(error.message.ends_with(['.', '?']), "{}", error.message);
            (error.pointer, error.code)
        })
        .collect()
}

fn assert_refused(json: &Json, expected: &[(&str, &str)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(pointer, code)| ((*pointer).to_owned(), *code))
        .collect();
    assert_eq!(errors(json), expected, "{json}");
}

fn row() -> Json {
    json!({"field": "name", "operator": "empty"})
}

#[test]
fn a_condition_is_an_object_with_one_list() {
    for (json, pointer, code) in [
        (json!(null), "", "wrong_type"),
        (json!([]), "", "wrong_type"),
        (json!("price > 5"), "", "wrong_type"),
        (json!({}), "", "required"),
        (json!({"all": [row()], "any": [row()]}), "", "all_and_any"),
        (json!({"all": []}), "/all", "required"),
        (json!({"any": row()}), "/any", "wrong_type"),
        (json!({"any": null}), "/any", "wrong_type"),
        (json!({"all": ["x"]}), "/all/0", "wrong_type"),
        (
            json!({"all": [row(), {"any": []}]}),
            "/all/1/any",
            "required",
        ),
        (json!({"all": [row()], "a/b": 1}), "/a~1b", "unknown_field"),
    ] {
        assert_refused(&json, &[(pointer, code)]);
    }
    assert_refused(
        &json!({"field": "name", "operator": "empty"}),
        &[
            ("/field", "unknown_field"),
            ("/operator", "unknown_field"),
            ("", "required"),
        ],
    );
}

#[test]
fn two_levels_and_100_rows_are_the_most() {
    let deep = json!({"all": [row(), {"any": [row(), {"all": [row()]}]}]});
    assert_refused(&deep, &[("/all/1/any/1", "too_deep")]);
    let message = &Condition::parse(&deep).unwrap_err()[0].message;
    assert!(message.contains("two levels"), "{message}");

    let rows = |count: usize| vec![row(); count];
    assert!(Condition::parse(&json!({"all": rows(100)})).is_ok());
    assert_refused(&json!({"all": rows(101)}), &[("/all", "too_many")]);
    let split = |more: usize| json!({"any": [{"all": rows(60)}, {"all": rows(40 + more)}]});
    assert!(Condition::parse(&split(0)).is_ok());
    assert_refused(&split(1), &[("", "too_many")]);

    // A flood of errors is cut.
    let empty = json!({"all": vec![json!({"x": 1}); 100]});
    assert_eq!(errors(&empty).len(), 100);
}

#[test]
fn every_fault_is_named_at_once() {
    assert_refused(
        &json!({"all": [
            {"field": "prise", "operator": "equal", "value": 1},
            {"field": "price", "operator": "contains", "value": 1},
            {"field": "price", "operator": "greater"},
            {"field": "price", "operator": "greater", "value": null},
            {"field": "price", "operator": "empty", "value": 1},
            {"field": "price", "operator": "is", "value": 1, "worth": 2},
            {"field": 5, "operator": 6},
            {},
            {"field": "nope", "operator": "changed", "value": 1},
            {"any": [{"field": "id_status", "operator": "in", "value": [1, "2", 3.5]}]},
        ]}),
        &[
            ("/all/0/field", "unknown_field"),
            ("/all/1/operator", "operator_unfit"),
            ("/all/2/value", "required"),
            ("/all/3/value", "not_null"),
            ("/all/4/value", "value_not_allowed"),
            ("/all/5/worth", "unknown_field"),
            ("/all/5/operator", "unknown_value"),
            ("/all/6/field", "wrong_type"),
            ("/all/6/operator", "wrong_type"),
            ("/all/7/field", "required"),
            ("/all/7/operator", "required"),
            ("/all/8/field", "unknown_field"),
            ("/all/8/value", "value_not_allowed"),
            ("/all/9/any/0/value/1", "wrong_type"),
            ("/all/9/any/0/value/2", "wrong_type"),
        ],
    );
}

/// For each kind of field the operators that fit, each with a value that does.
#[test]
fn operators_fit_the_kind_of_the_field() {
    const TEXT: &str = "equal not_equal in contains starts_with empty not_empty changed changed_to";
    const NUMBER: &str = "equal not_equal greater greater_or_equal less less_or_equal in empty \
                          not_empty changed changed_to";
    const PAST_NUMBER: &str =
        "equal not_equal greater greater_or_equal less less_or_equal in empty not_empty";
    for (field, value, fitting) in [
        ("name", json!("x"), TEXT),
        ("marks.x", json!("x"), TEXT),
        ("client.phone", json!("x"), TEXT),
        ("stage.name", json!("x"), TEXT),
        (
            "color",
            json!("AD3939"),
            "equal not_equal in empty not_empty changed changed_to",
        ),
        (
            "stage.kind",
            json!("won"),
            "equal not_equal in changed changed_to",
        ),
        ("component", json!("order"), "equal not_equal in"),
        ("event", json!("edit"), "equal not_equal in"),
        ("id_status", json!(1), NUMBER),
        ("price", json!(1), NUMBER),
        ("previous.price", json!(1), PAST_NUMBER),
        ("previous.id", json!(1), PAST_NUMBER),
        ("archive", json!(true), "equal not_equal changed changed_to"),
        ("previous.archive", json!(true), "equal not_equal"),
        (
            "tags",
            json!("x"),
            "equal not_equal in contains empty not_empty changed changed_to",
        ),
        (
            "client.fields.x",
            json!("x"),
            "equal not_equal greater greater_or_equal less less_or_equal in contains starts_with \
             empty not_empty changed changed_to",
        ),
        ("marks", json!("x"), "changed"),
        ("fields", json!("x"), "changed"),
    ] {
        let fitting: Vec<_> = fitting.split_whitespace().collect();
        for operator in Operator::ALL.map(Operator::as_str) {
            let value = match operator {
                "empty" | "not_empty" | "changed" => Json::Null,
                "in" => json!([value]),
                _ => value.clone(),
            };
            let json = only(field, operator, &value);
            if fitting.contains(&operator) {
                condition(&json);
                continue;
            }
            assert_refused(&json, &[("/all/0/operator", "operator_unfit")]);
            let message = &Condition::parse(&json).unwrap_err()[0].message;
            let list = fitting.join(", ");
            assert!(
                message.contains(&format!("one of {list}, which fit")),
                "{message}"
            );
        }
    }
}

#[test]
fn values_are_of_the_type_of_the_field() {
    for (field, operator, value, pointer, code) in [
        ("name", "equal", json!(5), "", "wrong_type"),
        ("name", "equal", json!("x".repeat(1_001)), "", "too_long"),
        ("name", "contains", json!("a\0"), "", "nul_character"),
        ("name", "in", json!("x"), "", "wrong_type"),
        ("name", "in", json!([]), "", "required"),
        ("name", "in", json!(vec!["x"; 101]), "", "too_many"),
        ("name", "in", json!(["x", null]), "/1", "wrong_type"),
        ("color", "equal", json!("red"), "", "invalid"),
        ("color", "equal", json!(0x00AD_3939), "", "wrong_type"),
        ("stage.kind", "equal", json!("closed"), "", "unknown_value"),
        ("event", "in", json!(["sold"]), "/0", "unknown_value"),
        ("id_status", "equal", json!("12"), "", "wrong_type"),
        ("id_status", "equal", json!(12.5), "", "wrong_type"),
        ("id_status", "less", json!(u64::MAX), "", "out_of_range"),
        ("id_status", "less", json!(1e30), "", "out_of_range"),
        ("price", "equal", json!(true), "", "wrong_type"),
        ("price", "equal", json!(1.005), "", "invalid"),
        ("price", "equal", json!("1.005"), "", "invalid"),
        (
            "price",
            "equal",
            json!("1.0000000000000000001"),
            "",
            "invalid",
        ),
        ("price", "equal", json!("1,50"), "", "invalid"),
        ("price", "equal", json!("1e3"), "", "invalid"),
        ("price", "equal", json!(""), "", "invalid"),
        ("price", "equal", json!("."), "", "invalid"),
        ("price", "equal", json!("inf"), "", "invalid"),
        ("price", "less", json!(-1e13), "", "out_of_range"),
        ("price", "less", json!("--1"), "", "invalid"),
        ("price", "less", json!("-1.005"), "", "invalid"),
        ("price", "less", json!("10000000000000"), "", "out_of_range"),
        ("price", "less", json!("9".repeat(60)), "", "out_of_range"),
        ("price", "in", json!([1, "x"]), "/1", "invalid"),
        ("archive", "equal", json!(1), "", "wrong_type"),
        ("archive", "equal", json!("true"), "", "wrong_type"),
        ("tags", "equal", json!(5), "", "wrong_type"),
        ("tags", "equal", json!(["a", 5]), "/1", "wrong_type"),
        ("tags", "contains", json!("a,b"), "", "invalid"),
        ("tags", "contains", json!(["a"]), "", "wrong_type"),
        ("tags", "in", json!("a"), "", "wrong_type"),
        ("tags", "in", json!([" "]), "/0", "invalid"),
        ("client.fields.x", "equal", json!({}), "", "wrong_type"),
        ("client.fields.x", "in", json!([1, []]), "/1", "wrong_type"),
    ] {
        let pointer = format!("/all/0/value{pointer}");
        assert_refused(&only(field, operator, &value), &[(&pointer, code)]);
    }
}

fn any_json() -> impl Strategy<Value = Json> {
    let words = prop::sample::select(vec![
        "all", "any", "field", "operator", "value", "price", "tags", "in", "equal", "changed", "x",
    ]);
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<String>().prop_map(Json::from),
        words.clone().prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        let key = prop_oneof![
            6 => words.clone().prop_map(str::to_owned),
            1 => any::<String>(),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::vec((key, inner), 0..6)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_a_condition_or_has_errors(json in any_json()) {
        match Condition::parse(&json) {
            Ok(condition) => prop_assert_eq!(condition.to_json(), json),
            Err(errors) => prop_assert!(!errors.is_empty()),
        }
    }

    #[test]
    fn any_value_of_a_row_is_taken_or_has_errors(
        value in any_json(),
        field in prop::sample::select(vec![
            "name", "color", "stage.kind", "id_status", "price", "archive", "tags",
            "client.fields.x", "marks",
        ]),
        operator in prop::sample::select(Operator::ALL.map(Operator::as_str).to_vec()),
    ) {
        if let Ok(condition) = Condition::parse(&only(field, operator, &value)) {
            let change = order_changed(Action::Edit, order(), Some(before()));
            let record = Record::of(&change).unwrap();
            let [row] = condition.rows(&record).try_into().unwrap();
            prop_assert_eq!(row.holds, condition.holds(&record));
        }
    }
}
