//! What integrators can see change in a task, key by key.

use serde_json::Value;

use crate::value::optional_integer;
use crate::{TaskSnapshot, Timestamp, raw};

/// A wire key of a task (WIRE 1) that an edit can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TaskKey {
    Name,
    DateFrom,
    DateTo,
    AllDay,
    Color,
    Text,
    Deal,
    Order,
    Status,
    Type,
}

impl TaskKey {
    /// In the order of a REST body.
    pub(crate) const ALL: [Self; 10] = [
        Self::Name,
        Self::DateFrom,
        Self::DateTo,
        Self::AllDay,
        Self::Color,
        Self::Text,
        Self::Deal,
        Self::Order,
        Self::Status,
        Self::Type,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::DateFrom => "date_from",
            Self::DateTo => "date_to",
            Self::AllDay => "all_day",
            Self::Color => "color",
            Self::Text => "text",
            Self::Deal => "id_deal",
            Self::Order => "id_order",
            Self::Status => "id_status",
            Self::Type => "id_type",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.as_str() == name)
    }

    pub(crate) fn value(self, task: &TaskSnapshot) -> Value {
        match self {
            Self::Name => task.name.as_str().into(),
            Self::DateFrom => optional_integer(task.date_from.map(Timestamp::unix_seconds)),
            Self::DateTo => optional_integer(task.date_to.map(Timestamp::unix_seconds)),
            Self::AllDay => task.all_day.into(),
            Self::Color => task
                .color
                .as_ref()
                .map_or(Value::Null, |color| color.as_str().into()),
            Self::Text => task.text.as_str().into(),
            // One fact under two names: S0 calls it by both.
            Self::Deal | Self::Order => optional_integer(task.order_id.map(|id| id.0)),
            Self::Status => optional_integer(task.status_id.map(|id| id.0)),
            Self::Type => optional_integer(task.type_id.map(|id| id.0)),
        }
    }

    fn differs(self, before: &TaskSnapshot, after: &TaskSnapshot) -> bool {
        match self {
            Self::Name => before.name != after.name,
            Self::DateFrom => before.date_from != after.date_from,
            Self::DateTo => before.date_to != after.date_to,
            Self::AllDay => before.all_day != after.all_day,
            Self::Color => before.color != after.color,
            Self::Text => before.text != after.text,
            Self::Deal | Self::Order => before.order_id != after.order_id,
            Self::Status => before.status_id != after.status_id,
            Self::Type => before.type_id != after.type_id,
        }
    }

    /// Copies what stands behind this key.
    pub(crate) fn carry(self, from: &raw::TaskSnapshot, to: &mut raw::TaskSnapshot) {
        match self {
            Self::Name => to.name.clone_from(&from.name),
            Self::DateFrom => to.date_from_us = from.date_from_us,
            Self::DateTo => to.date_to_us = from.date_to_us,
            Self::AllDay => to.all_day = from.all_day,
            Self::Color => to.color.clone_from(&from.color),
            Self::Text => to.text.clone_from(&from.text),
            Self::Deal | Self::Order => to.order_id = from.order_id,
            Self::Status => to.status_id = from.status_id,
            Self::Type => to.type_id = from.type_id,
        }
    }
}

impl TaskSnapshot {
    /// The wire keys whose values differ, in the order of a REST body. Empty
    /// means that an edit changed nothing, so that no event is due. Another
    /// order shows as `id_deal` and `id_order`.
    pub fn changed_keys(before: &Self, after: &Self) -> Vec<String> {
        TaskKey::ALL
            .into_iter()
            .filter(|key| key.differs(before, after))
            .map(|key| key.as_str().to_owned())
            .collect()
    }
}
