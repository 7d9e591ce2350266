//! The tree that every format is read into.

use std::borrow::Cow;

use serde_json::Number;

/// One value. Texts are UTF-8 without control characters other than tab, line
/// feed and carriage return, so that any database takes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// JSON's null.
    Null,
    /// JSON's true and false.
    Bool(bool),
    /// A number of JSON, spelled as it was sent.
    Number(String),
    /// Every value of a form, and JSON's strings.
    Text(String),
    /// In order.
    List(Vec<Self>),
    /// Names and values.
    Object(Object),
    /// A file of a multipart body; what it holds is not kept.
    File(File),
}

/// An uploaded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// As the sender named it.
    pub name: String,
    /// The media type that the sender says.
    pub content_type: Option<String>,
    /// Length in bytes.
    pub bytes: usize,
}

/// Names and values in the order sent; each name once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Object {
    entries: Vec<(String, Value)>,
}

impl Value {
    /// A text, number or boolean as text (`1500`, `true`); `None` for the rest.
    pub fn scalar(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(Cow::Borrowed(text)),
            Self::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            Self::Null | Self::List(_) | Self::Object(_) | Self::File(_) => None,
        }
    }

    /// Null, a text of blanks, or a container of nothing else.
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.trim().is_empty(),
            Self::List(items) => items.iter().all(Self::is_blank),
            Self::Object(object) => object.iter().all(|(_, value)| value.is_blank()),
            Self::Bool(_) | Self::Number(_) | Self::File(_) => false,
        }
    }

    fn is_container(&self) -> bool {
        matches!(self, Self::List(_) | Self::Object(_))
    }
}

impl Object {
    /// An object of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of this very name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.iter()
            .find_map(|(own, value)| (own == name).then_some(value))
    }

    /// In the order sent.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.entries
            .iter()
            .map(|(name, value)| (name.as_str(), value))
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no names.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds what JSON sent under `name`. A name that comes again: the first value
    /// that is not blank stays, but scalars that differ become a list, so that
    /// neither is lost; `may_nest` says whether a list may stand here.
    pub(crate) fn add(&mut self, name: String, value: Value, may_nest: bool) {
        let Some((_, old)) = self.entries.iter_mut().find(|(own, _)| *own == name) else {
            self.entries.push((name, value));
            return;
        };
        if old.is_blank() {
            *old = value;
        } else if value.is_blank() || value == *old || value.is_container() || !may_nest {
            // The first one stays.
        } else if let Value::List(items) = old {
            items.push(value);
        } else if !old.is_container() {
            let first = std::mem::replace(old, Value::Null);
            *old = Value::List(vec![first, value]);
        }
    }

    /// For readers that see to it that each name comes once.
    pub(crate) fn from_entries(entries: Vec<(String, Value)>) -> Self {
        Self { entries }
    }
}

/// For logs and storage. A number stays a number if every reader of JSON will
/// see the same digits, otherwise it becomes a text; a file becomes its name.
impl From<&Value> for serde_json::Value {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(digits) => {
                exact_number(digits).map_or_else(|| Self::String(digits.clone()), Self::Number)
            }
            Value::Text(text) => Self::String(text.clone()),
            Value::List(items) => Self::Array(items.iter().map(Self::from).collect()),
            Value::Object(object) => Self::Object(object.into()),
            Value::File(file) => Self::String(file.name.clone()),
        }
    }
}

impl From<&Object> for serde_json::Map<String, serde_json::Value> {
    fn from(object: &Object) -> Self {
        object
            .iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect()
    }
}

fn exact_number(digits: &str) -> Option<Number> {
    let number: Number = if let Ok(integer) = digits.parse::<i64>() {
        integer.into()
    } else {
        Number::from_f64(digits.parse().ok()?)?
    };
    (number.to_string() == digits).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_json_keep_their_digits() {
        for (digits, json) in [
            ("79998888888", serde_json::json!(79_998_888_888_i64)),
            ("-0", serde_json::json!("-0")),
            ("1.50", serde_json::json!("1.50")),
            ("1.5", serde_json::json!(1.5)),
            (
                "9223372036854775808",
                serde_json::json!("9223372036854775808"),
            ),
            ("1e400", serde_json::json!("1e400")),
            (
                "0.1000000000000000055511151231257827",
                serde_json::json!("0.1000000000000000055511151231257827"),
            ),
        ] {
            assert_eq!(serde_json::Value::from(&Value::Number(digits.into())), json);
        }
    }

    #[test]
    fn a_repeated_name_loses_nothing() {
        let text = |text: &str| Value::Text(text.to_owned());
        let mut object = Object::new();
        for value in ["", "a", " ", "a", "b", "c"] {
            object.add("x".to_owned(), text(value), true);
        }
        assert_eq!(
            object.get("x"),
            Some(&Value::List(vec![text("a"), text("b"), text("c")]))
        );
        assert_eq!(object.len(), 1);
    }
}
