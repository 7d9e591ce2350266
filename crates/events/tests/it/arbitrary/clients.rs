//! Random clients and their changes.

use events::{Action, ClientChanged, ClientField, ClientId, ClientSnapshot, FieldValue};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{added_or_deleted, entry, moment, text};

fn field_value() -> impl Strategy<Value = FieldValue> {
    prop_oneof![
        Just(FieldValue::Null),
        text().prop_map(FieldValue::Text),
        any::<i64>().prop_map(FieldValue::Integer),
        proptest::num::f64::NORMAL.prop_map(FieldValue::Number),
        any::<bool>().prop_map(FieldValue::Flag),
    ]
}

pub(super) fn client() -> impl Strategy<Value = ClientSnapshot> {
    let field = (text(), field_value()).prop_map(|(name, value)| ClientField { name, value });
    let texts = (text(), text(), text(), text(), text());
    (
        any::<i64>(),
        texts,
        entry(),
        vec(field, 0..4),
        moment(),
        moment(),
    )
        .prop_map(
            |(id, texts, status_id, fields, created_at, updated_at)| ClientSnapshot {
                id: ClientId(id),
                realname: texts.0,
                email: texts.1,
                phone: texts.2,
                position: texts.3,
                status_id,
                text: texts.4,
                fields,
                created_at,
                updated_at,
            },
        )
}

pub(super) fn client_changed() -> impl Strategy<Value = ClientChanged> {
    let edited = (client(), client(), any::<i64>()).prop_map(|(client, other, revision)| {
        let previous = ClientSnapshot {
            id: client.id,
            created_at: client.created_at,
            updated_at: client.updated_at,
            ..other
        };
        ClientChanged {
            action: Action::Edit,
            revision,
            changed: ClientSnapshot::changed_keys(&previous, &client),
            client,
            previous: Some(previous),
        }
    });
    let other =
        (client(), added_or_deleted(), any::<i64>()).prop_map(|(client, action, revision)| {
            ClientChanged {
                action,
                revision,
                client,
                changed: vec![],
                previous: None,
            }
        });
    prop_oneof![edited, other]
}
