//! Fields of records by their wire names (WIRE 3), for conditions and parameters.

mod key;
mod names;
mod open;
mod value;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::record::{Component, Record, Snapshot};
use key::{ClientKey, OwnKey, PipelineKey, StageKey};
pub(crate) use open::{OpenName, OpenValue};
pub(crate) use value::Value;

/// The longest name of a mark or of a client's own field, in characters.
const MAX_NAME_CHARS: usize = 64;

/// A field, ready to be looked up in a record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Field {
    /// Whether it is the value before an edit (`previous.`).
    is_previous: bool,
    path: Path,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Path {
    /// A key of the record itself.
    Own(OwnKey),
    /// `marks.<key>`.
    Mark(String),
    /// `client.<key>`: of an order's client, or of the client itself.
    Client(ClientKey),
    /// `client.fields.<name>`.
    ClientField(String),
    /// `stage.<key>`.
    Stage(StageKey),
    /// `pipeline.<key>`.
    Pipeline(PipelineKey),
}

/// What values a field has, which decides what it can be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldKind {
    /// Text of any length.
    Text,
    /// Six hex digits, or null.
    Color,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// An id, or Unix seconds; null if there is none.
    Integer,
    /// Money, or null.
    Price,
    /// Yes or no.
    Flag,
    /// A set of texts.
    Tags,
    /// A client's own field: text, number, yes or no, or null.
    Any,
    /// Many values at once (`marks`, `fields`): it can change, and not be compared.
    Group,
}

/// No field has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a field")]
pub(crate) struct UnknownField(pub(crate) String);

impl Field {
    /// From the wire name, such as `price`, `marks.utmSource`,
    /// `client.fields.Город`, `stage.kind`, `previous.id_status`.
    pub(crate) fn parse(name: &str) -> Result<Self, UnknownField> {
        let found = match name.strip_prefix("previous.") {
            Some(rest) => OwnKey::parse(rest)
                .filter(|key| key.has_past())
                .map(|key| Self {
                    is_previous: true,
                    path: Path::Own(key),
                }),
            None => Path::parse(name).map(|path| Self {
                is_previous: false,
                path,
            }),
        };
        found.ok_or_else(|| UnknownField(name.to_owned()))
    }

    /// What values it has.
    pub(crate) fn kind(&self) -> FieldKind {
        match &self.path {
            Path::Own(key) => key.kind(),
            Path::Mark(_) => FieldKind::Text,
            Path::Client(key) => key.own().kind(),
            Path::ClientField(_) => FieldKind::Any,
            Path::Stage(key) => key.kind(),
            Path::Pipeline(key) => key.kind(),
        }
    }

    /// Whether records of this kind have such a field.
    pub(crate) fn is_of(&self, component: Component) -> bool {
        match &self.path {
            Path::Own(key) => key.is_of(component),
            Path::Mark(_) | Path::Stage(_) | Path::Pipeline(_) => component == Component::Order,
            Path::Client(_) | Path::ClientField(_) => {
                matches!(component, Component::Order | Component::Client)
            }
        }
    }

    /// Whether an edit can change it, as far as its kind goes.
    pub(crate) fn can_change(&self) -> bool {
        let is_fixed = matches!(
            self.path,
            Path::Own(OwnKey::Id | OwnKey::Component | OwnKey::Event)
        );
        !self.is_previous && !is_fixed
    }

    /// Whether it is the value before an edit.
    pub(crate) fn is_previous(&self) -> bool {
        self.is_previous
    }

    /// Its value; null where the record has none.
    pub(crate) fn value<'a>(&self, record: &Record<'a>) -> Value<'a> {
        if self.is_previous {
            return self.before(record).unwrap_or(Value::Null);
        }
        self.path.value(record, record.now)
    }

    /// Whether an edit changed it. An addition or a deletion changes no field.
    pub(crate) fn is_changed(&self, record: &Record<'_>) -> bool {
        match (&self.path, record.now, record.before) {
            (Path::Own(key), now, Some(before)) if key.kind() == FieldKind::Group => {
                key.differs(now, before)
            }
            _ => self
                .before(record)
                .is_some_and(|before| before != self.path.value(record, record.now)),
        }
    }

    fn before<'a>(&self, record: &Record<'a>) -> Option<Value<'a>> {
        record.before.map(|before| self.path.value(record, before))
    }
}

impl Path {
    fn parse(name: &str) -> Option<Self> {
        let Some((group, rest)) = name.split_once('.') else {
            return OwnKey::parse(name).map(Self::Own);
        };
        match group {
            "marks" => is_name(rest).then(|| Self::Mark(rest.to_owned())),
            "client" => match rest.strip_prefix("fields.") {
                Some(field) => is_name(field).then(|| Self::ClientField(field.to_owned())),
                None => ClientKey::parse(rest).map(Self::Client),
            },
            "stage" => StageKey::parse(rest).map(Self::Stage),
            "pipeline" => PipelineKey::parse(rest).map(Self::Pipeline),
            _ => None,
        }
    }

    fn value<'a>(&self, record: &Record<'a>, at: Snapshot<'a>) -> Value<'a> {
        match self {
            Self::Own(OwnKey::Component) => record.component().as_str().into(),
            Self::Own(OwnKey::Event) => record.action.as_str().into(),
            Self::Own(key) => key.value(at),
            Self::Mark(key) => value::mark(at, key),
            Self::Client(key) => value::client(at).map_or(Value::Null, |client| {
                key.own().value(Snapshot::Client(client))
            }),
            Self::ClientField(name) => value::client_field(at, name),
            Self::Stage(key) => key.value(at),
            Self::Pipeline(key) => key.value(at),
        }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().count() <= MAX_NAME_CHARS
        && !name.chars().any(char::is_control)
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_previous {
            f.write_str("previous.")?;
        }
        match &self.path {
            Path::Own(key) => f.write_str(key.as_str()),
            Path::Mark(key) => write!(f, "marks.{key}"),
            Path::Client(key) => write!(f, "client.{}", key.own().as_str()),
            Path::ClientField(name) => write!(f, "client.fields.{name}"),
            Path::Stage(key) => write!(f, "stage.{}", key.as_str()),
            Path::Pipeline(key) => write!(f, "pipeline.{}", key.as_str()),
        }
    }
}

impl From<Field> for String {
    fn from(field: Field) -> Self {
        field.to_string()
    }
}

impl TryFrom<String> for Field {
    type Error = UnknownField;

    fn try_from(name: String) -> Result<Self, UnknownField> {
        Self::parse(&name)
    }
}

#[cfg(test)]
mod tests;
