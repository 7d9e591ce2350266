//! Orders that go through stages: of pipeline 1 «Продажи» the stages 12 «Новая»,
//! 13 «В работе» and 14 «Оплата», of pipeline 2 «Сервис» the stage 21 «Приём».

use events::{
    Action, Change, Event, OrderSnapshot, PipelineChanged, PipelineId, PipelineSnapshot,
    PipelineSummary, StageId, StageKind, StageSnapshot, StageSummary, Timestamp, TokenId,
};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::samples::{event, order_added, order_deleted};

struct Pipeline {
    id: i64,
    name: &'static str,
    stages: &'static [(i64, &'static str)],
}

const PIPELINES: [Pipeline; 2] = [
    Pipeline {
        id: 1,
        name: "Продажи",
        stages: &[(12, "Новая"), (13, "В работе"), (14, "Оплата")],
    },
    Pipeline {
        id: 2,
        name: "Сервис",
        stages: &[(21, "Приём")],
    },
];

/// `pipeline.add` of each pipeline.
pub(crate) fn pipelines_added(account: i64) -> Vec<Event> {
    let added = |pipeline| event(account, Change::Pipeline(pipeline_added(pipeline)));
    PIPELINES.iter().map(added).collect()
}

fn pipeline_added(pipeline: &Pipeline) -> PipelineChanged {
    let at = Timestamp(1_767_323_045_000_000);
    let stages = pipeline.stages.iter().zip(0..);
    PipelineChanged {
        action: Action::Add,
        revision: 1,
        pipeline: PipelineSnapshot {
            id: PipelineId(pipeline.id),
            name: pipeline.name.to_owned(),
            position: 0,
            stages: stages
                .map(|(&(id, name), position)| StageSnapshot {
                    id: StageId(id),
                    name: name.to_owned(),
                    kind: StageKind::Open,
                    position,
                    color: None,
                })
                .collect(),
            created_at: at,
            updated_at: at,
        },
    }
}

/// Puts an order into a stage.
pub(crate) fn put(order: &mut OrderSnapshot, stage: i64) {
    let is_it = |(id, _): &&(i64, &str)| *id == stage;
    let find = |pipeline: &&Pipeline| pipeline.stages.iter().any(|known| is_it(&known));
    let pipeline = PIPELINES.iter().find(find).unwrap();
    let (_, stage_name) = pipeline.stages.iter().find(is_it).unwrap();
    order.stage = StageSummary {
        id: StageId(stage),
        name: (*stage_name).to_owned(),
        kind: StageKind::Open,
    };
    order.pipeline = PipelineSummary {
        id: PipelineId(pipeline.id),
        name: pipeline.name.to_owned(),
    };
}

/// `order.edit`: `edit` changes these keys of an order called «Заказ», which was in
/// stage 12.
pub(crate) fn order_edited(
    account: i64,
    order: i64,
    keys: &[&str],
    edit: impl FnOnce(&mut OrderSnapshot),
) -> Event {
    edited_from(account, order, 12, keys, edit)
}

/// The same of an order that was in another stage.
pub(crate) fn edited_from(
    account: i64,
    order: i64,
    stage: i64,
    keys: &[&str],
    edit: impl FnOnce(&mut OrderSnapshot),
) -> Event {
    let mut made = order_added(account, order);
    let Change::Order(change) = &mut made.change else {
        unreachable!("an order was made");
    };
    put(&mut change.order, stage);
    change.previous = Some(change.order.clone());
    edit(&mut change.order);
    change.action = Action::Edit;
    change.revision = 2;
    change.changed = keys.iter().map(|key| (*key).to_owned()).collect();
    made
}

/// `order.edit` that takes an order from one stage to another.
pub(crate) fn order_moved(account: i64, order: i64, from: i64, to: i64) -> Event {
    let keys: &[&str] = if (from == 21) == (to == 21) {
        &["id_status"]
    } else {
        &["id_status", "id_pipeline"]
    };
    edited_from(account, order, from, keys, |order| put(order, to))
}

/// `order.add` or `order.delete` in a stage.
pub(crate) fn order_in(account: i64, order: i64, stage: i64, action: Action) -> Event {
    let mut made = match action {
        Action::Delete => order_deleted(account, order),
        _ => order_added(account, order),
    };
    if let Change::Order(change) = &mut made.change {
        put(&mut change.order, stage);
    }
    made
}

/// The same event, made with a token.
pub(crate) fn by_token(mut event: Event, token: &str) -> Event {
    event.actor.token_id = Some(TokenId(token.to_owned()));
    event
}

impl TestApp {
    /// Lets the worker hear of the stages.
    pub(crate) async fn know_stages(&self, account: i64) {
        for added in pipelines_added(account) {
            self.publish(&added).await;
        }
    }

    /// Creates a trigger of a stage to [`Self::receiver`], with `settings` on top; returns the
    /// body. The receiver has seen its test request by then.
    pub(crate) async fn create_stage_trigger(
        &self,
        event: &str,
        stage: i64,
        settings: Value,
    ) -> Value {
        let mut body = json!({
            "name": format!("{event} {stage}"),
            "id_status": stage,
            "event": event,
            "url": self.receiver.url("/trigger"),
            "parameters": [{"name": "deal_name", "kind": "field", "value": "name"}],
        });
        for (key, value) in settings.as_object().unwrap() {
            body[key] = value.clone();
        }
        self.api
            .post("/api/v1/triggers", body)
            .await
            .expect(201)
            .json()
    }
}
