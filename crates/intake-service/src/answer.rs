//! A lead as it goes on the wire: S1's 40 keys, and what managers see besides.

use events::Timestamp;
use serde_json::{Map, Value, json};

use crate::domain::lead::{Lead, MARK_KEYS};

/// The 40 keys of S1, always all of them and in S1's order (WIRE 2).
pub(crate) fn lead_body(lead: &Lead) -> Map<String, Value> {
    let mut body = Map::with_capacity(20 + MARK_KEYS.len());
    let mut put = |key: &str, value: Value| body.insert(key.to_owned(), value);
    put("id", json!(lead.id.0));
    put("firstId", json!(lead.first_id.map(|id| id.0)));
    put("name", json!(lead.name));
    put("sourceId", json!(lead.origin_id));
    put("clientId", json!(lead.client_id.map(|id| id.0)));
    put("phone", json!(lead.phone_digits));
    put("email", json!(lead.email));
    // Nobody calls from here, and users of the CRM are not known here.
    put("notAnswer", Value::Null);
    put("userIdCreate", Value::Null);
    put("userIdUpdate", Value::Null);
    put("dtCreate", json!(unix_seconds(lead.created_at)));
    put("dtUpdate", json!(unix_seconds(lead.updated_at)));
    put("dtNotAnswer", Value::Null);
    put("locationUnitId", json!(lead.office_id));
    put("locationCityId", json!(lead.city_id));
    put("funnelStageId", json!(lead.stage_id));
    put("userIdOwner", json!(lead.owner_id));
    put("otherCount", json!(lead.other_count));
    put("cost", json!(lead.cost));
    let remote_id = lead.remote_id.as_ref();
    put("remoteId", remote_id.map_or(Value::Null, |id| id.to_json()));
    for key in MARK_KEYS {
        put(key, json!(lead.marks.get(key)));
    }
    body
}

/// What managers see: [`lead_body`], then what only they see.
pub(crate) fn managed_lead_body(lead: &Lead) -> Map<String, Value> {
    let mut body = lead_body(lead);
    let mut put = |key: &str, value: Value| body.insert(key.to_owned(), value);
    put("orderId", json!(lead.order_id.map(|id| id.0)));
    put("state", json!(lead.state.as_str()));
    put("rejectReason", json!(lead.reject_reason));
    put("extra", Value::Object(lead.extra.clone()));
    put("warnings", json!(lead.warnings));
    put("intakeSourceId", json!(lead.source_id.0));
    put("requestId", json!(lead.request_id));
    put("revision", json!(lead.revision));
    put("created_at", json!(lead.created_at.to_rfc3339()));
    put("updated_at", json!(lead.updated_at.to_rfc3339()));
    body
}

fn unix_seconds(time: Timestamp) -> i64 {
    time.0.div_euclid(1_000_000)
}
