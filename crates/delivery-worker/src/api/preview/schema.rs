//! What previews take and answer.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::deliveries::attempt::{BodyResponse, HeaderResponse};
use crate::api::explain::RuleResponse;
use crate::headers::{MASK, WEBHOOK_SIGNATURE};
use crate::send::OutgoingRequest;

/// What to tell the receiver of: an event that came, or an order that you describe.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct SampleRequest {
    /// The id of an event that came; of an order, for a trigger. In place of `order`.
    #[schema(format = "uuid")]
    event_id: Option<String>,
    /// An order as `GET /orders/{id}` answers it; every key but `id_status` may be left out. In
    /// place of `event_id`.
    order: Option<SampleOrder>,
    /// Its client as `GET /clients/{id}` answers it; every key may be left out.
    client: Option<SampleClient>,
    /// What happens to the order: what the webhook or trigger waits for, unless given.
    event: Option<SampleAction>,
    /// Of an edit: the former values of the keys that it changed. Without it a trigger that waits
    /// for a move is shown that move, if the order can have made it: into the trigger's stage from
    /// another one, or out of it.
    #[schema(example = json!({"id_status": 11}))]
    previous: Option<BTreeMap<String, Value>>,
}

/// What happens to an order.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes a field for the OpenAPI document")]
pub(crate) enum SampleAction {
    Add,
    Edit,
    Delete,
}

/// An order; null and absent are the default.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct SampleOrder {
    /// 1 unless given.
    id: Option<i64>,
    /// Title.
    #[schema(example = "Заказ")]
    name: Option<String>,
    /// The amount.
    #[schema(example = 1500.5)]
    price: Option<f64>,
    id_cat: Option<i64>,
    /// The stage.
    id_status: i64,
    id_origin: Option<i64>,
    id_client: Option<i64>,
    archive: Option<bool>,
    /// Comma separated.
    tags: Option<String>,
    color: Option<String>,
    text: Option<String>,
    /// The pipeline of the stage.
    id_pipeline: Option<i64>,
    id_owner: Option<i64>,
    id_office: Option<i64>,
    id_city: Option<i64>,
    marks: Option<BTreeMap<String, String>>,
    /// 1 unless given.
    revision: Option<i64>,
    #[schema(format = DateTime)]
    created_at: Option<String>,
    #[schema(format = DateTime)]
    updated_at: Option<String>,
}

/// A client; null and absent are the default.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct SampleClient {
    /// The order's `id_client` unless given.
    id: Option<i64>,
    realname: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    position: Option<String>,
    id_status: Option<i64>,
    text: Option<String>,
    /// Extra fields by name: text, number, boolean or null.
    fields: Option<BTreeMap<String, Value>>,
    revision: Option<i64>,
    #[schema(format = DateTime)]
    created_at: Option<String>,
    #[schema(format = DateTime)]
    updated_at: Option<String>,
}

/// A request that was not made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviewResponse {
    /// Exactly what the receiver would get now.
    pub(super) request: PreviewRequest,
    /// Whether such an event fires the webhook, with its settings of now. One that fires is not
    /// delivered while the rule `address` fails.
    pub(super) fires: bool,
    /// What each rule says: `active`, `event`, `stage`, `changed`, `skip_own`, `condition`; then
    /// `address`, whether the address behind the URL may be called, which does not count for
    /// `fires`.
    pub(super) rules: Vec<RuleResponse>,
    /// Whether a person was erased from the event, so that what it told of them is blank.
    #[serde(rename = "erased")]
    pub(super) is_erased: bool,
}

/// A request as on the wire. For a token without `webhooks:write` the values of the webhook's own
/// headers are `***`, and so is that of `webhook-signature`: with it the request could be sent to
/// the receiver by hand.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviewRequest {
    /// The method.
    #[schema(example = "POST")]
    method: String,
    /// The whole URL, query included.
    url: String,
    /// In the order of the wire.
    headers: Vec<HeaderResponse>,
    #[serde(flatten)]
    body: BodyResponse,
}

impl PreviewRequest {
    /// `is_open`: values of own headers and the signature may be seen. Who only reads
    /// may choose what is told, so that a signature would make any lie of theirs good.
    pub(super) fn new(request: &OutgoingRequest, is_open: bool) -> Self {
        let headers = request.headers().iter().map(|(name, value)| {
            let is_secret = value.is_sensitive() || *name == WEBHOOK_SIGNATURE;
            let shown = if is_secret && !is_open {
                MASK.to_owned()
            } else {
                String::from_utf8_lossy(value.as_bytes()).into_owned()
            };
            HeaderResponse {
                name: name.as_str().to_owned(),
                value: shown,
            }
        });
        Self {
            method: request.method().as_str().to_owned(),
            url: request.url().as_str().to_owned(),
            headers: headers.collect(),
            body: BodyResponse::new(request.body()),
        }
    }
}
