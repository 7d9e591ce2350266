//! `/triggers`.

mod bad_input;
mod create;
mod delete;
mod gone;
mod list;
mod preview;
mod requests;
mod sizes;
mod stages;
mod test_request;
mod update;

use events::{
    Action, Change, Event, PipelineChanged, PipelineId, PipelineSnapshot, StageId, StageKind,
    StageSnapshot, Timestamp,
};
use serde_json::{Value, json};

use crate::app::{ACCOUNT, TestApp};
use crate::samples::event;

/// A pipeline called «Продажи» at a revision, with these stages.
fn pipeline(account: i64, id: i64, revision: i64, stages: &[(i64, &str)]) -> Event {
    let action = if revision == 1 {
        Action::Add
    } else {
        Action::Edit
    };
    pipeline_after(account, id, revision, action, stages)
}

fn pipeline_after(
    account: i64,
    id: i64,
    revision: i64,
    action: Action,
    stages: &[(i64, &str)],
) -> Event {
    let at = Timestamp(1_767_323_045_000_000);
    let stages = stages
        .iter()
        .zip(0..)
        .map(|(&(id, name), position)| StageSnapshot {
            id: StageId(id),
            name: name.to_owned(),
            kind: StageKind::Open,
            position,
            color: None,
        });
    let change = PipelineChanged {
        action,
        revision,
        pipeline: PipelineSnapshot {
            id: PipelineId(id),
            name: "Продажи".to_owned(),
            position: 0,
            stages: stages.collect(),
            created_at: at,
            updated_at: at,
        },
    };
    event(account, Change::Pipeline(change))
}

/// A worker that knows pipeline 1 with the stages 12 «Новая» and 13 «В работе», and pipeline 2 with
/// stage 21 «Оплата».
async fn start() -> TestApp {
    let app = TestApp::start().await;
    app.publish(&pipeline(ACCOUNT, 1, 1, &[(12, "Новая"), (13, "В работе")]))
        .await;
    app.publish(&pipeline(ACCOUNT, 2, 1, &[(21, "Оплата")]))
        .await;
    app
}

/// A trigger's body that is taken: stage 12, entered.
fn body(app: &TestApp, settings: Value) -> Value {
    let mut body = json!({
        "name": "trigger", "id_status": 12, "event": "entered", "url": app.receiver.url("/hook"),
    });
    for (key, value) in settings.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

/// Creates a trigger with `settings` on top of those of [`body`].
async fn create(app: &TestApp, settings: Value) -> Value {
    let body = body(app, settings);
    let answer = app.api.post("/api/v1/triggers", body).await;
    answer.expect(201).json()
}

fn path_of(trigger: &Value) -> String {
    format!("/api/v1/triggers/{}", trigger["id"])
}
