//! Keys of records and of what belongs to them.

use super::value::{Value, date, id};
use super::{Component, FieldKind, Snapshot};

const ACTIONS: &[&str] = &["add", "edit", "delete"];
const COMPONENTS: &[&str] = &["order", "task", "client"];
const STAGE_KINDS: &[&str] = &["open", "won", "lost"];

/// A key of a record itself: those of WIRE 1, for orders those of WIRE 5 as well.
/// A key that several kinds of records have is of one kind in all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum OwnKey {
    Id,
    Name,
    Price,
    Category,
    Status,
    Origin,
    Client,
    Archived,
    Tags,
    Color,
    Text,
    Pipeline,
    Owner,
    Office,
    City,
    Marks,
    DateFrom,
    DateTo,
    AllDay,
    Deal,
    Order,
    Type,
    Realname,
    Email,
    Phone,
    Position,
    Fields,
    Component,
    Event,
}

use Component::{Client, Order, Task};

impl OwnKey {
    /// Wire name, kind, and which records have it.
    const ALL: [(Self, &'static str, FieldKind, &'static [Component]); 29] = [
        (Self::Id, "id", FieldKind::Integer, &[Order, Task, Client]),
        (Self::Name, "name", FieldKind::Text, &[Order, Task]),
        (Self::Price, "price", FieldKind::Price, &[Order]),
        (Self::Category, "id_cat", FieldKind::Integer, &[Order]),
        (
            Self::Status,
            "id_status",
            FieldKind::Integer,
            &[Order, Task, Client],
        ),
        (Self::Origin, "id_origin", FieldKind::Integer, &[Order]),
        (Self::Client, "id_client", FieldKind::Integer, &[Order]),
        (Self::Archived, "archive", FieldKind::Flag, &[Order]),
        (Self::Tags, "tags", FieldKind::Tags, &[Order]),
        (Self::Color, "color", FieldKind::Color, &[Order, Task]),
        (Self::Text, "text", FieldKind::Text, &[Order, Task, Client]),
        (Self::Pipeline, "id_pipeline", FieldKind::Integer, &[Order]),
        (Self::Owner, "id_owner", FieldKind::Integer, &[Order]),
        (Self::Office, "id_office", FieldKind::Integer, &[Order]),
        (Self::City, "id_city", FieldKind::Integer, &[Order]),
        (Self::Marks, "marks", FieldKind::Group, &[Order]),
        (Self::DateFrom, "date_from", FieldKind::Integer, &[Task]),
        (Self::DateTo, "date_to", FieldKind::Integer, &[Task]),
        (Self::AllDay, "all_day", FieldKind::Flag, &[Task]),
        (Self::Deal, "id_deal", FieldKind::Integer, &[Task]),
        (Self::Order, "id_order", FieldKind::Integer, &[Task]),
        (Self::Type, "id_type", FieldKind::Integer, &[Task]),
        (Self::Realname, "realname", FieldKind::Text, &[Client]),
        (Self::Email, "email", FieldKind::Text, &[Client]),
        (Self::Phone, "phone", FieldKind::Text, &[Client]),
        (Self::Position, "position", FieldKind::Text, &[Client]),
        (Self::Fields, "fields", FieldKind::Group, &[Client]),
        (
            Self::Component,
            "component",
            FieldKind::Choice(COMPONENTS),
            &[Order, Task, Client],
        ),
        (
            Self::Event,
            "event",
            FieldKind::Choice(ACTIONS),
            &[Order, Task, Client],
        ),
    ];

    pub(super) fn all() -> impl Iterator<Item = Self> {
        Self::ALL.iter().map(|(key, ..)| *key)
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known, ..)| *known == name)
            .map(|(key, ..)| *key)
    }

    pub(super) fn as_str(self) -> &'static str {
        self.entry().1
    }

    pub(super) fn kind(self) -> FieldKind {
        self.entry().2
    }

    pub(super) fn is_of(self, component: Component) -> bool {
        self.entry().3.contains(&component)
    }

    /// Whether `previous.` of it means anything.
    pub(super) fn has_past(self) -> bool {
        !matches!(self, Self::Component | Self::Event) && self.kind() != FieldKind::Group
    }

    fn entry(self) -> &'static (Self, &'static str, FieldKind, &'static [Component]) {
        // The table is in the order of the variants; a test holds it so.
        &Self::ALL[self as usize]
    }

    /// Its value in a snapshot; null where there is no such key.
    pub(super) fn value(self, at: Snapshot<'_>) -> Value<'_> {
        match at {
            Snapshot::Order(order) => match self {
                Self::Id => id(Some(order.id.0)),
                Self::Name => order.name.as_str().into(),
                Self::Price => order.price.map_or(Value::Null, Value::Price),
                Self::Category => id(order.category_id.map(|id| id.0)),
                Self::Status => id(Some(order.stage.id.0)),
                Self::Origin => id(order.origin_id.map(|id| id.0)),
                Self::Client => id(order.client_id.map(|id| id.0)),
                Self::Archived => Value::Flag(order.archived),
                Self::Tags => Value::Tags(&order.tags),
                Self::Color => order.color.as_ref().into(),
                Self::Text => order.text.as_str().into(),
                Self::Pipeline => id(Some(order.pipeline.id.0)),
                Self::Owner => id(order.owner_id),
                Self::Office => id(order.office_id.map(|id| id.0)),
                Self::City => id(order.city_id.map(|id| id.0)),
                _ => Value::Null,
            },
            Snapshot::Task(task) => match self {
                Self::Id => id(Some(task.id.0)),
                Self::Name => task.name.as_str().into(),
                Self::Status => id(task.status_id.map(|id| id.0)),
                Self::Color => task.color.as_ref().into(),
                Self::Text => task.text.as_str().into(),
                Self::DateFrom => date(task.date_from),
                Self::DateTo => date(task.date_to),
                Self::AllDay => Value::Flag(task.all_day),
                Self::Deal | Self::Order => id(task.order_id.map(|id| id.0)),
                Self::Type => id(task.type_id.map(|id| id.0)),
                _ => Value::Null,
            },
            Snapshot::Client(client) => match self {
                Self::Id => id(Some(client.id.0)),
                Self::Status => id(client.status_id.map(|id| id.0)),
                Self::Text => client.text.as_str().into(),
                Self::Realname => client.realname.as_str().into(),
                Self::Email => client.email.as_str().into(),
                Self::Phone => client.phone.as_str().into(),
                Self::Position => client.position.as_str().into(),
                _ => Value::Null,
            },
            Snapshot::TasksOfOrder(order) => match self {
                Self::Deal | Self::Order => id(Some(order.0)),
                _ => Value::Null,
            },
        }
    }

    /// Whether a group of values differs between two snapshots.
    pub(super) fn differs(self, now: Snapshot<'_>, before: Snapshot<'_>) -> bool {
        match (self, now, before) {
            (Self::Marks, Snapshot::Order(now), Snapshot::Order(before)) => {
                now.marks != before.marks
            }
            (Self::Fields, Snapshot::Client(now), Snapshot::Client(before)) => {
                now.fields != before.fields
            }
            _ => false,
        }
    }
}

/// A key of a client that can stand behind `client.`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ClientKey(OwnKey);

impl ClientKey {
    pub(super) fn parse(name: &str) -> Option<Self> {
        OwnKey::parse(name)
            .filter(|key| key.is_of(Client) && (*key == OwnKey::Id || key.has_past()))
            .map(Self)
    }

    pub(super) fn own(self) -> OwnKey {
        self.0
    }
}

/// A key of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum StageKey {
    Id,
    Name,
    Kind,
}

impl StageKey {
    pub(super) const ALL: [Self; 3] = [Self::Id, Self::Name, Self::Kind];

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.as_str() == name)
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::Kind => "kind",
        }
    }

    pub(super) fn kind(self) -> FieldKind {
        match self {
            Self::Id => FieldKind::Integer,
            Self::Name => FieldKind::Text,
            Self::Kind => FieldKind::Choice(STAGE_KINDS),
        }
    }

    pub(super) fn value(self, at: Snapshot<'_>) -> Value<'_> {
        let Snapshot::Order(order) = at else {
            return Value::Null;
        };
        match self {
            Self::Id => id(Some(order.stage.id.0)),
            Self::Name => order.stage.name.as_str().into(),
            Self::Kind => order.stage.kind.as_str().into(),
        }
    }
}

/// A key of a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum PipelineKey {
    Id,
    Name,
}

impl PipelineKey {
    pub(super) const ALL: [Self; 2] = [Self::Id, Self::Name];

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.as_str() == name)
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
        }
    }

    pub(super) fn kind(self) -> FieldKind {
        match self {
            Self::Id => FieldKind::Integer,
            Self::Name => FieldKind::Text,
        }
    }

    pub(super) fn value(self, at: Snapshot<'_>) -> Value<'_> {
        let Snapshot::Order(order) = at else {
            return Value::Null;
        };
        match self {
            Self::Id => id(Some(order.pipeline.id.0)),
            Self::Name => order.pipeline.name.as_str().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_variants() {
        for (place, (key, name, ..)) in OwnKey::ALL.iter().enumerate() {
            assert_eq!(*key as usize, place, "{name}");
        }
    }
}
