//! Stages and pipelines as a sentence names them: `12 «Новый»`.

use events::{OrderSnapshot, PipelineId, StageId};

use super::Occasion;
use crate::domain::stage::AccountStages;

/// As the event calls it if it does, or as it is called now.
pub(super) fn show_stage(id: StageId, occasion: &Occasion<'_>, known: &AccountStages) -> String {
    let in_event = snapshots(occasion)
        .find(|order| order.stage.id == id)
        .map(|order| order.stage.name.as_str());
    let now = || known.find(id).map(|stage| stage.name.as_str());
    show(id.0, in_event.or_else(now))
}

/// The same of a pipeline.
pub(super) fn show_pipeline(
    id: PipelineId,
    occasion: &Occasion<'_>,
    known: &AccountStages,
) -> String {
    let in_event = snapshots(occasion)
        .find(|order| order.pipeline.id == id)
        .map(|order| order.pipeline.name.as_str());
    show(id.0, in_event.or_else(|| known.pipeline_name(id)))
}

/// The order of an event after the change and before it.
fn snapshots<'a>(occasion: &Occasion<'a>) -> impl Iterator<Item = &'a OrderSnapshot> {
    let change = occasion.order();
    change
        .map(|change| &change.order)
        .into_iter()
        .chain(change.and_then(|change| change.previous.as_ref()))
}

fn show(id: i64, name: Option<&str>) -> String {
    match name.filter(|name| !name.is_empty()) {
        Some(name) => format!("{id} «{name}»"),
        None => id.to_string(),
    }
}
