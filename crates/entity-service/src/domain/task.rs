//! Tasks: what a request can set, and how.

use events::{Color, DirectoryEntryId, OrderId, TaskId, TaskSnapshot, Timestamp};
use http_api::Presence;

/// What a request says about a task; what it does not say stays, or gets its
/// default in a new one.
#[derive(Debug, Clone, Default)]
pub(crate) struct TaskPatch {
    pub(crate) name: Option<String>,
    pub(crate) date_from: Presence<Timestamp>,
    pub(crate) date_to: Presence<Timestamp>,
    pub(crate) all_day: Option<bool>,
    pub(crate) color: Presence<Color>,
    pub(crate) text: Option<String>,
    pub(crate) order_id: Presence<OrderId>,
    /// Under which of its two names the order was sent.
    pub(crate) order_key: &'static str,
    pub(crate) status_id: Presence<DirectoryEntryId>,
    pub(crate) type_id: Presence<DirectoryEntryId>,
}

/// A new task before the request's values. The id is the database's to give.
pub(crate) fn blank(now: Timestamp) -> TaskSnapshot {
    TaskSnapshot {
        id: TaskId(0),
        name: String::new(),
        date_from: None,
        date_to: None,
        all_day: false,
        color: None,
        text: String::new(),
        order_id: None,
        status_id: None,
        type_id: None,
        created_at: now,
        updated_at: now,
    }
}

impl TaskPatch {
    /// Merges the request into `task`.
    pub(crate) fn merge_into(self, task: &mut TaskSnapshot) {
        if let Some(name) = self.name {
            task.name = name;
        }
        self.date_from.merge_into_option(&mut task.date_from);
        self.date_to.merge_into_option(&mut task.date_to);
        if let Some(all_day) = self.all_day {
            task.all_day = all_day;
        }
        self.color.merge_into_option(&mut task.color);
        if let Some(text) = self.text {
            task.text = text;
        }
        self.order_id.merge_into_option(&mut task.order_id);
        self.status_id.merge_into_option(&mut task.status_id);
        self.type_id.merge_into_option(&mut task.type_id);
    }
}

/// Whether the task ends no earlier than it begins; an open end fits always.
pub(crate) fn dates_fit(task: &TaskSnapshot) -> bool {
    match (task.date_from, task.date_to) {
        (Some(from), Some(to)) => from <= to,
        _ => true,
    }
}
