//! Places in nested values, written as a text.
//!
//! `contacts.phone` is the value `phone` in the object `contacts`; `payment[amount]`, as PHP writes
//! it, is the same kind of thing. In a list a number is a place (`items.0.name`), any other name is
//! looked for in every item. `columns[id=PHONE].value` takes of the list `columns` the items whose
//! `id` is `PHONE`. Letter case does not matter. A text that holds JSON is gone into.

use std::borrow::Cow;

use submission::{Limits, Object, Posted, Value};

/// One step.
#[derive(Debug, PartialEq, Eq)]
enum Step<'p> {
    /// Into the value of this name, or at this place of a list.
    Name(&'p str),
    /// To the items of a list in which this name has this value.
    Where(&'p str, &'p str),
}

/// Everything at `path`, in order. A name that is spelled like the whole path comes first.
pub(super) fn find<'a>(object: &'a Object, path: &str) -> Vec<Cow<'a, Value>> {
    let mut found: Vec<Cow<'a, Value>> = of_name(object, path).map(Cow::Borrowed).collect();
    if path.contains(['.', '[']) {
        in_object(object, &steps(path), &mut found);
    }
    found
}

fn steps(path: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    for part in path.split(['.', '[']) {
        let part = part.strip_suffix(']').unwrap_or(part);
        match part.split_once('=') {
            Some((name, value)) => steps.push(Step::Where(name, value)),
            None if part.is_empty() => {}
            None => steps.push(Step::Name(part)),
        }
    }
    steps
}

fn walk<'a>(value: &'a Value, steps: &[Step<'_>], found: &mut Vec<Cow<'a, Value>>) {
    let Some((step, rest)) = steps.split_first() else {
        found.push(Cow::Borrowed(value));
        return;
    };
    match (value, step) {
        (Value::Object(object), Step::Name(_)) => in_object(object, steps, found),
        (Value::Object(object), Step::Where(name, wanted)) => {
            if of_name(object, name).any(|own| is_text(own, wanted)) {
                walk(value, rest, found);
            }
        }
        (Value::List(items), Step::Name(name)) if name.parse::<usize>().is_ok() => {
            let place = name.parse::<usize>().ok();
            if let Some(item) = place.and_then(|place| items.get(place)) {
                walk(item, rest, found);
            }
        }
        (Value::List(items), _) => items.iter().for_each(|item| walk(item, steps, found)),
        (Value::Text(text), _) => in_text(text, steps, found),
        (Value::Null | Value::Bool(_) | Value::Number(_) | Value::File(_), _) => {}
    }
}

fn in_object<'a>(object: &'a Object, steps: &[Step<'_>], found: &mut Vec<Cow<'a, Value>>) {
    if let Some((Step::Name(name), rest)) = steps.split_first() {
        for value in of_name(object, name) {
            walk(value, rest, found);
        }
    }
}

fn in_text(text: &str, steps: &[Step<'_>], found: &mut Vec<Cow<'_, Value>>) {
    if !text.trim_start().starts_with(['{', '[']) {
        return;
    }
    let posted = Posted {
        content_type: Some("application/json"),
        query: "",
        body: text.as_bytes(),
        limits: Limits::default(),
    };
    // What is no JSON after all stays the text that it is.
    let Ok(inner) = submission::read(&posted) else {
        return;
    };
    let mut in_there = Vec::new();
    in_object(&inner.body, steps, &mut in_there);
    found.extend(
        in_there
            .into_iter()
            .map(|value| Cow::Owned(value.into_owned())),
    );
}

/// What is under a name, in any letter case.
fn of_name<'a>(object: &'a Object, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    let name = name.to_lowercase();
    object
        .iter()
        .filter(move |(own, _)| own.to_lowercase() == name)
        .map(|(_, value)| value)
}

fn is_text(value: &Value, wanted: &str) -> bool {
    let text = value.scalar();
    text.is_some_and(|text| text.trim().eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> Vec<String> {
        let body = br#"{"Contacts":{"phone":"1"},"a.b":"2","cols":[{"id":"PHONE","value":"3"},
            {"id":"EMAIL","value":"4"},{"id":"phone","value":"5"}],"data":"{\"x\":{\"y\":6}}",
            "list":[[7],8],"text":"{not json","one":{"id":"x","v":"9"}}"#;
        let posted = Posted {
            content_type: None,
            query: "",
            body,
            limits: Limits::default(),
        };
        let object = submission::read(&posted).unwrap().body;
        let found = find(&object, path);
        let texts = found.iter().filter_map(|value| value.scalar());
        texts.map(Cow::into_owned).collect()
    }

    #[test]
    fn paths_lead_to_values() {
        for (path, expected) in [
            ("contacts.phone", &["1"][..]),
            ("contacts[Phone]", &["1"]),
            ("a.b", &["2"]),
            ("cols[id=PHONE].value", &["3", "5"]),
            ("cols.value", &["3", "4", "5"]),
            ("cols.1.value", &["4"]),
            ("cols[1][value]", &["4"]),
            ("data.x.y", &["6"]),
            ("list.0.0", &["7"]),
            ("list.1", &["8"]),
            ("one[id=X].v", &["9"]),
            ("text.x", &[]),
            ("contacts.phone.more", &[]),
            ("nothing", &[]),
            ("", &[]),
            ("[=].[", &[]),
        ] {
            assert_eq!(at(path), expected, "{path}");
        }
    }
}
