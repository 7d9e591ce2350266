//! What integrators can see change in an order, key by key.

use serde_json::Value;

use crate::value::{object_of_marks, optional_integer};
use crate::{OrderSnapshot, raw};

/// A wire key of an order (WIRE 1 and 5) that an edit can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderKey {
    Name,
    Price,
    Category,
    Stage,
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
}

impl OrderKey {
    /// In the order of a REST body.
    pub(crate) const ALL: [Self; 15] = [
        Self::Name,
        Self::Price,
        Self::Category,
        Self::Stage,
        Self::Origin,
        Self::Client,
        Self::Archived,
        Self::Tags,
        Self::Color,
        Self::Text,
        Self::Pipeline,
        Self::Owner,
        Self::Office,
        Self::City,
        Self::Marks,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Price => "price",
            Self::Category => "id_cat",
            Self::Stage => "id_status",
            Self::Origin => "id_origin",
            Self::Client => "id_client",
            Self::Archived => "archive",
            Self::Tags => "tags",
            Self::Color => "color",
            Self::Text => "text",
            Self::Pipeline => "id_pipeline",
            Self::Owner => "id_owner",
            Self::Office => "id_office",
            Self::City => "id_city",
            Self::Marks => "marks",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.as_str() == name)
    }

    pub(crate) fn value(self, order: &OrderSnapshot) -> Value {
        match self {
            Self::Name => order.name.as_str().into(),
            Self::Price => order
                .price
                .map_or(Value::Null, |price| Value::Number(price.to_json_number())),
            Self::Category => optional_integer(order.category_id.map(|id| id.0)),
            Self::Stage => order.stage.id.0.into(),
            Self::Origin => optional_integer(order.origin_id.map(|id| id.0)),
            Self::Client => optional_integer(order.client_id.map(|id| id.0)),
            Self::Archived => order.archived.into(),
            Self::Tags => order.tags.join(",").into(),
            Self::Color => order
                .color
                .as_ref()
                .map_or(Value::Null, |color| color.as_str().into()),
            Self::Text => order.text.as_str().into(),
            Self::Pipeline => order.pipeline.id.0.into(),
            Self::Owner => optional_integer(order.owner_id),
            Self::Office => optional_integer(order.office_id.map(|id| id.0)),
            Self::City => optional_integer(order.city_id.map(|id| id.0)),
            Self::Marks => object_of_marks(&order.marks),
        }
    }

    fn differs(self, before: &OrderSnapshot, after: &OrderSnapshot) -> bool {
        match self {
            Self::Name => before.name != after.name,
            Self::Price => before.price != after.price,
            Self::Category => before.category_id != after.category_id,
            Self::Stage => before.stage.id != after.stage.id,
            Self::Origin => before.origin_id != after.origin_id,
            Self::Client => before.client_id != after.client_id,
            Self::Archived => before.archived != after.archived,
            Self::Tags => before.tags != after.tags,
            Self::Color => before.color != after.color,
            Self::Text => before.text != after.text,
            Self::Pipeline => before.pipeline.id != after.pipeline.id,
            Self::Owner => before.owner_id != after.owner_id,
            Self::Office => before.office_id != after.office_id,
            Self::City => before.city_id != after.city_id,
            Self::Marks => before.marks != after.marks,
        }
    }

    /// Copies what stands behind this key.
    pub(crate) fn carry(self, from: &raw::OrderSnapshot, to: &mut raw::OrderSnapshot) {
        match self {
            Self::Name => to.name.clone_from(&from.name),
            Self::Price => to.price_minor = from.price_minor,
            Self::Category => to.category_id = from.category_id,
            Self::Stage => to.stage.clone_from(&from.stage),
            Self::Origin => to.origin_id = from.origin_id,
            Self::Client => {
                to.client_id = from.client_id;
                to.client.clone_from(&from.client);
            }
            Self::Archived => to.archived = from.archived,
            Self::Tags => to.tags.clone_from(&from.tags),
            Self::Color => to.color.clone_from(&from.color),
            Self::Text => to.text.clone_from(&from.text),
            Self::Pipeline => to.pipeline.clone_from(&from.pipeline),
            Self::Owner => to.owner_id = from.owner_id,
            Self::Office => to.office_id = from.office_id,
            Self::City => to.city_id = from.city_id,
            Self::Marks => to.marks.clone_from(&from.marks),
        }
    }
}

impl OrderSnapshot {
    /// The wire keys whose values differ, in the order of a REST body. Empty
    /// means that an edit changed nothing, so that no event is due.
    ///
    /// A stage, pipeline or client differs if it is another one, not if that
    /// one was edited.
    pub fn changed_keys(before: &Self, after: &Self) -> Vec<String> {
        OrderKey::ALL
            .into_iter()
            .filter(|key| key.differs(before, after))
            .map(|key| key.as_str().to_owned())
            .collect()
    }
}
