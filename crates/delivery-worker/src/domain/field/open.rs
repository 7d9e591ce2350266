//! Fields whose names an account makes up: marks, and clients' own fields. All
//! others are few and known beforehand.

use std::collections::HashMap;

use super::value::{self, Value};
use super::{Field, Path};
use crate::domain::record::{Record, Snapshot};

/// A field by a name that an account made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum OpenName<'a> {
    /// `marks.<key>`.
    Mark(&'a str),
    /// `client.fields.<name>`.
    ClientField(&'a str),
}

/// What a record has under such a name after the change and before it; null where
/// it has none.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OpenValue<'a> {
    pub(crate) now: Value<'a>,
    pub(crate) before: Value<'a>,
}

impl Default for OpenValue<'_> {
    fn default() -> Self {
        Self {
            now: Value::Null,
            before: Value::Null,
        }
    }
}

impl Field {
    /// Its name, if an account made it up.
    pub(crate) fn open_name(&self) -> Option<OpenName<'_>> {
        match &self.path {
            Path::Mark(key) => Some(OpenName::Mark(key)),
            Path::ClientField(name) => Some(OpenName::ClientField(name)),
            Path::Own(_) | Path::Client(_) | Path::Stage(_) | Path::Pipeline(_) => None,
        }
    }
}

impl<'a> Record<'a> {
    /// Every such field that the record has, or had before an edit, in one walk.
    pub(crate) fn open_values(&self) -> HashMap<OpenName<'a>, OpenValue<'a>> {
        let mut values = HashMap::<_, OpenValue<'a>>::new();
        // Of two with one name the later counts, as where one is looked up.
        for_each(self.now, |name, value| {
            values.entry(name).or_default().now = value;
        });
        if let Some(before) = self.before {
            for_each(before, |name, value| {
                values.entry(name).or_default().before = value;
            });
        }
        values
    }
}

fn for_each<'a>(at: Snapshot<'a>, mut take: impl FnMut(OpenName<'a>, Value<'a>)) {
    if let Snapshot::Order(order) = at {
        for mark in &order.marks {
            take(OpenName::Mark(&mark.key), mark.value.as_str().into());
        }
    }
    for field in value::client(at).iter().flat_map(|client| &client.fields) {
        take(OpenName::ClientField(&field.name), (&field.value).into());
    }
}

#[cfg(test)]
mod tests {
    use events::{Action, ClientField, FieldValue};

    use super::*;
    use crate::domain::record::samples::{client_changed, mark, order, order_changed};

    #[test]
    fn a_walk_gives_what_looking_up_each_name_gives() {
        let mut now = order();
        now.marks.push(mark("gclid", "later"));
        now.client.as_mut().unwrap().fields.push(ClientField {
            name: "Город".to_owned(),
            value: FieldValue::Flag(true),
        });
        let mut before = order();
        before.marks = vec![mark("gone", ""), mark("gclid", "x0")];
        let of_client = client_changed(Action::Edit, order().client.unwrap(), now.client.clone());
        let of_order = order_changed(Action::Edit, now, Some(before));
        for (change, expected) in [(of_order, 3 + 9), (of_client, 9)] {
            let record = Record::of(&change).unwrap();
            let values = record.open_values();
            assert_eq!(values.len(), expected);
            for (name, value) in values {
                let field = match name {
                    OpenName::Mark(key) => Field::parse(&format!("marks.{key}")),
                    OpenName::ClientField(key) => Field::parse(&format!("client.fields.{key}")),
                }
                .unwrap();
                assert_eq!(field.open_name(), Some(name));
                assert_eq!(value.now, field.value(&record), "{field}");
                assert_eq!(
                    value.now != value.before,
                    field.is_changed(&record),
                    "{field}"
                );
            }
        }
    }

    #[test]
    fn fixed_fields_have_no_such_name() {
        for name in [
            "marks",
            "price",
            "client.phone",
            "stage.name",
            "previous.name",
        ] {
            assert_eq!(Field::parse(name).unwrap().open_name(), None, "{name}");
        }
    }
}
