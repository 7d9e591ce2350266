//! Orders as protobuf.

use super::keys::OrderKey;
use crate::{
    Action, ClientId, ClientSnapshot, Color, DecodeError, DirectoryEntryId, Mark, OrderChanged,
    OrderId, OrderSnapshot, PipelineId, PipelineSummary, Price, StageId, StageKind, StageSummary,
    Timestamp, raw,
};

impl OrderChanged {
    pub(crate) fn to_raw(&self) -> raw::OrderChanged {
        let previous = self.previous.as_ref().map(|previous| {
            let mut named = raw::OrderSnapshot::default();
            carry(&self.changed, &previous.to_raw(), &mut named);
            named
        });
        raw::OrderChanged {
            action: self.action.to_raw(),
            revision: self.revision,
            order: Some(self.order.to_raw()),
            changed: self.changed.clone(),
            previous,
        }
    }

    pub(crate) fn from_raw(raw: raw::OrderChanged) -> Result<Self, DecodeError> {
        let after = raw.order.ok_or_else(|| DecodeError::missing("order"))?;
        let previous = raw.previous.map(|named| {
            let mut whole = after.clone();
            carry(&raw.changed, &named, &mut whole);
            OrderSnapshot::from_raw(whole).map_err(|error| error.inside("previous"))
        });
        Ok(Self {
            action: Action::from_raw(raw.action)?,
            revision: raw.revision,
            order: OrderSnapshot::from_raw(after).map_err(|error| error.inside("order"))?,
            changed: raw.changed,
            previous: previous.transpose()?,
        })
    }
}

/// Copies the named fields. A name that a newer version added means nothing here.
fn carry(names: &[String], from: &raw::OrderSnapshot, to: &mut raw::OrderSnapshot) {
    for key in names.iter().filter_map(|name| OrderKey::parse(name)) {
        key.carry(from, to);
    }
}

impl OrderSnapshot {
    pub(crate) fn to_raw(&self) -> raw::OrderSnapshot {
        raw::OrderSnapshot {
            id: self.id.0,
            name: self.name.clone(),
            price_minor: self.price.map(|price| price.0),
            category_id: self.category_id.map(|id| id.0),
            stage: Some(raw::StageSummary {
                id: self.stage.id.0,
                name: self.stage.name.clone(),
                kind: self.stage.kind.to_raw(),
            }),
            pipeline: Some(raw::PipelineSummary {
                id: self.pipeline.id.0,
                name: self.pipeline.name.clone(),
            }),
            origin_id: self.origin_id.map(|id| id.0),
            client_id: self.client_id.map(|id| id.0),
            client: self.client.as_ref().map(ClientSnapshot::to_raw),
            owner_id: self.owner_id,
            office_id: self.office_id.map(|id| id.0),
            city_id: self.city_id.map(|id| id.0),
            archived: self.archived,
            tags: self.tags.clone(),
            color: self.color.as_ref().map(Color::to_string),
            text: self.text.clone(),
            marks: self.marks.iter().map(Mark::to_raw).collect(),
            created_at_us: self.created_at.0,
            updated_at_us: self.updated_at.0,
        }
    }

    pub(crate) fn from_raw(raw: raw::OrderSnapshot) -> Result<Self, DecodeError> {
        let stage = raw.stage.ok_or_else(|| DecodeError::missing("stage"))?;
        let pipeline = raw
            .pipeline
            .ok_or_else(|| DecodeError::missing("pipeline"))?;
        Ok(Self {
            id: OrderId(raw.id),
            name: raw.name,
            price: raw.price_minor.map(Price),
            category_id: raw.category_id.map(DirectoryEntryId),
            stage: StageSummary {
                id: StageId(stage.id),
                name: stage.name,
                kind: StageKind::from_raw(stage.kind).map_err(|error| error.inside("stage"))?,
            },
            pipeline: PipelineSummary {
                id: PipelineId(pipeline.id),
                name: pipeline.name,
            },
            origin_id: raw.origin_id.map(DirectoryEntryId),
            client_id: raw.client_id.map(ClientId),
            client: raw.client.map(ClientSnapshot::from_raw),
            owner_id: raw.owner_id,
            office_id: raw.office_id.map(DirectoryEntryId),
            city_id: raw.city_id.map(DirectoryEntryId),
            archived: raw.archived,
            tags: raw.tags,
            color: Color::from_raw(raw.color)?,
            text: raw.text,
            marks: raw.marks.into_iter().map(Mark::from_raw).collect(),
            created_at: Timestamp(raw.created_at_us),
            updated_at: Timestamp(raw.updated_at_us),
        })
    }
}

impl StageKind {
    pub(crate) fn to_raw(self) -> i32 {
        let raw = match self {
            Self::Open => raw::StageKind::Open,
            Self::Won => raw::StageKind::Won,
            Self::Lost => raw::StageKind::Lost,
        };
        raw.into()
    }

    pub(crate) fn from_raw(number: i32) -> Result<Self, DecodeError> {
        match raw::StageKind::try_from(number) {
            Ok(raw::StageKind::Open) => Ok(Self::Open),
            Ok(raw::StageKind::Won) => Ok(Self::Won),
            Ok(raw::StageKind::Lost) => Ok(Self::Lost),
            Ok(raw::StageKind::Unspecified) => Err(DecodeError::missing("kind")),
            Err(unknown) => Err(DecodeError::invalid("kind", unknown.to_string())),
        }
    }
}

impl Mark {
    pub(crate) fn to_raw(&self) -> raw::Mark {
        raw::Mark {
            key: self.key.clone(),
            value: self.value.clone(),
        }
    }

    pub(crate) fn from_raw(raw: raw::Mark) -> Self {
        Self {
            key: raw.key,
            value: raw.value,
        }
    }
}
