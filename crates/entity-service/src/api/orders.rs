//! `/orders`: deals with clients.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

pub(crate) use create::create_order;
pub(crate) use delete::delete_order;
pub(crate) use get::get_order;
pub(crate) use list::list_orders;
pub(crate) use update::update_order;

use std::collections::BTreeMap;

use events::{ClientId, DirectoryEntryId, OrderSnapshot, PipelineId, Price, StageId};
use http_api::{Fields, Invalid, Presence, TextLimit, check_text, code, read_text};
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::reading::{LINE, TEXT, flag, text};
use crate::api::settings::read_color;
use crate::domain::order::{MAX_MARKS, MarkPatch, OrderPatch, parse_tags};
use crate::domain::stored::Stored;
use crate::domain::text::{MARK_KEY_CHARS, MARK_VALUE_CHARS};

/// The longest key of a mark.
const MARK_KEY: TextLimit = TextLimit::Chars(MARK_KEY_CHARS);

/// The longest value of a mark; click ids are long.
const MARK_VALUE: TextLimit = TextLimit::Chars(MARK_VALUE_CHARS);

/// An order to add, or what shall change of one. Everything may be left out; null means the default,
/// but the stage and the pipeline cannot be null.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body; OrderPatch holds what was read"
)]
pub(crate) struct OrderRequest {
    /// 1 to 255 characters; required in a new order.
    #[schema(example = "Заказ")]
    name: Option<String>,
    /// Less than 10 000 000 000 000 either way, two decimal places at most.
    #[schema(example = 1500.5)]
    price: Option<f64>,
    /// Entry of the directory `order_category`.
    id_cat: Option<i64>,
    /// The stage. A new order starts in the first open stage of the first pipeline.
    id_status: Option<i64>,
    /// Entry of the directory `origin`.
    id_origin: Option<i64>,
    /// The client.
    id_client: Option<i64>,
    /// Whether it is in the archive; false by default.
    archive: Option<bool>,
    /// Comma separated; blanks around commas and repeats are dropped.
    #[schema(example = "vip,spb")]
    tags: Option<String>,
    /// Six hex digits in any case, with or without `#`.
    #[schema(example = "AD3939")]
    color: Option<String>,
    /// Up to 64 KiB.
    text: Option<String>,
    /// The pipeline. Without a stage it means its first open stage; with one, the two must fit.
    id_pipeline: Option<i64>,
    /// The responsible employee, an id of your own.
    id_owner: Option<i64>,
    /// Entry of the directory `office`.
    id_office: Option<i64>,
    /// Entry of the directory `city`.
    id_city: Option<i64>,
    /// Advertising marks, merged by key; null removes one, or all. 100 at most, keys up to 64
    /// characters, values up to 2048.
    #[schema(example = json!({"utmSource": "yandex"}))]
    marks: Option<BTreeMap<String, Option<String>>>,
}

/// An order.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body; the crate events writes it")]
pub(crate) struct OrderResponse {
    /// Its id.
    id: i64,
    /// Title.
    name: String,
    /// The amount.
    price: Option<f64>,
    /// Entry of the directory `order_category`.
    id_cat: Option<i64>,
    /// The stage that it is in.
    id_status: i64,
    /// Entry of the directory `origin`.
    id_origin: Option<i64>,
    /// The client.
    id_client: Option<i64>,
    /// Whether it is in the archive.
    archive: bool,
    /// Comma separated.
    tags: String,
    /// Six upper-case hex digits.
    color: Option<String>,
    /// Description.
    text: String,
    /// The pipeline of the stage.
    id_pipeline: i64,
    /// The responsible employee.
    id_owner: Option<i64>,
    /// Entry of the directory `office`.
    id_office: Option<i64>,
    /// Entry of the directory `city`.
    id_city: Option<i64>,
    /// Advertising marks.
    marks: BTreeMap<String, String>,
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
fn read_patch(fields: &mut Fields) -> OrderPatch {
    let entry = |presence: Presence<i64>| presence.map(DirectoryEntryId);
    let stage_id = fields.id("id_status");
    let pipeline_id = fields.id("id_pipeline");
    OrderPatch {
        name: text(fields, "name", LINE),
        price: fields.custom("price", read_price),
        category_id: entry(fields.id("id_cat")),
        stage_id: fields.not_null("id_status", stage_id).map(StageId),
        pipeline_id: fields.not_null("id_pipeline", pipeline_id).map(PipelineId),
        origin_id: entry(fields.id("id_origin")),
        client_id: fields.id("id_client").map(ClientId),
        owner_id: fields.id("id_owner"),
        office_id: entry(fields.id("id_office")),
        city_id: entry(fields.id("id_city")),
        archived: flag(fields, "archive"),
        tags: text(fields, "tags", TEXT).map(|tags| parse_tags(&tags)),
        color: read_color(fields),
        text: text(fields, "text", TEXT),
        marks: read_marks(fields),
    }
}

fn read_price(value: &Value) -> Result<Price, Invalid> {
    let Value::Number(number) = value else {
        return Err(Invalid::wrong_type("a number", value));
    };
    Price::parse(number).map_err(|error| Invalid::new(code::INVALID, format!("A price {error}.")))
}

fn read_marks(fields: &mut Fields) -> Presence<Vec<MarkPatch>> {
    let marks = fields.entries("marks", MAX_MARKS, |key, value| {
        check_text(key, MARK_KEY)?;
        if key.is_empty() || key.chars().any(char::is_control) {
            return Err(Invalid::new(
                code::INVALID,
                "Send a key of 1 to 64 characters without control characters.",
            ));
        }
        match value {
            Value::Null => Ok(None),
            value => read_text(value, MARK_VALUE).map(Some),
        }
    });
    marks.map(|marks| {
        marks
            .into_iter()
            .map(|(key, value)| MarkPatch { key, value })
            .collect()
    })
}

fn show(order: &Stored<OrderSnapshot>) -> Value {
    events::rest::order_body(&order.record, order.revision)
}
