//! Random tasks, their changes, and what goes with an order.

use events::{
    Action, DeletedTask, OrderId, TaskChanged, TaskId, TaskSnapshot, TasksOfOrderDeleted,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{added_or_deleted, color, entry, moment, text};

fn task() -> impl Strategy<Value = TaskSnapshot> {
    let dates = (option::of(moment()), option::of(moment()), any::<bool>());
    let ids = (option::of(any::<i64>()), entry(), entry());
    let texts = (text(), text(), color());
    (any::<i64>(), dates, ids, texts, moment(), moment()).prop_map(
        |(id, (date_from, date_to, all_day), ids, (name, text, color), created_at, updated_at)| {
            TaskSnapshot {
                id: TaskId(id),
                name,
                date_from,
                date_to,
                all_day,
                color,
                text,
                order_id: ids.0.map(OrderId),
                status_id: ids.1,
                type_id: ids.2,
                created_at,
                updated_at,
            }
        },
    )
}

pub(super) fn task_changed() -> impl Strategy<Value = TaskChanged> {
    let edited = (task(), task(), any::<i64>()).prop_map(|(task, other, revision)| {
        let previous = TaskSnapshot {
            id: task.id,
            created_at: task.created_at,
            updated_at: task.updated_at,
            ..other
        };
        TaskChanged {
            action: Action::Edit,
            revision,
            changed: TaskSnapshot::changed_keys(&previous, &task),
            task,
            previous: Some(previous),
        }
    });
    let other = (task(), added_or_deleted(), any::<i64>()).prop_map(|(task, action, revision)| {
        TaskChanged {
            action,
            revision,
            task,
            changed: vec![],
            previous: None,
        }
    });
    prop_oneof![edited, other]
}

pub(super) fn tasks_deleted() -> impl Strategy<Value = TasksOfOrderDeleted> {
    let task = (any::<i64>(), any::<i64>()).prop_map(|(id, revision)| DeletedTask {
        id: TaskId(id),
        revision,
    });
    (any::<i64>(), vec(task, 0..4)).prop_map(|(order_id, tasks)| TasksOfOrderDeleted {
        order_id: OrderId(order_id),
        tasks,
    })
}
