//! Rows of tasks.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{
    AccountId, Color, DeletedTask, DirectoryEntryId, OrderId, TaskId, TaskSnapshot, Timestamp,
};
use http_api::{PageRequest, TimeRange};

use crate::domain::directory::DirectoryKind;
use crate::domain::stored::Stored;
use crate::store::narrowing::{Lock, any_of, one_row, page_of};
use crate::store::references::first_entry;
use crate::store::schema::tasks;
use crate::store::stages::read_color;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = tasks)]
struct TaskRow {
    id: i64,
    name: String,
    date_from_us: Option<i64>,
    date_to_us: Option<i64>,
    all_day: bool,
    color: Option<String>,
    text: String,
    order_id: Option<i64>,
    status_id: Option<i64>,
    type_id: Option<i64>,
    revision: i64,
    created_at_us: i64,
    updated_at_us: i64,
}

/// What of a task can change, its revision and time among it.
#[derive(Debug, Insertable, AsChangeset)]
#[diesel(table_name = tasks)]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
struct TaskColumns<'a> {
    name: &'a str,
    date_from_us: Option<i64>,
    date_to_us: Option<i64>,
    all_day: bool,
    color: Option<&'a str>,
    text: &'a str,
    order_id: Option<i64>,
    type_id: Option<i64>,
    revision: i64,
    updated_at_us: i64,
}

impl<'a> TaskColumns<'a> {
    fn of(task: &'a TaskSnapshot, revision: i64) -> Self {
        Self {
            name: &task.name,
            date_from_us: task.date_from.map(|date| date.0),
            date_to_us: task.date_to.map(|date| date.0),
            all_day: task.all_day,
            color: task.color.as_ref().map(Color::as_str),
            text: &task.text,
            order_id: task.order_id.map(|id| id.0),
            type_id: task.type_id.map(|id| id.0),
            revision,
            updated_at_us: task.updated_at.0,
        }
    }
}

impl TryFrom<TaskRow> for Stored<TaskSnapshot> {
    type Error = DatabaseError;

    fn try_from(row: TaskRow) -> Result<Self, DatabaseError> {
        let task = TaskSnapshot {
            id: TaskId(row.id),
            name: row.name,
            date_from: row.date_from_us.map(Timestamp),
            date_to: row.date_to_us.map(Timestamp),
            all_day: row.all_day,
            color: read_color("tasks.color", row.color)?,
            text: row.text,
            order_id: row.order_id.map(OrderId),
            status_id: row.status_id.map(DirectoryEntryId),
            type_id: row.type_id.map(DirectoryEntryId),
            created_at: Timestamp(row.created_at_us),
            updated_at: Timestamp(row.updated_at_us),
        };
        Ok(Self {
            revision: row.revision,
            record: task,
        })
    }
}

/// What a list of tasks is narrowed by.
#[derive(Debug, Clone)]
pub(crate) struct TaskList {
    pub(crate) order_ids: Vec<i64>,
    pub(crate) status_ids: Vec<i64>,
    pub(crate) type_ids: Vec<i64>,
    pub(crate) created: TimeRange,
    pub(crate) updated: TimeRange,
    pub(crate) page: PageRequest,
}

/// The task, if it is the account's.
pub(crate) fn find_task(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: TaskId,
    lock: Lock,
) -> Result<Option<Stored<TaskSnapshot>>, DatabaseError> {
    let row: Option<TaskRow> = one_row!(
        &mut *conn,
        lock,
        tasks::table
            .filter(tasks::account_id.eq(account_id.0))
            .filter(tasks::id.eq(id.0))
            .select(TaskRow::as_select())
    )?;
    row.map(TryFrom::try_from).transpose()
}

/// One page of the account's tasks, newest first.
pub(crate) fn list_tasks(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    list: &TaskList,
) -> Result<Vec<Stored<TaskSnapshot>>, DatabaseError> {
    let rows: Vec<TaskRow> = on_backend!(conn, |c| {
        let mut query = tasks::table
            .filter(tasks::account_id.eq(account_id.0))
            .select(TaskRow::as_select())
            .into_boxed();
        any_of!(query, tasks::order_id, list.order_ids);
        any_of!(query, tasks::status_id, list.status_ids);
        any_of!(query, tasks::type_id, list.type_ids);
        page_of!(query, tasks, list).load(c)
    })?;
    rows.into_iter().map(TryFrom::try_from).collect()
}

/// Adds a task at revision 1; its status is the first one of the account's if
/// `first_status` says so. Answers its id and status.
pub(crate) fn insert_task(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    task: &TaskSnapshot,
    first_status: bool,
) -> Result<(TaskId, Option<DirectoryEntryId>), DatabaseError> {
    let row = (
        tasks::account_id.eq(account_id.0),
        tasks::created_at_us.eq(task.created_at.0),
        TaskColumns::of(task, 1),
    );
    let first = first_entry!(account_id, DirectoryKind::TaskStatus).single_value();
    let given = task.status_id.map(|id| id.0);
    let answer = (tasks::id, tasks::status_id);
    let (id, status_id): (i64, Option<i64>) = on_backend!(conn, |c| if first_status {
        diesel::insert_into(tasks::table)
            .values((row, tasks::status_id.eq(first)))
            .returning(answer)
            .get_result(c)
    } else {
        diesel::insert_into(tasks::table)
            .values((row, tasks::status_id.eq(given)))
            .returning(answer)
            .get_result(c)
    })?;
    Ok((TaskId(id), status_id.map(DirectoryEntryId)))
}

/// Writes all that can change of a task.
pub(crate) fn update_task(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    task: &TaskSnapshot,
    revision: i64,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(
        tasks::table
            .filter(tasks::account_id.eq(account_id.0))
            .filter(tasks::id.eq(task.id.0))
    )
    .set((
        tasks::status_id.eq(task.status_id.map(|id| id.0)),
        TaskColumns::of(task, revision),
    ))
    .execute(c))?;
    Ok(())
}

/// Removes a task.
pub(crate) fn delete_task(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: TaskId,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::delete(
        tasks::table
            .filter(tasks::account_id.eq(account_id.0))
            .filter(tasks::id.eq(id.0))
    )
    .execute(c))?;
    Ok(())
}

/// Removes all tasks of an order; answers them by id, with the revisions that
/// their deletion gives them.
pub(crate) fn delete_tasks_of_order(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    order_id: OrderId,
) -> Result<Vec<DeletedTask>, DatabaseError> {
    let mut rows: Vec<(i64, i64)> = on_backend!(conn, |c| diesel::delete(
        tasks::table
            .filter(tasks::account_id.eq(account_id.0))
            .filter(tasks::order_id.eq(order_id.0))
    )
    .returning((tasks::id, tasks::revision))
    .get_results(c))?;
    rows.sort_unstable();
    Ok(rows
        .into_iter()
        .map(|(id, revision)| DeletedTask {
            id: TaskId(id),
            revision: revision + 1,
        })
        .collect())
}
