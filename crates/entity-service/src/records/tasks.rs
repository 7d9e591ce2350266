//! Changes of tasks.

use database::{Connection, DatabaseError};
use events::{AccountId, Action, Change, TaskChanged, TaskId, TaskSnapshot};
use http_api::{ApiError, IfMatch, Presence};

use crate::domain::directory::DirectoryKind;
use crate::domain::problems::Problems;
use crate::domain::stored::Stored;
use crate::domain::task::{TaskPatch, blank, dates_fit};
use crate::records::entries::{EntryReference, check_entries};
use crate::store::author::Author;
use crate::store::error::StoreError;
use crate::store::narrowing::Lock;
use crate::store::references::hold_order;
use crate::store::tasks;

/// The code of a task that would end before it begins.
const BEFORE_DATE_FROM: &str = "before_date_from";

/// Adds a task.
pub(crate) fn add_task(
    conn: &mut Connection<'_>,
    author: &Author,
    patch: TaskPatch,
    mut problems: Problems,
) -> Result<Stored<TaskSnapshot>, StoreError> {
    let account_id = author.account_id;
    let mut task = blank(author.now);
    let first_status = patch.status_id == Presence::Absent;
    check_references(conn, account_id, &patch, None, &mut problems)?;
    patch.merge_into(&mut task);
    check_dates(&task, &mut problems);
    problems.into_result()?;

    (task.id, task.status_id) = tasks::insert_task(conn, account_id, &task, first_status)?;
    let added = Stored::new(task);
    append(conn, author, Action::Add, &added, Vec::new(), None)?;
    Ok(added)
}

/// The task; kept from other writers until the transaction ends, if `lock` says so.
pub(crate) fn read_task(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: TaskId,
    lock: Lock,
) -> Result<Stored<TaskSnapshot>, StoreError> {
    let task = tasks::find_task(conn, account_id, id, lock)?;
    Ok(task.ok_or(ApiError::NotFound)?)
}

/// Changes the task that [`read_task`] gave.
pub(crate) fn edit_task(
    conn: &mut Connection<'_>,
    author: &Author,
    before: Stored<TaskSnapshot>,
    patch: TaskPatch,
    mut problems: Problems,
) -> Result<Stored<TaskSnapshot>, StoreError> {
    let account_id = author.account_id;
    let mut task = before.record.clone();
    check_references(
        conn,
        account_id,
        &patch,
        Some(&before.record),
        &mut problems,
    )?;
    patch.merge_into(&mut task);
    check_dates(&task, &mut problems);
    problems.into_result()?;

    let changed = TaskSnapshot::changed_keys(&before.record, &task);
    if changed.is_empty() {
        return Ok(before);
    }
    task.updated_at = author.now.max(before.record.updated_at);
    let after = Stored {
        revision: before.revision + 1,
        record: task,
    };
    tasks::update_task(conn, account_id, &after.record, after.revision)?;
    append(
        conn,
        author,
        Action::Edit,
        &after,
        changed,
        Some(before.record),
    )?;
    Ok(after)
}

/// Deletes a task.
pub(crate) fn delete_task(
    conn: &mut Connection<'_>,
    author: &Author,
    id: TaskId,
    if_match: &IfMatch,
) -> Result<(), StoreError> {
    let mut task = read_task(conn, author.account_id, id, Lock::Delete)?;
    if_match.check(task.revision)?;
    task.revision += 1;
    tasks::delete_task(conn, author.account_id, id)?;
    append(conn, author, Action::Delete, &task, Vec::new(), None)?;
    Ok(())
}

fn append(
    conn: &mut Connection<'_>,
    author: &Author,
    action: Action,
    task: &Stored<TaskSnapshot>,
    changed: Vec<String>,
    previous: Option<TaskSnapshot>,
) -> Result<(), DatabaseError> {
    let change = TaskChanged {
        action,
        revision: task.revision,
        task: task.record.clone(),
        changed,
        previous,
    };
    author.append(conn, Change::Task(Box::new(change)))
}

/// Checks what the task would newly refer to.
fn check_references(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    patch: &TaskPatch,
    before: Option<&TaskSnapshot>,
    problems: &mut Problems,
) -> Result<(), DatabaseError> {
    if let Presence::Value(id) = patch.order_id
        && before.and_then(|task| task.order_id) != Some(id)
        && !hold_order(conn, account_id, id)?
    {
        problems.not_found(patch.order_key, "order", id.0);
    }
    let references = [
        EntryReference {
            key: "id_status",
            what: "task status",
            kind: DirectoryKind::TaskStatus,
            sent: patch.status_id,
            had: before.and_then(|task| task.status_id),
        },
        EntryReference {
            key: "id_type",
            what: "task type",
            kind: DirectoryKind::TaskType,
            sent: patch.type_id,
            had: before.and_then(|task| task.type_id),
        },
    ];
    check_entries(conn, account_id, &references, problems)
}

fn check_dates(task: &TaskSnapshot, problems: &mut Problems) {
    if !dates_fit(task) && !problems.any_at(&["date_from", "date_to"]) {
        problems.add(
            "date_to",
            BEFORE_DATE_FROM,
            "Send a date_to that is not before date_from.",
        );
    }
}
