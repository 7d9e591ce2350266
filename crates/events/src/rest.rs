//! Records as integrators see them: the bodies of the management API (WIRE 5),
//! which are the envelope's `data` as well.
//!
//! The keys and their order are those of WIRE 1, then the revision and the times.

use serde_json::{Map, Value, json};

use crate::client::keys::ClientKey;
use crate::order::keys::OrderKey;
use crate::task::keys::TaskKey;
use crate::{
    ClientSnapshot, OrderSnapshot, PipelineSnapshot, StageSnapshot, TaskSnapshot, Timestamp,
};

/// The body of an order.
pub fn order_body(order: &OrderSnapshot, revision: i64) -> Value {
    let fields = OrderKey::ALL.map(|key| (key.as_str(), key.value(order)));
    let times = (order.created_at, order.updated_at);
    record(order.id.0, fields, revision, times)
}

/// The body of a task.
pub fn task_body(task: &TaskSnapshot, revision: i64) -> Value {
    let fields = TaskKey::ALL.map(|key| (key.as_str(), key.value(task)));
    let times = (task.created_at, task.updated_at);
    record(task.id.0, fields, revision, times)
}

/// The body of a client.
pub fn client_body(client: &ClientSnapshot, revision: i64) -> Value {
    let fields = ClientKey::ALL.map(|key| (key.as_str(), key.value(client)));
    let times = (client.created_at, client.updated_at);
    record(client.id.0, fields, revision, times)
}

/// The body of a pipeline with its stages.
pub fn pipeline_body(pipeline: &PipelineSnapshot, revision: i64) -> Value {
    let fields = [
        ("name", pipeline.name.as_str().into()),
        ("position", pipeline.position.into()),
        ("stages", pipeline.stages.iter().map(stage_body).collect()),
    ];
    let times = (pipeline.created_at, pipeline.updated_at);
    record(pipeline.id.0, fields, revision, times)
}

/// The body of a stage: `id name kind position color`.
pub fn stage_body(stage: &StageSnapshot) -> Value {
    json!({
        "id": stage.id.0,
        "name": stage.name,
        "kind": stage.kind.as_str(),
        "position": stage.position,
        "color": stage.color.as_ref().map(|color| color.as_str()),
    })
}

/// The value of one key of an order's body, from `id` to `marks`; `None` if an
/// order has no such key.
pub fn order_value(order: &OrderSnapshot, key: &str) -> Option<Value> {
    match key {
        "id" => Some(order.id.0.into()),
        _ => OrderKey::parse(key).map(|key| key.value(order)),
    }
}

/// The value of one key of a task's body, from `id` to `id_type`; `None` if a
/// task has no such key.
pub fn task_value(task: &TaskSnapshot, key: &str) -> Option<Value> {
    match key {
        "id" => Some(task.id.0.into()),
        _ => TaskKey::parse(key).map(|key| key.value(task)),
    }
}

/// The value of one key of a client's body, from `id` to `fields`; `None` if a
/// client has no such key.
pub fn client_value(client: &ClientSnapshot, key: &str) -> Option<Value> {
    match key {
        "id" => Some(client.id.0.into()),
        _ => ClientKey::parse(key).map(|key| key.value(client)),
    }
}

fn record<const N: usize>(
    id: i64,
    fields: [(&str, Value); N],
    revision: i64,
    (created_at, updated_at): (Timestamp, Timestamp),
) -> Value {
    let mut body = Map::with_capacity(N + 4);
    body.insert("id".to_owned(), id.into());
    for (key, value) in fields {
        body.insert(key.to_owned(), value);
    }
    body.insert("revision".to_owned(), revision.into());
    body.insert("created_at".to_owned(), created_at.to_rfc3339().into());
    body.insert("updated_at".to_owned(), updated_at.to_rfc3339().into());
    Value::Object(body)
}
