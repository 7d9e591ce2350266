//! Reads conditions, and says everything that is wrong with one at once.

use http_api::{FieldError, code, nearest};
use serde_json::{Map, Value as Json};

use super::operand::Operand;
use super::operator::Operator;
use super::{Group, MAX_ROWS, Member, Mode, Row, own_code};
use crate::domain::field::Field;

/// Nobody reads more of them.
const MAX_ERRORS: usize = 100;
const GROUP_KEYS: [&str; 2] = ["all", "any"];
const ROW_KEYS: [&str; 3] = ["field", "operator", "value"];

/// Where a group stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    First,
    Second,
}

/// What was found so far.
#[derive(Default)]
pub(super) struct Reader {
    errors: Vec<FieldError>,
    rows: usize,
}

impl Reader {
    pub(super) fn read(json: &Json) -> Result<Group, Vec<FieldError>> {
        let mut reader = Self::default();
        let group = match json {
            Json::Object(object) => reader.group(object, "", Level::First),
            _ => {
                reader.error(
                    "",
                    code::WRONG_TYPE,
                    "Send an object with all or any, a list of rows.",
                );
                None
            }
        };
        if reader.rows > MAX_ROWS {
            let message = format!("Send at most {MAX_ROWS} rows; there are {}.", reader.rows);
            reader.error("", code::TOO_MANY, message);
        }
        match group {
            Some(group) if reader.errors.is_empty() => Ok(group),
            _ => Err(reader.errors),
        }
    }

    fn group(&mut self, object: &Map<String, Json>, at: &str, level: Level) -> Option<Group> {
        self.unknown_keys(object, at, &GROUP_KEYS);
        let (mode, members) = match (object.get("all"), object.get("any")) {
            (Some(all), None) => (Mode::All, all),
            (None, Some(any)) => (Mode::Any, any),
            (Some(_), Some(_)) => {
                self.error(
                    at,
                    own_code::ALL_AND_ANY,
                    "Send either all or any; put a group into the list to have both.",
                );
                return None;
            }
            (None, None) => {
                self.error(
                    at,
                    code::REQUIRED,
                    "Send all or any: a list of rows of which all or any have to hold.",
                );
                return None;
            }
        };
        let at = format!("{at}/{}", mode.as_str());
        let members = match members {
            Json::Array(members) if members.is_empty() => {
                self.error(&at, code::REQUIRED, "Send at least one row.");
                return None;
            }
            Json::Array(members) if members.len() > MAX_ROWS => {
                let sent = members.len();
                let message = format!("Send at most {MAX_ROWS} rows; there are {sent}.");
                self.error(&at, code::TOO_MANY, message);
                return None;
            }
            Json::Array(members) => members,
            _ => {
                self.error(&at, code::WRONG_TYPE, "Send a list of rows.");
                return None;
            }
        };
        let members = members.iter().enumerate();
        let members: Vec<_> = members
            .filter_map(|(place, member)| self.member(member, &format!("{at}/{place}"), level))
            .collect();
        Some(Group { mode, members })
    }

    fn member(&mut self, member: &Json, at: &str, level: Level) -> Option<Member> {
        let Json::Object(object) = member else {
            let message = "Send a row: an object with field, operator and value.";
            self.error(at, code::WRONG_TYPE, message);
            return None;
        };
        if !GROUP_KEYS.iter().any(|key| object.contains_key(*key)) {
            self.rows += 1;
            return self.row(object, at).map(Member::Row);
        }
        if level == Level::Second {
            self.error(
                at,
                own_code::TOO_DEEP,
                "Send a row here: two levels of groups are the most.",
            );
            return None;
        }
        self.group(object, at, Level::Second).map(Member::Group)
    }

    fn row(&mut self, object: &Map<String, Json>, at: &str) -> Option<Row> {
        self.unknown_keys(object, at, &ROW_KEYS);
        let field = self.field(object.get("field"), &format!("{at}/field"));
        let named = object.get("operator");
        let operator = self.operator(named, field.as_ref(), &format!("{at}/operator"))?;
        let at = format!("{at}/value");
        let value = self.value(object.get("value"), operator, &at)?;
        let field = field.filter(|field| operator.fits(field))?;
        let Some(value) = value else {
            return Some(Row::new(field, operator, Operand::None, None));
        };
        match Operand::read(field.kind(), operator, value) {
            Ok(operand) => Some(Row::new(field, operator, operand, Some(value.clone()))),
            Err(errors) => {
                for error in errors {
                    let pointer = format!("{at}{}", error.pointer);
                    self.error(&pointer, error.code, error.message);
                }
                None
            }
        }
    }

    /// The value if the operator takes one; `None` if it is missing or too much.
    fn value<'a>(
        &mut self,
        value: Option<&'a Json>,
        operator: Operator,
        at: &str,
    ) -> Option<Option<&'a Json>> {
        let name = operator.as_str();
        match (value, operator.takes_value()) {
            (None | Some(Json::Null), false) => Some(None),
            (Some(_), false) => {
                let message = format!("Leave the value out: {name} takes none.");
                self.error(at, own_code::VALUE_NOT_ALLOWED, message);
                None
            }
            (None | Some(Json::Null), true) => {
                let code = if value.is_some() {
                    code::NOT_NULL
                } else {
                    code::REQUIRED
                };
                let message = format!("Send a value for {name}; empty finds what is not set.");
                self.error(at, code, message);
                None
            }
            (Some(value), true) => Some(Some(value)),
        }
    }

    fn field(&mut self, name: Option<&Json>, at: &str) -> Option<Field> {
        match name {
            Some(Json::String(name)) => match Field::parse(name) {
                Ok(field) => Some(field),
                Err(unknown) => {
                    self.error(at, code::UNKNOWN_FIELD, unknown.advice());
                    None
                }
            },
            None => {
                self.error(
                    at,
                    code::REQUIRED,
                    "Send the name of a field, such as price.",
                );
                None
            }
            Some(_) => {
                let message = "Send the name of a field as text, such as \"price\".";
                self.error(at, code::WRONG_TYPE, message);
                None
            }
        }
    }

    /// The operator that is named, though it may not fit the field.
    fn operator(
        &mut self,
        name: Option<&Json>,
        field: Option<&Field>,
        at: &str,
    ) -> Option<Operator> {
        let fits = |operator: &Operator| field.is_none_or(|field| operator.fits(field));
        let operator = name.and_then(Json::as_str).and_then(Operator::parse);
        if operator.as_ref().is_some_and(fits) {
            return operator;
        }
        let code = match name {
            None => code::REQUIRED,
            Some(Json::String(_)) if operator.is_some() => own_code::OPERATOR_UNFIT,
            Some(Json::String(_)) => code::UNKNOWN_VALUE,
            Some(_) => code::WRONG_TYPE,
        };
        let fitting = Operator::ALL.into_iter().filter(fits);
        let names: Vec<_> = fitting.map(Operator::as_str).collect();
        let which = match field {
            Some(_) => ", which fit this field",
            None => "",
        };
        let message = format!("Send one of {}{which}.", names.join(", "));
        self.error(at, code, message);
        operator
    }

    fn unknown_keys(&mut self, object: &Map<String, Json>, at: &str, known: &[&str]) {
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
            let message = match nearest(key, known) {
                Some(near) => format!("There is no such key; did you mean {near:?}?"),
                None => format!("There is no such key, only {}.", known.join(", ")),
            };
            self.error(&pointer, code::UNKNOWN_FIELD, message);
        }
    }

    fn error(&mut self, pointer: &str, code: &'static str, message: impl Into<String>) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(FieldError::new(pointer, code, message));
        }
    }
}
