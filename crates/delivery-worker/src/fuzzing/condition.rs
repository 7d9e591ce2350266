//! A condition that somebody saves.

use std::sync::LazyLock;

use events::{Action, Change};
use serde_json::Value;

use crate::domain::condition::Condition;
use crate::domain::record::{Record, samples};

/// What conditions are tried on: records in which every key has a value, before and
/// after an edit.
static CHANGES: LazyLock<Vec<Change>> = LazyLock::new(|| {
    let mut before = samples::order();
    before.name.push('x');
    before.price = None;
    before.client = None;
    vec![
        samples::order_changed(Action::Edit, samples::order(), Some(before)),
        samples::order_changed(Action::Add, samples::order(), None),
        samples::task_changed(Action::Add, samples::task(), None),
        samples::client_changed(Action::Add, samples::client(), None),
    ]
});

/// Reads an input as the JSON of a condition and tries it on some records.
///
/// # Panics
/// If it is another after it was stored, if its rows disagree with it, or if it is
/// refused without a sentence that says what to do.
pub fn read_condition(input: &[u8]) {
    let Ok(json) = serde_json::from_slice::<Value>(input) else {
        return;
    };
    let condition = match Condition::parse(&json) {
        Ok(condition) => condition,
        Err(errors) => {
            assert!(!errors.is_empty());
            for error in errors {
                assert!(error.message.ends_with(['.', '?', ')']), "{error:?}");
                assert!(error.pointer.is_empty() || error.pointer.starts_with('/'));
            }
            return;
        }
    };
    let stored = condition.to_json();
    assert_eq!(
        Condition::parse(&stored).as_ref(),
        Ok(&condition),
        "{stored}"
    );
    let fields = condition.fields().count();
    for change in CHANGES.iter() {
        let Some(record) = Record::of(change) else {
            continue;
        };
        let rows = condition.rows(&record);
        assert_eq!(rows.len(), fields);
        let is_met = condition.holds(&record);
        if rows.iter().all(|row| row.holds) {
            assert!(is_met, "{stored}");
        }
        if !rows.iter().any(|row| row.holds) {
            assert!(!is_met, "{stored}");
        }
    }
}
