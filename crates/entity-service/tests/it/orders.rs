//! `/orders`.

mod create;
mod delete;
mod list;
mod read;
mod refuse;
mod update;

const ORDERS: &str = "/api/v1/orders";

fn path_of(order: &serde_json::Value) -> String {
    format!("{ORDERS}/{}", crate::app::id_of(order))
}
