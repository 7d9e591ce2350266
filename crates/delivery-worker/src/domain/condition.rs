//! Conditions: rows that compare a record's fields, all or any of them (WIRE 3).
//!
//! A condition is read once and kept ready to compare: values in their own types,
//! prices in minor units, lists sorted.

mod need;
mod operand;
mod operator;
mod parse;
mod row;

use http_api::FieldError;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value as Json, json};

use super::field::Field;
use super::record::Record;
pub(crate) use need::{Key, Need, Scalar};
pub(crate) use operator::Operator;
use row::Row;

/// The most rows of one condition.
pub(crate) const MAX_ROWS: usize = 100;

/// Codes of field errors that only conditions have; stable.
pub(crate) mod own_code {
    /// Groups stand in groups in groups.
    pub(crate) const TOO_DEEP: &str = "too_deep";
    /// A group has both `all` and `any`.
    pub(crate) const ALL_AND_ANY: &str = "all_and_any";
    /// The operator makes no sense of the field.
    pub(crate) const OPERATOR_UNFIT: &str = "operator_unfit";
    /// The operator takes no value.
    pub(crate) const VALUE_NOT_ALLOWED: &str = "value_not_allowed";
}

/// A condition: a group of rows and of groups of rows, two levels at most. As JSON
/// it is what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition(Group);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    mode: Mode,
    members: Vec<Member>,
}

/// How many members of a group have to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    All,
    Any,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Member {
    Row(Row),
    Group(Group),
}

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
    /// Reads a condition.
    ///
    /// # Errors
    /// Everything that is wrong with it; pointers are below the condition.
    pub(crate) fn parse(json: &Json) -> Result<Self, Vec<FieldError>> {
        parse::Reader::read(json).map(Self)
    }

    /// Whether it holds for a record.
    pub(crate) fn holds(&self, record: &Record<'_>) -> bool {
        self.0.holds(record)
    }

    /// What each row comes to, in the order in which they stand.
    pub(crate) fn rows(&self, record: &Record<'_>) -> Vec<RowResult> {
        let rows = self.0.rows("/condition").into_iter();
        rows.map(|(pointer, row)| row.result(pointer, record))
            .collect()
    }

    /// Fields and operators of all rows, with the row's pointer below the condition.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (String, &Field, Operator)> {
        let rows = self.0.rows("").into_iter();
        rows.map(|(pointer, row)| (pointer, row.field(), row.operator()))
    }

    /// As it was sent.
    pub(crate) fn to_json(&self) -> Json {
        self.0.to_json()
    }
}

impl Mode {
    fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Any => "any",
        }
    }
}

impl Group {
    fn holds(&self, record: &Record<'_>) -> bool {
        let holds = |member: &Member| match member {
            Member::Row(row) => row.holds(record),
            Member::Group(group) => group.holds(record),
        };
        match self.mode {
            Mode::All => self.members.iter().all(holds),
            Mode::Any => self.members.iter().any(holds),
        }
    }

    /// Its rows and those of its groups, each with its pointer.
    fn rows(&self, at: &str) -> Vec<(String, &Row)> {
        let mut rows = Vec::new();
        for (place, member) in self.members.iter().enumerate() {
            let pointer = format!("{at}/{}/{place}", self.mode.as_str());
            match member {
                Member::Row(row) => rows.push((pointer, row)),
                Member::Group(group) => rows.extend(group.rows(&pointer)),
            }
        }
        rows
    }

    fn to_json(&self) -> Json {
        let members = self.members.iter().map(|member| match member {
            Member::Row(row) => row.to_json(),
            Member::Group(group) => group.to_json(),
        });
        let members: Vec<_> = members.collect();
        json!({ self.mode.as_str(): members })
    }
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&Json::deserialize(deserializer)?).map_err(|errors| {
            let first = errors.first();
            let first = first.map(|error| format!("{}: {}", error.pointer, error.message));
            D::Error::custom(first.unwrap_or_default())
        })
    }
}

#[cfg(test)]
mod tests;
