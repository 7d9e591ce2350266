//! Tasks as protobuf.

use super::keys::TaskKey;
use crate::{
    Action, Color, DecodeError, DeletedTask, DirectoryEntryId, OrderId, TaskChanged, TaskId,
    TaskSnapshot, TasksOfOrderDeleted, Timestamp, raw,
};

impl TaskChanged {
    pub(crate) fn to_raw(&self) -> raw::TaskChanged {
        let previous = self.previous.as_ref().map(|previous| {
            let mut named = raw::TaskSnapshot::default();
            carry(&self.changed, &previous.to_raw(), &mut named);
            named
        });
        raw::TaskChanged {
            action: self.action.to_raw(),
            revision: self.revision,
            task: Some(self.task.to_raw()),
            changed: self.changed.clone(),
            previous,
        }
    }

    pub(crate) fn from_raw(raw: raw::TaskChanged) -> Result<Self, DecodeError> {
        let after = raw.task.ok_or_else(|| DecodeError::missing("task"))?;
        let previous = raw.previous.map(|named| {
            let mut whole = after.clone();
            carry(&raw.changed, &named, &mut whole);
            TaskSnapshot::from_raw(whole).map_err(|error| error.inside("previous"))
        });
        Ok(Self {
            action: Action::from_raw(raw.action)?,
            revision: raw.revision,
            task: TaskSnapshot::from_raw(after).map_err(|error| error.inside("task"))?,
            changed: raw.changed,
            previous: previous.transpose()?,
        })
    }
}

/// Copies the named fields. A name that a newer version added means nothing here.
fn carry(names: &[String], from: &raw::TaskSnapshot, to: &mut raw::TaskSnapshot) {
    for key in names.iter().filter_map(|name| TaskKey::parse(name)) {
        key.carry(from, to);
    }
}

impl TaskSnapshot {
    pub(crate) fn to_raw(&self) -> raw::TaskSnapshot {
        raw::TaskSnapshot {
            id: self.id.0,
            name: self.name.clone(),
            date_from_us: self.date_from.map(|date| date.0),
            date_to_us: self.date_to.map(|date| date.0),
            all_day: self.all_day,
            color: self.color.as_ref().map(Color::to_string),
            text: self.text.clone(),
            order_id: self.order_id.map(|id| id.0),
            status_id: self.status_id.map(|id| id.0),
            type_id: self.type_id.map(|id| id.0),
            created_at_us: self.created_at.0,
            updated_at_us: self.updated_at.0,
        }
    }

    pub(crate) fn from_raw(raw: raw::TaskSnapshot) -> Result<Self, DecodeError> {
        Ok(Self {
            id: TaskId(raw.id),
            name: raw.name,
            date_from: raw.date_from_us.map(Timestamp),
            date_to: raw.date_to_us.map(Timestamp),
            all_day: raw.all_day,
            color: Color::from_raw(raw.color)?,
            text: raw.text,
            order_id: raw.order_id.map(OrderId),
            status_id: raw.status_id.map(DirectoryEntryId),
            type_id: raw.type_id.map(DirectoryEntryId),
            created_at: Timestamp(raw.created_at_us),
            updated_at: Timestamp(raw.updated_at_us),
        })
    }
}

impl TasksOfOrderDeleted {
    pub(crate) fn to_raw(&self) -> raw::TasksOfOrderDeleted {
        let tasks = self.tasks.iter().map(|task| raw::DeletedTask {
            id: task.id.0,
            revision: task.revision,
        });
        raw::TasksOfOrderDeleted {
            order_id: self.order_id.0,
            tasks: tasks.collect(),
        }
    }

    pub(crate) fn from_raw(raw: raw::TasksOfOrderDeleted) -> Self {
        let tasks = raw.tasks.iter().map(|task| DeletedTask {
            id: TaskId(task.id),
            revision: task.revision,
        });
        Self {
            order_id: OrderId(raw.order_id),
            tasks: tasks.collect(),
        }
    }
}
