//! Random pipelines with their stages, and what changes of them.

use events::{Action, PipelineChanged, PipelineId, PipelineSnapshot, StageId, StageSnapshot};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{color, kind, moment, text};

pub(super) fn pipeline_changed() -> impl Strategy<Value = PipelineChanged> {
    let stage = (any::<i64>(), text(), kind(), any::<i64>(), color()).prop_map(
        |(id, name, kind, position, color)| StageSnapshot {
            id: StageId(id),
            name,
            kind,
            position,
            color,
        },
    );
    let action = select(vec![Action::Add, Action::Edit, Action::Delete]);
    let times = (moment(), moment());
    let numbers = (any::<i64>(), any::<i64>(), any::<i64>());
    (action, numbers, text(), vec(stage, 0..4), times).prop_map(
        |(action, (id, position, revision), name, stages, times)| PipelineChanged {
            action,
            revision,
            pipeline: PipelineSnapshot {
                id: PipelineId(id),
                name,
                position,
                stages,
                created_at: times.0,
                updated_at: times.1,
            },
        },
    )
}
