//! What an event tells of, by kind of record.

use events::{Change, Event};
use serde_json::Value;

/// The change of an order in an event.
pub(crate) fn order_change(event: &Event) -> &events::OrderChanged {
    match &event.change {
        Change::Order(change) => change,
        other => panic!("not an order's: {other:?}"),
    }
}

/// The change of a task in an event.
pub(crate) fn task_change(event: &Event) -> &events::TaskChanged {
    match &event.change {
        Change::Task(change) => change,
        other => panic!("not a task's: {other:?}"),
    }
}

/// The change of a client in an event.
pub(crate) fn client_change(event: &Event) -> &events::ClientChanged {
    match &event.change {
        Change::Client(change) => change,
        other => panic!("not a client's: {other:?}"),
    }
}

/// What receivers of the envelope see of an event, as JSON.
pub(crate) fn envelope(event: &Event) -> Value {
    serde_json::to_value(events::envelope(event)).unwrap()
}
