//! One row: a field, an operator, and mostly a value.

use std::cmp::Ordering;

use serde_json::{Value as Json, json};

use super::RowResult;
use super::operand::Operand;
use super::operator::Operator;
use crate::domain::field::{Field, Value};
use crate::domain::record::Record;

#[derive(Debug, Clone)]
pub(super) struct Row {
    field: Field,
    operator: Operator,
    operand: Operand,
    /// The value as it was sent, which the operand was made of.
    sent: Option<Json>,
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        (&self.field, self.operator, &self.sent) == (&other.field, other.operator, &other.sent)
    }
}

impl Eq for Row {}

impl Row {
    /// `operand` is what `sent` reads as.
    pub(super) fn new(
        field: Field,
        operator: Operator,
        operand: Operand,
        sent: Option<Json>,
    ) -> Self {
        Self {
            field,
            operator,
            operand,
            sent,
        }
    }

    pub(super) fn field(&self) -> &Field {
        &self.field
    }

    pub(super) fn operator(&self) -> Operator {
        self.operator
    }

    pub(super) fn operand(&self) -> &Operand {
        &self.operand
    }

    /// Whether it holds. Null meets `empty` alone, and `changed` if that is what
    /// the edit did.
    pub(super) fn holds(&self, record: &Record<'_>) -> bool {
        if self.operator.is_about_edits() && !self.field.is_changed(record) {
            return false;
        }
        if self.operator == Operator::Changed {
            return true;
        }
        let actual = self.field.value(record);
        let operand = &self.operand;
        let order = || operand.order_of(&actual);
        match self.operator {
            Operator::Changed => true,
            Operator::Equal | Operator::ChangedTo => operand.equals(&actual),
            Operator::NotEqual => actual != Value::Null && !operand.equals(&actual),
            Operator::Greater => order().is_some_and(Ordering::is_gt),
            Operator::GreaterOrEqual => order().is_some_and(Ordering::is_ge),
            Operator::Less => order().is_some_and(Ordering::is_lt),
            Operator::LessOrEqual => order().is_some_and(Ordering::is_le),
            Operator::In => operand.includes(&actual),
            Operator::Contains => operand.is_within(&actual),
            Operator::StartsWith => operand.begins(&actual),
            Operator::Empty => is_empty(&actual),
            Operator::NotEmpty => !is_empty(&actual),
        }
    }

    pub(super) fn result(&self, pointer: String, record: &Record<'_>) -> RowResult {
        RowResult {
            pointer,
            field: self.field.to_string(),
            operator: self.operator.as_str(),
            value: self.sent.clone(),
            actual: self.field.value(record).to_json(),
            holds: self.holds(record),
        }
    }

    pub(super) fn to_json(&self) -> Json {
        let (field, operator) = (self.field.to_string(), self.operator.as_str());
        match &self.sent {
            Some(value) => json!({ "field": field, "operator": operator, "value": value }),
            None => json!({ "field": field, "operator": operator }),
        }
    }
}

fn is_empty(value: &Value<'_>) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.is_empty(),
        Value::Tags(tags) => tags.is_empty(),
        Value::Integer(_) | Value::Number(_) | Value::Price(_) | Value::Flag(_) => false,
    }
}
