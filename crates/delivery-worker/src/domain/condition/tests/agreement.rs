//! Random conditions over random orders agree with a model that knows nothing but
//! the JSON of the REST API.

use std::cmp::Ordering;

use events::{
    ClientField, ClientId, ClientSnapshot, Color, DirectoryEntryId, FieldValue, Mark, Price,
    StageKind, rest,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::Union;

use super::*;
use crate::domain::record::samples;

/// An order as the API shows it, and what belongs to it.
fn shown(order: &OrderSnapshot) -> Json {
    let mut shown = rest::order_body(order, 1);
    let client = order.client.as_ref();
    shown["client"] = client.map_or(Json::Null, |client| rest::client_body(client, 1));
    shown["stage"] = json!({
        "id": order.stage.id.0, "name": order.stage.name, "kind": order.stage.kind.as_str(),
    });
    shown["pipeline"] = json!({"id": order.pipeline.id.0, "name": order.pipeline.name});
    shown
}

/// What a condition is held against.
struct Model {
    now: Json,
    before: Option<Json>,
}

impl Model {
    fn holds(&self, condition: &Json) -> bool {
        if let Some(all) = condition.get("all") {
            return all.as_array().unwrap().iter().all(|it| self.holds(it));
        }
        if let Some(any) = condition.get("any") {
            return any.as_array().unwrap().iter().any(|it| self.holds(it));
        }
        self.row_holds(
            condition["field"].as_str().unwrap(),
            condition["operator"].as_str().unwrap(),
            &condition["value"],
        )
    }

    fn row_holds(&self, field: &str, operator: &str, value: &Json) -> bool {
        let actual = match field.strip_prefix("previous.") {
            Some(key) => self.before.as_ref().map_or(Json::Null, |it| at(it, key)),
            None => at(&self.now, field),
        };
        let is_changed = self
            .before
            .as_ref()
            .is_some_and(|before| at(before, field) != actual);
        let is_empty = actual.is_null() || actual == json!("");
        let compared = compare(field, &actual, value);
        let ordered = compared.filter(|_| has_order(field, &actual, value));
        match operator {
            "empty" => is_empty,
            "not_empty" => !is_empty,
            "changed" => is_changed,
            _ if actual.is_null() => false,
            "changed_to" => is_changed && compared == Some(Ordering::Equal),
            "equal" => compared == Some(Ordering::Equal),
            "not_equal" => compared != Some(Ordering::Equal),
            "greater" => ordered == Some(Ordering::Greater),
            "greater_or_equal" => matches!(ordered, Some(Ordering::Greater | Ordering::Equal)),
            "less" => ordered == Some(Ordering::Less),
            "less_or_equal" => matches!(ordered, Some(Ordering::Less | Ordering::Equal)),
            "in" if is_tags(field) => {
                let wanted = value.as_array().unwrap().iter().flat_map(tag_set);
                wanted
                    .into_iter()
                    .any(|tag| tag_set(&actual).contains(&tag))
            }
            "in" => value
                .as_array()
                .unwrap()
                .iter()
                .any(|value| compare(field, &actual, value) == Some(Ordering::Equal)),
            "contains" if is_tags(field) => tag_set(&actual).contains(&text(value)),
            "contains" => text(&actual).contains(&text(value)),
            "starts_with" => text(&actual).starts_with(&text(value)),
            other => panic!("{other}"),
        }
    }
}

/// Walks down by name.
fn at(shown: &Json, field: &str) -> Json {
    match field.strip_prefix("client.fields.") {
        Some(name) => shown["client"]["fields"][name].clone(),
        None => field
            .split('.')
            .fold(shown.clone(), |at, key| at[key].clone()),
    }
}

fn is_tags(field: &str) -> bool {
    field.trim_start_matches("previous.") == "tags"
}

fn compare(field: &str, actual: &Json, value: &Json) -> Option<Ordering> {
    if is_tags(field) {
        return (tag_set(actual) == tag_set(value)).then_some(Ordering::Equal);
    }
    let is_price = field.ends_with("price");
    let may_be_number = actual.is_number() || is_price || field.starts_with("client.fields.");
    if let (true, Some(left), Some(right)) = (may_be_number, number(actual), number(value)) {
        return left.partial_cmp(&right);
    }
    if field == "color" {
        let plain = text(value).trim_start_matches('#').to_uppercase();
        return Some(text(actual).cmp(&plain));
    }
    Some(text(actual).cmp(&text(value)))
}

/// Whether a client's own field can be above or below: numbers to numbers, texts to
/// texts that are none.
fn has_order(field: &str, actual: &Json, value: &Json) -> bool {
    !field.starts_with("client.fields.")
        || match number(value) {
            Some(_) => number(actual).is_some(),
            None => actual.is_string(),
        }
}

/// The numbers of these tests are short, so that doubles are exact.
fn number(json: &Json) -> Option<f64> {
    match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => {
            let plain = text.trim_start_matches('-');
            let is_spelled = !plain.contains(|c: char| c != '.' && !c.is_ascii_digit())
                && plain.starts_with(|c: char| c.is_ascii_digit())
                && plain.ends_with(|c: char| c.is_ascii_digit())
                && !(plain.len() > 1 && plain.starts_with('0') && !plain.starts_with("0."));
            is_spelled.then(|| text.parse().ok())?
        }
        _ => None,
    }
}

fn text(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn tag_set(json: &Json) -> std::collections::BTreeSet<String> {
    let tags: Vec<String> = match json {
        Json::Array(tags) => tags.iter().map(text).collect(),
        other => text(other).split(',').map(str::to_owned).collect(),
    };
    tags.iter()
        .map(|tag| tag.trim().to_owned())
        .filter(|tag| !tag.is_empty())
        .collect()
}

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

fn some_order() -> impl Strategy<Value = OrderSnapshot> {
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

fn some_condition() -> impl Strategy<Value = Json> {
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn conditions_agree_with_the_model(
        json in some_condition(),
        now in some_order(),
        before in prop::option::of(some_order()),
    ) {
        let model = Model { now: shown(&now), before: before.as_ref().map(shown) };
        let action = if before.is_some() { Action::Edit } else { Action::Add };
        let change = order_changed(action, now, before);
        let record = Record::of(&change).unwrap();
        let read = Condition::parse(&json);
        prop_assert!(read.is_ok(), "{json}: {read:?}");
        let read = read.unwrap();
        prop_assert_eq!(read.holds(&record), model.holds(&json), "{}", json);
        for (row, sent) in read.rows(&record).iter().zip(rows_of(&json)) {
            prop_assert_eq!(row.holds, model.holds(&sent), "{} in {}", sent, json);
            prop_assert_eq!(json.pointer(row.pointer.strip_prefix("/condition").unwrap()), Some(&sent));
        }
        let stored = serde_json::to_string(&read).unwrap();
        prop_assert_eq!(&stored, &json.to_string());
        prop_assert_eq!(serde_json::from_str::<Condition>(&stored).unwrap(), read);
    }
}

fn rows_of(json: &Json) -> Vec<Json> {
    match json.get("all").or(json.get("any")) {
        Some(members) => members
            .as_array()
            .unwrap()
            .iter()
            .flat_map(rows_of)
            .collect(),
        None => vec![json.clone()],
    }
}
