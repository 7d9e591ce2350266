//! The model: conditions held against the JSON of the REST API, field by field.

use std::cmp::Ordering;

use events::{OrderSnapshot, rest};
use serde_json::{Value as Json, json};

/// An order as the API shows it, and what belongs to it.
pub(super) fn shown(order: &OrderSnapshot) -> Json {
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
pub(super) struct Model {
    pub(super) now: Json,
    pub(super) before: Option<Json>,
}

impl Model {
    pub(super) fn holds(&self, condition: &Json) -> bool {
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

pub(super) fn is_tags(field: &str) -> bool {
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
