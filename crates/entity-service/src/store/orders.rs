//! Rows of orders.

use std::collections::HashMap;

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{
    AccountId, ClientId, Color, DirectoryEntryId, LeadId, Mark, OrderId, OrderSnapshot, Price,
    Timestamp,
};
use http_api::{PageRequest, TimeRange};
use serde_json::{Map, Value};

use crate::domain::order::{Placement, parse_tags};
use crate::domain::stored::Stored;
use crate::store::narrowing::{Lock, any_of, one_row, page_of, reserve_ids};
use crate::store::references::{find_placement, list_placements};
use crate::store::schema::orders;
use crate::store::stages::read_color;
use crate::store::unreadable::unreadable;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = orders)]
struct OrderRow {
    id: i64,
    name: String,
    price_minor: Option<i64>,
    category_id: Option<i64>,
    stage_id: i64,
    origin_id: Option<i64>,
    client_id: Option<i64>,
    owner_id: Option<i64>,
    office_id: Option<i64>,
    city_id: Option<i64>,
    archived: bool,
    tags: String,
    color: Option<String>,
    text: String,
    marks: Value,
    revision: i64,
    created_at_us: i64,
    updated_at_us: i64,
}

/// What of an order can change, its revision and time among it.
#[derive(Debug, Insertable, AsChangeset)]
#[diesel(table_name = orders)]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
struct OrderColumns<'a> {
    name: &'a str,
    price_minor: Option<i64>,
    category_id: Option<i64>,
    pipeline_id: i64,
    stage_id: i64,
    origin_id: Option<i64>,
    client_id: Option<i64>,
    owner_id: Option<i64>,
    office_id: Option<i64>,
    city_id: Option<i64>,
    archived: bool,
    tags: String,
    color: Option<&'a str>,
    text: &'a str,
    marks: Value,
    revision: i64,
    updated_at_us: i64,
}

impl<'a> OrderColumns<'a> {
    fn of(order: &'a OrderSnapshot, revision: i64) -> Self {
        Self {
            name: &order.name,
            price_minor: order.price.map(|price| price.0),
            category_id: order.category_id.map(|id| id.0),
            pipeline_id: order.pipeline.id.0,
            stage_id: order.stage.id.0,
            origin_id: order.origin_id.map(|id| id.0),
            client_id: order.client_id.map(|id| id.0),
            owner_id: order.owner_id,
            office_id: order.office_id.map(|id| id.0),
            city_id: order.city_id.map(|id| id.0),
            archived: order.archived,
            tags: order.tags.join(","),
            color: order.color.as_ref().map(Color::as_str),
            text: &order.text,
            marks: write_marks(&order.marks),
            revision,
            updated_at_us: order.updated_at.0,
        }
    }
}

impl OrderRow {
    fn into_order(self, placement: Placement) -> Result<Stored<OrderSnapshot>, DatabaseError> {
        let order = OrderSnapshot {
            id: OrderId(self.id),
            name: self.name,
            price: self.price_minor.map(Price),
            category_id: self.category_id.map(DirectoryEntryId),
            stage: placement.stage,
            pipeline: placement.pipeline,
            origin_id: self.origin_id.map(DirectoryEntryId),
            client_id: self.client_id.map(ClientId),
            client: None,
            owner_id: self.owner_id,
            office_id: self.office_id.map(DirectoryEntryId),
            city_id: self.city_id.map(DirectoryEntryId),
            archived: self.archived,
            tags: parse_tags(&self.tags),
            color: read_color("orders.color", self.color)?,
            text: self.text,
            marks: read_marks(self.marks)?,
            created_at: Timestamp(self.created_at_us),
            updated_at: Timestamp(self.updated_at_us),
        };
        Ok(Stored {
            revision: self.revision,
            record: order,
        })
    }
}

/// What a list of orders is narrowed by.
#[derive(Debug, Clone)]
pub(crate) struct OrderList {
    pub(crate) client_ids: Vec<i64>,
    pub(crate) stage_ids: Vec<i64>,
    pub(crate) pipeline_ids: Vec<i64>,
    pub(crate) category_ids: Vec<i64>,
    pub(crate) origin_ids: Vec<i64>,
    pub(crate) owner_ids: Vec<i64>,
    pub(crate) office_ids: Vec<i64>,
    pub(crate) city_ids: Vec<i64>,
    pub(crate) archived: Option<bool>,
    pub(crate) created: TimeRange,
    pub(crate) updated: TimeRange,
    pub(crate) page: PageRequest,
}

/// The order, if it is the account's; without its client's summary.
pub(crate) fn find_order(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: OrderId,
    lock: Lock,
) -> Result<Option<Stored<OrderSnapshot>>, DatabaseError> {
    let row: Option<OrderRow> = one_row!(
        &mut *conn,
        lock,
        orders::table
            .filter(orders::account_id.eq(account_id.0))
            .filter(orders::id.eq(id.0))
            .select(OrderRow::as_select())
    )?;
    let Some(row) = row else { return Ok(None) };
    let placement = find_placement(conn, account_id, row.stage_id)?
        .ok_or_else(|| unreadable("orders.stage_id", &row.stage_id.to_string()))?;
    row.into_order(placement).map(Some)
}

/// One page of the account's orders, newest first, without summaries of clients.
pub(crate) fn list_orders(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    list: &OrderList,
) -> Result<Vec<Stored<OrderSnapshot>>, DatabaseError> {
    let rows: Vec<OrderRow> = on_backend!(conn, |c| {
        let mut query = orders::table
            .filter(orders::account_id.eq(account_id.0))
            .select(OrderRow::as_select())
            .into_boxed();
        any_of!(query, orders::client_id, list.client_ids);
        any_of!(query, orders::stage_id, list.stage_ids);
        any_of!(query, orders::pipeline_id, list.pipeline_ids);
        any_of!(query, orders::category_id, list.category_ids);
        any_of!(query, orders::origin_id, list.origin_ids);
        any_of!(query, orders::owner_id, list.owner_ids);
        any_of!(query, orders::office_id, list.office_ids);
        any_of!(query, orders::city_id, list.city_ids);
        if let Some(archived) = list.archived {
            query = query.filter(orders::archived.eq(archived));
        }
        page_of!(query, orders, list).load(c)
    })?;
    let stage_ids: Vec<i64> = rows.iter().map(|row| row.stage_id).collect();
    let placements: HashMap<i64, Placement> = list_placements(conn, account_id, stage_ids)?;
    rows.into_iter()
        .map(|row| {
            let placement = placements
                .get(&row.stage_id)
                .cloned()
                .ok_or_else(|| unreadable("orders.stage_id", &row.stage_id.to_string()))?;
            row.into_order(placement)
        })
        .collect()
}

/// Adds an order at revision 1; answers its id.
pub(crate) fn insert_order(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    order: &OrderSnapshot,
) -> Result<OrderId, DatabaseError> {
    let row = (
        orders::account_id.eq(account_id.0),
        orders::created_at_us.eq(order.created_at.0),
        OrderColumns::of(order, 1),
    );
    let id: i64 = on_backend!(conn, |c| diesel::insert_into(orders::table)
        .values(row)
        .returning(orders::id)
        .get_result(c))?;
    Ok(OrderId(id))
}

/// Ids for orders that [`insert_orders_of_leads`] is about to add.
pub(crate) fn reserve_order_ids(
    conn: &mut Connection<'_>,
    count: i64,
) -> Result<Vec<OrderId>, DatabaseError> {
    Ok(reserve_ids!(conn, "orders", count).map(OrderId).collect())
}

/// Adds orders of leads under their reserved ids at revision 1.
pub(crate) fn insert_orders_of_leads(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    added: &[(LeadId, OrderSnapshot)],
) -> Result<(), DatabaseError> {
    if added.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = added
        .iter()
        .map(|(lead_id, order)| {
            (
                orders::id.eq(order.id.0),
                orders::account_id.eq(account_id.0),
                orders::lead_id.eq(lead_id.0),
                orders::created_at_us.eq(order.created_at.0),
                OrderColumns::of(order, 1),
            )
        })
        .collect();
    on_backend!(conn, |c| diesel::insert_into(orders::table)
        .values(&rows)
        .execute(c))?;
    Ok(())
}

/// Writes all that can change of an order.
pub(crate) fn update_order(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    order: &OrderSnapshot,
    revision: i64,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(
        orders::table
            .filter(orders::account_id.eq(account_id.0))
            .filter(orders::id.eq(order.id.0))
    )
    .set(OrderColumns::of(order, revision))
    .execute(c))?;
    Ok(())
}

/// Removes an order whose tasks are gone.
pub(crate) fn delete_order(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: OrderId,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::delete(
        orders::table
            .filter(orders::account_id.eq(account_id.0))
            .filter(orders::id.eq(id.0))
    )
    .execute(c))?;
    Ok(())
}

/// How many orders belong to the client.
pub(crate) fn count_orders_of_client(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    client_id: ClientId,
) -> Result<i64, DatabaseError> {
    Ok(on_backend!(conn, |c| orders::table
        .filter(orders::account_id.eq(account_id.0))
        .filter(orders::client_id.eq(client_id.0))
        .count()
        .get_result(c))?)
}

fn write_marks(marks: &[Mark]) -> Value {
    let entries = marks
        .iter()
        .map(|mark| (mark.key.clone(), mark.value.as_str().into()));
    Value::Object(entries.collect::<Map<_, _>>())
}

fn read_marks(stored: Value) -> Result<Vec<Mark>, DatabaseError> {
    let Value::Object(entries) = stored else {
        return Err(unreadable("orders.marks", &stored.to_string()));
    };
    entries
        .into_iter()
        .map(|(key, value)| match value {
            Value::String(value) => Ok(Mark { key, value }),
            other => Err(unreadable("orders.marks", &other.to_string())),
        })
        .collect()
}
