//! Changes of orders.

use database::{Connection, DatabaseError};
use events::{
    AccountId, Action, Change, ClientId, ClientSnapshot, OrderChanged, OrderId, OrderSnapshot,
    TasksOfOrderDeleted,
};
use http_api::{ApiError, IfMatch, Presence};

use crate::domain::directory::DirectoryKind;
use crate::domain::order::{OrderPatch, blank};
use crate::domain::problems::Problems;
use crate::domain::stored::Stored;
use crate::records::clients::load_fields;
use crate::records::entries::{EntryReference, check_entries};
use crate::records::placement::resolve_placement;
use crate::store::author::Author;
use crate::store::error::StoreError;
use crate::store::narrowing::Lock;
use crate::store::tasks::delete_tasks_of_order;
use crate::store::{clients, orders};

/// Adds an order.
pub(crate) fn add_order(
    conn: &mut Connection<'_>,
    author: &Author,
    patch: OrderPatch,
    mut problems: Problems,
) -> Result<Stored<OrderSnapshot>, StoreError> {
    let account_id = author.account_id;
    let placement = resolve_placement(conn, account_id, &patch, None, &mut problems)?;
    check_directories(conn, account_id, &patch, None, &mut problems)?;
    let client = new_client(conn, account_id, &patch, None, &mut problems)?;
    problems.into_result()?;
    let placement = placement.ok_or_else(|| ApiError::Conflict {
        detail: "The account has no open stage that an order could start in; add one first."
            .to_owned(),
    })?;
    let mut order = blank(placement, author.now);
    patch.merge_into(&mut order);
    order.client = client;
    order.id = orders::insert_order(conn, account_id, &order)?;
    let added = Stored::new(order);
    author.append(conn, order_added(&added))?;
    Ok(added)
}

/// What tells of a new order.
pub(crate) fn order_added(order: &Stored<OrderSnapshot>) -> Change {
    changed(Action::Add, order, Vec::new(), None)
}

/// The order; kept from other writers until the transaction ends, if `lock` says so.
pub(crate) fn read_order(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: OrderId,
    lock: Lock,
) -> Result<Stored<OrderSnapshot>, StoreError> {
    let order = orders::find_order(conn, account_id, id, lock)?;
    Ok(order.ok_or(ApiError::NotFound)?)
}

/// Changes the order that [`read_order`] gave.
pub(crate) fn edit_order(
    conn: &mut Connection<'_>,
    author: &Author,
    before: Stored<OrderSnapshot>,
    patch: OrderPatch,
    mut problems: Problems,
) -> Result<Stored<OrderSnapshot>, StoreError> {
    let account_id = author.account_id;
    let current = Some(&before.record);
    let placement = resolve_placement(conn, account_id, &patch, current, &mut problems)?;
    check_directories(conn, account_id, &patch, current, &mut problems)?;
    let client = new_client(conn, account_id, &patch, current, &mut problems)?;
    problems.into_result()?;

    let mut order = before.record.clone();
    patch.merge_into(&mut order);
    if let Some(placement) = placement {
        order.stage = placement.stage;
        order.pipeline = placement.pipeline;
    }
    let keys = OrderSnapshot::changed_keys(&before.record, &order);
    if keys.is_empty() {
        return Ok(before);
    }
    order.updated_at = author.now.max(before.record.updated_at);
    let mut previous = before.record;
    if order.client_id == previous.client_id {
        order.client = summary(conn, account_id, order.client_id)?;
        previous.client.clone_from(&order.client);
    } else {
        order.client = client;
        previous.client = summary(conn, account_id, previous.client_id)?;
    }
    let after = Stored {
        revision: before.revision + 1,
        record: order,
    };
    orders::update_order(conn, account_id, &after.record, after.revision)?;
    let change = changed(Action::Edit, &after, keys, Some(previous));
    author.append(conn, change)?;
    Ok(after)
}

/// Deletes an order, and its tasks with one event before its own (DESIGN 6).
pub(crate) fn delete_order(
    conn: &mut Connection<'_>,
    author: &Author,
    id: OrderId,
    if_match: &IfMatch,
) -> Result<(), StoreError> {
    let account_id = author.account_id;
    let mut order = read_order(conn, account_id, id, Lock::Delete)?;
    if_match.check(order.revision)?;
    delete_its_tasks(conn, author, id)?;
    order.record.client = summary(conn, account_id, order.record.client_id)?;
    order.revision += 1;
    orders::delete_order(conn, account_id, id)?;
    let change = changed(Action::Delete, &order, Vec::new(), None);
    author.append(conn, change)?;
    Ok(())
}

/// Deletes all tasks of an order: one event, and none if there were no tasks (S0).
pub(crate) fn delete_tasks(
    conn: &mut Connection<'_>,
    author: &Author,
    id: OrderId,
) -> Result<(), StoreError> {
    // No task may come to the order meanwhile.
    read_order(conn, author.account_id, id, Lock::Delete)?;
    delete_its_tasks(conn, author, id)?;
    Ok(())
}

fn delete_its_tasks(
    conn: &mut Connection<'_>,
    author: &Author,
    order_id: OrderId,
) -> Result<(), DatabaseError> {
    let tasks = delete_tasks_of_order(conn, author.account_id, order_id)?;
    if tasks.is_empty() {
        return Ok(());
    }
    let deleted = TasksOfOrderDeleted { order_id, tasks };
    author.append(conn, Change::TasksOfOrderDeleted(deleted))
}

fn changed(
    action: Action,
    order: &Stored<OrderSnapshot>,
    changed: Vec<String>,
    previous: Option<OrderSnapshot>,
) -> Change {
    Change::Order(Box::new(OrderChanged {
        action,
        revision: order.revision,
        order: order.record.clone(),
        changed,
        previous,
    }))
}

/// Checks the directory entries that the order would newly refer to.
fn check_directories(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    patch: &OrderPatch,
    before: Option<&OrderSnapshot>,
    problems: &mut Problems,
) -> Result<(), DatabaseError> {
    use DirectoryKind::{City, Office, OrderCategory, Origin};

    let references = [
        EntryReference {
            key: "id_cat",
            what: "order category",
            kind: OrderCategory,
            sent: patch.category_id,
            had: before.and_then(|order| order.category_id),
        },
        EntryReference {
            key: "id_origin",
            what: "origin",
            kind: Origin,
            sent: patch.origin_id,
            had: before.and_then(|order| order.origin_id),
        },
        EntryReference {
            key: "id_office",
            what: "office",
            kind: Office,
            sent: patch.office_id,
            had: before.and_then(|order| order.office_id),
        },
        EntryReference {
            key: "id_city",
            what: "city",
            kind: City,
            sent: patch.city_id,
            had: before.and_then(|order| order.city_id),
        },
    ];
    check_entries(conn, account_id, &references, problems)
}

/// The client that the order newly belongs to.
fn new_client(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    patch: &OrderPatch,
    before: Option<&OrderSnapshot>,
    problems: &mut Problems,
) -> Result<Option<ClientSnapshot>, DatabaseError> {
    let Presence::Value(id) = patch.client_id else {
        return Ok(None);
    };
    if before.and_then(|order| order.client_id) == Some(id) {
        return Ok(None);
    }
    let client = summary(conn, account_id, Some(id))?;
    if client.is_none() {
        problems.not_found("id_client", "client", id.0);
    }
    Ok(client)
}

/// The client as it is now, for receivers of the order's event.
fn summary(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: Option<ClientId>,
) -> Result<Option<ClientSnapshot>, DatabaseError> {
    let Some(id) = id else { return Ok(None) };
    let Some(mut client) = clients::find_client(conn, account_id, id, Lock::Share)? else {
        return Ok(None);
    };
    load_fields(conn, account_id, &mut client.record)?;
    Ok(Some(client.record))
}
