//! `/tasks` and `/orders/{id}/tasks`.

mod create;
mod delete;
mod list;
mod refuse;
mod update;

const TASKS: &str = "/api/v1/tasks";

fn path_of(task: &serde_json::Value) -> String {
    format!("{TASKS}/{}", crate::app::id_of(task))
}
