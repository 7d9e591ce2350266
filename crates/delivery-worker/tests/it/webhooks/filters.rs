//! What narrows down the events of a webhook.

mod met;
mod refused;

use serde_json::{Value, json};

/// The token that [`TestApp::api`] calls with.
const OWN_TOKEN: &str = "token-of-1";

fn condition(field: &str, operator: &str, value: Value) -> Value {
    json!({"condition": {"all": [{"field": field, "operator": operator, "value": value}]}})
}
