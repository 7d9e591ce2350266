//! `/clients`.

mod create;
mod delete;
mod fields;
mod list;
mod refuse;
mod update;

const CLIENTS: &str = "/api/v1/clients";

fn path_of(client: &serde_json::Value) -> String {
    format!("{CLIENTS}/{}", crate::app::id_of(client))
}
