//! Conditions: rows that compare a record's fields, all or any of them (WIRE 3).

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::record::Record;

/// A condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Condition(Json);

/// What one row of a condition came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RowResult {
    /// Where it stands: `/condition/all/0`.
    pub(crate) pointer: String,
    /// The field's wire name.
    pub(crate) field: String,
    /// The operator's wire name.
    pub(crate) operator: &'static str,
    /// What it is compared with; `None` for an operator without a value.
    pub(crate) value: Option<Json>,
    /// What the record has.
    pub(crate) actual: Json,
    /// Whether it holds.
    pub(crate) holds: bool,
}

impl Condition {
    /// Whether it holds for a record.
    pub(crate) fn holds(&self, _record: &Record<'_>) -> bool {
        true
    }

    /// What each row comes to, in the order in which they stand.
    pub(crate) fn rows(&self, _record: &Record<'_>) -> Vec<RowResult> {
        Vec::new()
    }
}
