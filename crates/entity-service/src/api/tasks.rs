//! `/tasks`: what is to be done, for an order or by itself.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod delete_of_order;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

pub(crate) use create::create_task;
pub(crate) use delete::delete_task;
pub(crate) use delete_of_order::delete_tasks_of_order;
pub(crate) use get::get_task;
pub(crate) use list::list_tasks;
pub(crate) use update::update_task;

use events::{DirectoryEntryId, OrderId, TaskSnapshot, Timestamp};
use http_api::{Fields, Presence};
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::reading::{LINE, TEXT, flag, text};
use crate::api::settings::read_color;
use crate::domain::stored::Stored;
use crate::domain::task::TaskPatch;

/// The code of `id_deal` and `id_order` that name two orders.
const DIFFERENT_ORDERS: &str = "different_orders";

/// Unix seconds of the years 1 to 9999.
const DATES: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// A task to add, or what shall change of one. Everything may be left out.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body; TaskPatch holds what was read"
)]
pub(crate) struct TaskRequest {
    /// 1 to 255 characters; required in a new task.
    #[schema(example = "Позвонить")]
    name: Option<String>,
    /// Start, in Unix seconds.
    #[schema(example = 1767225600)]
    date_from: Option<i64>,
    /// End, in Unix seconds; not before the start.
    date_to: Option<i64>,
    /// Whether it takes whole days; false by default.
    all_day: Option<bool>,
    /// Six hex digits in any case, with or without `#`.
    #[schema(example = "AD3939")]
    color: Option<String>,
    /// Up to 64 KiB.
    text: Option<String>,
    /// The order that it belongs to, as `id_order`.
    id_deal: Option<i64>,
    /// The order that it belongs to; both names may be sent if they agree.
    id_order: Option<i64>,
    /// Entry of the directory `task_status`; the first one in a new task.
    id_status: Option<i64>,
    /// Entry of the directory `task_type`.
    id_type: Option<i64>,
}

/// A task.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body; the crate events writes it")]
pub(crate) struct TaskResponse {
    /// Its id.
    id: i64,
    /// Title.
    name: String,
    /// Start, in Unix seconds.
    date_from: Option<i64>,
    /// End, in Unix seconds.
    date_to: Option<i64>,
    /// Whether it takes whole days.
    all_day: bool,
    /// Six upper-case hex digits.
    color: Option<String>,
    /// Description.
    text: String,
    /// The order that it belongs to.
    id_deal: Option<i64>,
    /// The same order.
    id_order: Option<i64>,
    /// Entry of the directory `task_status`.
    id_status: Option<i64>,
    /// Entry of the directory `task_type`.
    id_type: Option<i64>,
    /// Grows by one with each change; the `ETag`.
    revision: i64,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// RFC 3339.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// Reads all keys that can be set. A wrong one counts as absent and is recorded.
fn read_patch(fields: &mut Fields) -> TaskPatch {
    let (order_key, order_id) = read_order(fields);
    TaskPatch {
        name: text(fields, "name", LINE),
        date_from: read_date(fields, "date_from"),
        date_to: read_date(fields, "date_to"),
        all_day: flag(fields, "all_day"),
        color: read_color(fields),
        text: text(fields, "text", TEXT),
        order_id,
        order_key,
        status_id: fields.id("id_status").map(DirectoryEntryId),
        type_id: fields.id("id_type").map(DirectoryEntryId),
    }
}

fn read_date(fields: &mut Fields, key: &str) -> Presence<Timestamp> {
    let seconds = fields.integer(key, DATES);
    seconds.map(|seconds| Timestamp(seconds * 1_000_000))
}

/// `id_order`, which S0 calls `id_deal` as well, and the name that was used.
fn read_order(fields: &mut Fields) -> (&'static str, Presence<OrderId>) {
    let (deal, order) = (fields.id("id_deal"), fields.id("id_order"));
    if deal.is_present() && order.is_present() && deal != order {
        fields.error(
            "id_deal",
            DIFFERENT_ORDERS,
            "id_deal and id_order are two names of one thing; send one of them, or both the same.",
        );
        return ("id_deal", Presence::Absent);
    }
    if order.is_present() {
        ("id_order", order.map(OrderId))
    } else {
        ("id_deal", deal.map(OrderId))
    }
}

fn show(task: &Stored<TaskSnapshot>) -> Value {
    events::rest::task_body(&task.record, task.revision)
}
