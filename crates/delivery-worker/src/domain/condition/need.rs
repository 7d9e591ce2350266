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

/// A value that can be looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    Text(String),
    Scalar(Scalar),
}

/// A value other than text that can be looked up. Those of one field are all of
/// one sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scalar {
    Integer(i64),
    Price(Price),
    Flag(bool),
}

/// What a field has to be for a condition to hold. The reverse is not said. No need
/// is met by null, but for [`Need::Present`], which a field that was there before
/// an edit may meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Need<'a> {
    /// One of these.
    OneOf(&'a Field, Vec<Key>),
    /// There, or there before an edit: said of names that accounts make up, of which
    /// a record has few.
    Present(&'a Field),
    /// This or more.
    AtLeast(&'a Field, Scalar),
    /// This or less.
    AtMost(&'a Field, Scalar),
}

impl Scalar {
    /// What a record has, if it can be looked up and is no text.
    pub(crate) fn of(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Integer(number) => Some(Self::Integer(*number)),
            Value::Price(price) => Some(Self::Price(*price)),
            Value::Flag(flag) => Some(Self::Flag(*flag)),
            Value::Null | Value::Text(_) | Value::Number(_) | Value::Tags(_) => None,
        }
    }
}

impl Key {
    /// The values of a row that compares for equality.
    fn all_of(operand: &Operand) -> Option<Vec<Self>> {
        let integer = |number| Self::Scalar(Scalar::Integer(number));
        let price = |price| Self::Scalar(Scalar::Price(price));
        match operand {
            Operand::Text(text) => Some(vec![Self::Text(text.clone())]),
            Operand::Texts(texts) => Some(texts.iter().cloned().map(Self::Text).collect()),
            Operand::Integer(number) => Some(vec![integer(*number)]),
            Operand::Integers(numbers) => Some(numbers.iter().copied().map(integer).collect()),
            Operand::Price(one) => Some(vec![price(*one)]),
            Operand::Prices(prices) => Some(prices.iter().copied().map(price).collect()),
            Operand::Flag(flag) => Some(vec![Self::Scalar(Scalar::Flag(*flag))]),
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
            Self::Present(_) => usize::MAX - 1,
            Self::AtLeast(..) | Self::AtMost(..) => usize::MAX,
        }
    }
}

impl Row {
    fn need(&self) -> Option<Need<'_>> {
        let field = self.field();
        self.need_of_value()
            .or_else(|| field.open_name().and_then(|_| self.need_to_be_present()))
    }

    fn need_of_value(&self) -> Option<Need<'_>> {
        let field = self.field();
        let keys = Key::all_of(self.operand())?;
        let bound = || match keys.first() {
            Some(Key::Scalar(scalar)) => Some(*scalar),
            Some(Key::Text(_)) | None => None,
        };
        match self.operator() {
            Operator::Equal | Operator::ChangedTo | Operator::In => {
                (keys.len() <= MAX_VALUES).then_some(Need::OneOf(field, keys))
            }
            Operator::Greater | Operator::GreaterOrEqual => {
                bound().map(|scalar| Need::AtLeast(field, scalar))
            }
            Operator::Less | Operator::LessOrEqual => {
                bound().map(|scalar| Need::AtMost(field, scalar))
            }
            Operator::NotEqual
            | Operator::Contains
            | Operator::StartsWith
            | Operator::Empty
            | Operator::NotEmpty
            | Operator::Changed => None,
        }
    }

    fn need_to_be_present(&self) -> Option<Need<'_>> {
        match self.operator() {
            // Null meets this one.
            Operator::Empty => None,
            Operator::Changed
            | Operator::ChangedTo
            | Operator::Equal
            | Operator::NotEqual
            | Operator::In
            | Operator::Greater
            | Operator::GreaterOrEqual
            | Operator::Less
            | Operator::LessOrEqual
            | Operator::Contains
            | Operator::StartsWith
            | Operator::NotEmpty => Some(Need::Present(self.field())),
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
            Need::Present(field) => format!("{field} there"),
            Need::AtLeast(field, scalar) => format!("{field} >= {scalar:?}"),
            Need::AtMost(field, scalar) => format!("{field} <= {scalar:?}"),
        })
    }

    fn row(field: &str, operator: &str, value: Json) -> Json {
        match value {
            Json::Null => json!({"field": field, "operator": operator}),
            value => json!({"field": field, "operator": operator, "value": value}),
        }
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
                Some("id_owner [Scalar(Integer(1)), Scalar(Integer(3))]"),
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
                json!({"all": [price(), row("client.fields.ИНН", "equal", json!(7))]}),
                Some("client.fields.ИНН there"),
            ),
            (
                json!({"all": [row("marks.a", "changed", Json::Null), owner()]}),
                Some("id_owner [Scalar(Integer(1)), Scalar(Integer(3))]"),
            ),
            (
                json!({"all": [row("marks.a", "changed", Json::Null)]}),
                Some("marks.a there"),
            ),
            (
                json!({"all": [row("marks.a", "not_equal", json!("b"))]}),
                Some("marks.a there"),
            ),
            (
                json!({"all": [row("marks.a", "in", json!(["1", "2", "3", "4", "5", "6", "7", "8", "9"]))]}),
                Some("marks.a there"),
            ),
            (
                json!({"all": [row("marks.a", "in", json!(["b"]))]}),
                Some("marks.a [Text(\"b\")]"),
            ),
            (json!({"all": [row("marks.a", "empty", Json::Null)]}), None),
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
