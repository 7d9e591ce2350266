//! Random orders, and random conditions that fit their fields.

use events::{
    ClientField, ClientId, ClientSnapshot, Color, DirectoryEntryId, FieldValue, Mark,
    OrderSnapshot, Price, StageId, StageKind,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::Union;
use serde_json::{Value as Json, json};

use super::model::is_tags;
use super::{Field, Operator};
use crate::domain::record::samples;

const TEXTS: [&str; 8] = ["", "a", "ab", "abc", "b", "Б", "aб,b", "10"];
const COLORS: [&str; 3] = ["AD3939", "00FF00", "0000FF"];
const TAGS: [&str; 4] = ["vip", "spb", "msk", "a b"];
const KINDS: [StageKind; 3] = [StageKind::Open, StageKind::Won, StageKind::Lost];

fn some_text() -> impl Strategy<Value = String> {
    select(TEXTS.to_vec()).prop_map(str::to_owned)
}

fn some_tags() -> impl Strategy<Value = Vec<String>> {
    subsequence(TAGS.to_vec(), 0..=3)
        .prop_shuffle()
        .prop_map(|tags| tags.into_iter().map(str::to_owned).collect())
}

fn some_field_value() -> impl Strategy<Value = FieldValue> {
    prop_oneof![
        Just(FieldValue::Null),
        any::<bool>().prop_map(FieldValue::Flag),
        (-2..12_i64).prop_map(FieldValue::Integer),
        select(vec![-1.5, 0.25, 2.5, 10.5]).prop_map(FieldValue::Number),
        some_text().prop_map(FieldValue::Text),
        select(vec!["2.50", "-1", "007", "7", "true", "1e1", "+1", "."])
            .prop_map(|text| FieldValue::Text(text.to_owned())),
    ]
}

fn some_client() -> impl Strategy<Value = ClientSnapshot> {
    let fields =
        prop::collection::btree_map(select(vec!["x", "Ж", "a.b"]), some_field_value(), 0..4);
    (1..3_i64, some_text(), some_text(), fields).prop_map(|(id, realname, phone, fields)| {
        let fields = fields.into_iter().map(|(name, value)| ClientField {
            name: name.to_owned(),
            value,
        });
        ClientSnapshot {
            id: ClientId(id),
            realname,
            phone,
            fields: fields.collect(),
            ..samples::client()
        }
    })
}

pub(super) fn some_order() -> impl Strategy<Value = OrderSnapshot> {
    let texts = (some_text(), some_text(), some_text());
    let numbers = (
        prop::option::of(select(vec![0, 1, 50, 100, 150_050, 150_000])),
        1..4_i64,
        prop::option::of(1..4_i64),
        any::<bool>(),
    );
    let parts = (
        some_tags(),
        prop::option::of(select(COLORS.to_vec())),
        prop::option::of(some_client()),
        prop::option::of(some_text()),
        select(KINDS.to_vec()),
    );
    (texts, numbers, parts).prop_map(|(texts, numbers, parts)| {
        let (tags, color, client, mark, kind) = parts;
        let mut order = samples::order();
        (order.name, order.text, order.stage.name) = texts;
        order.price = numbers.0.map(Price);
        order.stage.id = StageId(numbers.1);
        order.stage.kind = kind;
        order.category_id = numbers.2.map(DirectoryEntryId);
        order.archived = numbers.3;
        order.tags = tags;
        order.color = color.and_then(Color::parse);
        order.client_id = client.as_ref().map(|client| client.id);
        order.client = client;
        let marks = mark.map(|value| Mark {
            key: "utmSource".to_owned(),
            value,
        });
        order.marks = marks.into_iter().collect();
        order
    })
}

fn json_of<T: Into<Json> + std::fmt::Debug + 'static>(
    values: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Json> {
    values.prop_map(Into::into).boxed()
}

/// A value that the field can be compared with, and operators by whether they fit.
fn some_value(field: &'static str) -> BoxedStrategy<Json> {
    match field.trim_start_matches("previous.") {
        "price" => prop_oneof![
            json_of(select(vec![0, 1, 1500, 1501])),
            json_of(select(vec![0.01, 0.5, 1500.5])),
            json_of(select(vec!["1500.50", "0.5", "1500"])),
        ]
        .boxed(),
        "id_status" | "id_cat" | "stage.id" => json_of(0..5_i64),
        "color" => json_of(select(vec!["#ad3939", "00FF00", "0000ff"])),
        "stage.kind" => json_of(select(vec!["open", "won", "lost"])),
        "archive" => json_of(any::<bool>()),
        "tags" => prop_oneof![
            json_of(some_tags()),
            json_of(some_tags().prop_map(|it| it.join(", ")))
        ]
        .boxed(),
        name if name.starts_with("client.fields.") => prop_oneof![
            json_of(some_text()),
            json_of(any::<bool>()),
            json_of(-2..12_i64),
            json_of(select(vec![-1.5, 0.25, 2.5, 10.5])),
            json_of(select(vec![
                "2.50", "-1", "007", "7", "true", "1e1", "+1", "."
            ])),
        ]
        .boxed(),
        _ => json_of(some_text()),
    }
}

const FIELDS: [&str; 21] = [
    "name",
    "text",
    "stage.name",
    "marks.utmSource",
    "marks.none",
    "client.realname",
    "client.phone",
    "client.fields.x",
    "client.fields.Ж",
    "client.fields.a.b",
    "price",
    "id_status",
    "id_cat",
    "stage.id",
    "color",
    "stage.kind",
    "archive",
    "tags",
    "marks",
    "previous.price",
    "previous.tags",
];

fn some_row() -> impl Strategy<Value = Json> {
    let fields = FIELDS.map(|field| {
        let known = Field::parse(field).unwrap();
        let operators: Vec<_> = Operator::ALL
            .into_iter()
            .filter(|operator| operator.fits(&known))
            .collect();
        select(operators)
            .prop_flat_map(move |operator| row_with(field, operator))
            .boxed()
    });
    Union::new(fields)
}

fn row_with(field: &'static str, operator: Operator) -> BoxedStrategy<Json> {
    let name = operator.as_str();
    let tag = || json_of(select(TAGS.to_vec()));
    let value = match name {
        "empty" | "not_empty" | "changed" => {
            return Just(json!({"field": field, "operator": name})).boxed();
        }
        "contains" if is_tags(field) => tag(),
        "in" if is_tags(field) => json_of(prop::collection::vec(tag(), 1..3)),
        "in" => json_of(prop::collection::vec(some_value(field), 1..4)),
        _ => some_value(field),
    };
    value
        .prop_map(move |value| json!({"field": field, "operator": name, "value": value}))
        .boxed()
}

pub(super) fn some_condition() -> impl Strategy<Value = Json> {
    let group = |members: BoxedStrategy<Json>| {
        let list = prop::collection::vec(members, 1..4);
        (any::<bool>(), list).prop_map(|(is_all, members)| match is_all {
            true => json!({"all": members}),
            false => json!({"any": members}),
        })
    };
    let members = prop_oneof![
        3 => some_row(),
        1 => group(some_row().boxed()),
    ];
    group(members.boxed())
}
