//! Tasks.

mod convert;
pub(crate) mod keys;

use crate::{Action, Color, DirectoryEntryId, OrderId, TaskId, Timestamp};

/// A task was added, edited or deleted.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskChanged {
    /// What happened.
    pub action: Action,
    /// Starts at 1 and grows by exactly one per event of this task.
    pub revision: i64,
    /// The state after the change; on delete the last one.
    pub task: TaskSnapshot,
    /// Wire keys of what an edit changed.
    pub changed: Vec<String>,
    /// The state before an edit; `None` on add and delete. What `changed` does
    /// not name is as after the edit once the event has travelled.
    pub previous: Option<TaskSnapshot>,
}

/// A task at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskSnapshot {
    /// The task's id.
    pub id: TaskId,
    /// Title.
    pub name: String,
    /// Start; whole seconds on the wire.
    pub date_from: Option<Timestamp>,
    /// End, never before the start; whole seconds on the wire.
    pub date_to: Option<Timestamp>,
    /// Whether it takes whole days.
    pub all_day: bool,
    /// Color on the board.
    pub color: Option<Color>,
    /// Description.
    pub text: String,
    /// The order it belongs to (`id_deal` and `id_order` on the wire).
    pub order_id: Option<OrderId>,
    /// Entry of the directory `task_status`.
    pub status_id: Option<DirectoryEntryId>,
    /// Entry of the directory `task_type`.
    pub type_id: Option<DirectoryEntryId>,
    /// When the task was added.
    pub created_at: Timestamp,
    /// When the task was last changed.
    pub updated_at: Timestamp,
}

/// All tasks of one order were deleted by one request: one event (S0).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TasksOfOrderDeleted {
    /// The order.
    pub order_id: OrderId,
    /// The tasks that are gone.
    pub tasks: Vec<DeletedTask>,
}

/// One of the tasks that went with its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletedTask {
    /// The task's id.
    pub id: TaskId,
    /// The revision that its deletion gave it.
    pub revision: i64,
}
