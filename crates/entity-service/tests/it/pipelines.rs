//! `/pipelines` and the stages in them.

mod change;
mod create;
mod delete;
mod isolation;
mod refuse;
mod stages;

use events::{Change, Event, PipelineChanged};
use serde_json::Value;

use crate::app::{TestApp, id_of};

const PIPELINES: &str = "/api/v1/pipelines";

fn path_of(pipeline: &Value) -> String {
    format!("{PIPELINES}/{}", id_of(pipeline))
}

/// The change of a pipeline in an event.
fn pipeline_change(event: &Event) -> &PipelineChanged {
    match &event.change {
        Change::Pipeline(change) => change,
        other => panic!("not a pipeline's: {other:?}"),
    }
}

/// Pipelines that events tell of, with action, revision and place.
fn told(events: &[Event]) -> Vec<(i64, &'static str, i64, i64)> {
    events
        .iter()
        .map(|event| {
            let change = pipeline_change(event);
            let pipeline = &change.pipeline;
            let action = change.action.as_str();
            (pipeline.id.0, action, change.revision, pipeline.position)
        })
        .collect()
}

/// Ids of the account's pipelines in their order; their places are checked on the way.
async fn in_order(app: &TestApp) -> Vec<i64> {
    let answer = app.api.get(PIPELINES).await.expect(200);
    let mut items = answer.json()["items"].as_array().unwrap().clone();
    items.sort_by_key(|item| item["position"].as_i64());
    for (place, item) in (0..).zip(&items) {
        assert_eq!(item["position"].as_i64(), Some(place), "{items:?}");
    }
    items.iter().map(id_of).collect()
}
