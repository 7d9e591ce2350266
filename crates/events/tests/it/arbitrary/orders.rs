//! Random orders and their changes.

use events::{
    Action, OrderChanged, OrderId, OrderSnapshot, PipelineId, PipelineSummary, Price, StageId,
    StageSummary,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::clients::client;
use super::{added_or_deleted, color, entry, kind, marks, moment, text};

fn order() -> impl Strategy<Value = OrderSnapshot> {
    let ids = (
        entry(),
        entry(),
        entry(),
        entry(),
        option::of(any::<i64>()),
        option::of(client()),
    );
    let stage = (any::<i64>(), text(), kind());
    let texts = (text(), text(), vec(text(), 0..3), color(), marks());
    let rest = (
        option::of(any::<i64>()),
        (any::<i64>(), text()),
        any::<bool>(),
        moment(),
        moment(),
    );
    (any::<i64>(), ids, stage, texts, rest).prop_map(|(id, ids, stage, texts, rest)| {
        let (category_id, origin_id, office_id, city_id, owner_id, client) = ids;
        let (name, text, tags, color, marks) = texts;
        let (price, pipeline, archived, created_at, updated_at) = rest;
        OrderSnapshot {
            id: OrderId(id),
            name,
            price: price.map(Price),
            category_id,
            stage: StageSummary {
                id: StageId(stage.0),
                name: stage.1,
                kind: stage.2,
            },
            pipeline: PipelineSummary {
                id: PipelineId(pipeline.0),
                name: pipeline.1,
            },
            origin_id,
            client_id: client.as_ref().map(|client| client.id),
            client,
            owner_id,
            office_id,
            city_id,
            archived,
            tags,
            color,
            text,
            marks,
            created_at,
            updated_at,
        }
    })
}

/// The former state of an edit: another one, but equal in what no key stands for.
pub(super) fn order_changed() -> impl Strategy<Value = OrderChanged> {
    let edited = (order(), order(), any::<i64>()).prop_map(|(order, other, revision)| {
        let mut previous = OrderSnapshot {
            id: order.id,
            created_at: order.created_at,
            updated_at: order.updated_at,
            ..other
        };
        if previous.stage.id == order.stage.id {
            previous.stage = order.stage.clone();
        }
        if previous.pipeline.id == order.pipeline.id {
            previous.pipeline = order.pipeline.clone();
        }
        if previous.client_id == order.client_id {
            previous.client.clone_from(&order.client);
        }
        OrderChanged {
            action: Action::Edit,
            revision,
            changed: OrderSnapshot::changed_keys(&previous, &order),
            order,
            previous: Some(previous),
        }
    });
    let other =
        (order(), added_or_deleted(), any::<i64>()).prop_map(|(order, action, revision)| {
            OrderChanged {
                action,
                revision,
                order,
                changed: vec![],
                previous: None,
            }
        });
    prop_oneof![edited, other]
}
