//! What a look-up can tell of a condition without trying it: a row without which it
//! does not hold.

use events::Price;

use super::operand::Operand;
use super::operator::Operator;
use super::row::Row;
use super::{Condition, Group, Member, Mode};
use crate::domain::field::{Field, Value};

/// The most values of one row that are looked up; more are cheaper to try.
const MAX_VALUES: usize = 8;

/// A value that can be looked up. Those of one field are all of one sort.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    Integer(i64),
    Price(Price),
    Flag(bool),
    Text(String),
}

/// What a field has to be for a condition to hold. The reverse is not said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Need<'a> {
    /// One of these.
    OneOf(&'a Field, Vec<Key>),
    /// This or more.
    AtLeast(&'a Field, Key),
    /// This or less.
    AtMost(&'a Field, Key),
}

impl Key {
    /// What a record has, if it can be looked up.
    pub(crate) fn of(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Integer(number) => Some(Self::Integer(*number)),
            Value::Price(price) => Some(Self::Price(*price)),
            Value::Flag(flag) => Some(Self::Flag(*flag)),
            Value::Text(text) => Some(Self::Text(text.as_ref().to_owned())),
            Value::Null | Value::Number(_) | Value::Tags(_) => None,
        }
    }

    /// The values of a row that compares for equality.
    fn all_of(operand: &Operand) -> Option<Vec<Self>> {
        match operand {
            Operand::Text(text) => Some(vec![Self::Text(text.clone())]),
            Operand::Texts(texts) => Some(texts.iter().cloned().map(Self::Text).collect()),
            Operand::Integer(number) => Some(vec![Self::Integer(*number)]),
            Operand::Integers(numbers) => {
                Some(numbers.iter().copied().map(Self::Integer).collect())
            }
            Operand::Price(price) => Some(vec![Self::Price(*price)]),
            Operand::Prices(prices) => Some(prices.iter().copied().map(Self::Price).collect()),
            Operand::Flag(flag) => Some(vec![Self::Flag(*flag)]),
            // What equals these is not found by one value.
            Operand::None | Operand::Tags(_) | Operand::Any(_) | Operand::Anys(_) => None,
        }
    }
}

impl Condition {
    /// What it needs, as narrow as it can be told.
    pub(crate) fn need(&self) -> Option<Need<'_>> {
        self.0.need()
    }
}

impl Group {
    fn need(&self) -> Option<Need<'_>> {
        if self.mode == Mode::Any && self.members.len() > 1 {
            return None;
        }
        let needs = self.members.iter().filter_map(|member| match member {
            Member::Row(row) => row.need(),
            Member::Group(group) => group.need(),
        });
        needs.min_by_key(Need::breadth)
    }
}

impl Need<'_> {
    /// How much is let through: few values, before all on one side of a value.
    fn breadth(&self) -> usize {
        match self {
            Self::OneOf(_, keys) => keys.len(),
            Self::AtLeast(..) | Self::AtMost(..) => usize::MAX,
        }
    }
}

impl Row {
    fn need(&self) -> Option<Need<'_>> {
        let field = self.field();
        let keys = Key::all_of(self.operand())?;
        let bound = || keys.first().cloned();
        match self.operator() {
            Operator::Equal | Operator::ChangedTo | Operator::In => {
                (keys.len() <= MAX_VALUES).then_some(Need::OneOf(field, keys))
            }
            Operator::Greater | Operator::GreaterOrEqual => {
                bound().map(|key| Need::AtLeast(field, key))
            }
            Operator::Less | Operator::LessOrEqual => bound().map(|key| Need::AtMost(field, key)),
            Operator::NotEqual
            | Operator::Contains
            | Operator::StartsWith
            | Operator::Empty
            | Operator::NotEmpty
            | Operator::Changed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn need_of(json: Json) -> Option<String> {
        let condition = Condition::parse(&json).unwrap();
        condition.need().map(|need| match need {
            Need::OneOf(field, keys) => format!("{field} {keys:?}"),
            Need::AtLeast(field, key) => format!("{field} >= {key:?}"),
            Need::AtMost(field, key) => format!("{field} <= {key:?}"),
        })
    }

    fn row(field: &str, operator: &str, value: Json) -> Json {
        json!({"field": field, "operator": operator, "value": value})
    }

    #[test]
    fn the_narrowest_row_that_has_to_hold_is_the_need() {
        let price = || row("price", "greater", json!(10));
        let owner = || row("id_owner", "in", json!([3, 1]));
        let name = || row("name", "equal", json!("Лид"));
        for (condition, expected) in [
            (
                json!({"all": [price()]}),
                Some("price >= Price(Price(1000))"),
            ),
            (
                json!({"any": [price()]}),
                Some("price >= Price(Price(1000))"),
            ),
            (
                json!({"all": [price(), owner()]}),
                Some("id_owner [Integer(1), Integer(3)]"),
            ),
            (
                json!({"all": [price(), owner(), {"all": [name()]}]}),
                Some("name [Text(\"Лид\")]"),
            ),
            (json!({"any": [price(), name()]}), None),
            (
                json!({"all": [{"any": [price(), name()]}, row("price", "less", json!(5))]}),
                Some("price <= Price(Price(500))"),
            ),
            (
                json!({"all": [row("tags", "contains", json!("vip"))]}),
                None,
            ),
            (
                json!({"all": [row("client.fields.ИНН", "equal", json!(7))]}),
                None,
            ),
            (
                json!({"all": [row("name", "not_equal", json!("Лид"))]}),
                None,
            ),
            (
                json!({"all": [row("id_owner", "in", json!([1, 2, 3, 4, 5, 6, 7, 8, 9]))]}),
                None,
            ),
        ] {
            assert_eq!(
                need_of(condition.clone()),
                expected.map(str::to_owned),
                "{condition}"
            );
        }
    }
}
