//! Settings and events for tests of matching.

use events::{
    AccountId, Action, Actor, ActorKind, Change, ClientChanged, ClientId, ClientSnapshot, Event,
    EventId, OrderChanged, OrderId, OrderSnapshot, PipelineId, PipelineSummary, Price, StageId,
    StageKind, StageSummary, TasksOfOrderDeleted, Timestamp, TokenId,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::domain::webhook::{EventSwitches, WebhookSettings};

/// Settings with `keys` on top of the least that there is.
pub(crate) fn settings(keys: Value) -> WebhookSettings {
    let mut stored = json!({"url": "https://example.com/", "format": "form", "events": []});
    for (key, value) in keys.as_object().unwrap() {
        stored[key] = value.clone();
    }
    serde_json::from_value(stored).unwrap()
}

pub(crate) fn stage(id: i64, name: &str) -> StageSummary {
    StageSummary {
        id: StageId(id),
        name: name.to_owned(),
        kind: StageKind::Open,
    }
}

/// An order called «Заказ» in a stage of pipeline 5 «Продажи».
pub(crate) fn order(stage: StageSummary) -> OrderSnapshot {
    let at = Timestamp(1_767_323_045_000_000);
    OrderSnapshot {
        id: OrderId(42),
        name: "Заказ".to_owned(),
        price: None,
        category_id: None,
        stage,
        pipeline: PipelineSummary {
            id: PipelineId(5),
            name: "Продажи".to_owned(),
        },
        origin_id: None,
        client_id: None,
        client: None,
        owner_id: None,
        office_id: None,
        city_id: None,
        archived: false,
        tags: Vec::new(),
        color: None,
        text: String::new(),
        marks: Vec::new(),
        created_at: at,
        updated_at: at,
    }
}

/// An event of an order, made step by step.
#[derive(Debug, Clone)]
pub(crate) struct OrderEdit {
    before: OrderSnapshot,
    now: OrderSnapshot,
}

impl OrderEdit {
    pub(crate) fn from(before: OrderSnapshot) -> Self {
        Self {
            now: before.clone(),
            before,
        }
    }

    pub(crate) fn to(mut self, now: OrderSnapshot) -> Self {
        self.now = now;
        self
    }

    /// `order.edit` that says to have changed these keys.
    pub(crate) fn event(self, changed: &[&str]) -> Event {
        let changed = changed.iter().map(|key| (*key).to_owned()).collect();
        of_order(Action::Edit, self.now, changed, Some(self.before))
    }

    /// `order.add` of the order as it is.
    pub(crate) fn added(self) -> Event {
        of_order(Action::Add, self.now, Vec::new(), None)
    }

    /// `order.delete` of the order as it is.
    pub(crate) fn deleted(self) -> Event {
        of_order(Action::Delete, self.now, Vec::new(), None)
    }
}

fn of_order(
    action: Action,
    order: OrderSnapshot,
    changed: Vec<String>,
    previous: Option<OrderSnapshot>,
) -> Event {
    event(Change::Order(Box::new(OrderChanged {
        action,
        revision: 2,
        order,
        changed,
        previous,
    })))
}

/// A client whose name changes from «Пётр» to «Иван».
pub(crate) fn client_edited() -> Event {
    let at = Timestamp(1_767_323_045_000_000);
    let client = |name: &str| ClientSnapshot {
        id: ClientId(7),
        realname: name.to_owned(),
        email: String::new(),
        phone: String::new(),
        position: String::new(),
        status_id: None,
        text: String::new(),
        fields: Vec::new(),
        created_at: at,
        updated_at: at,
    };
    event(Change::Client(Box::new(ClientChanged {
        action: Action::Edit,
        revision: 2,
        client: client("Иван"),
        changed: vec!["realname".to_owned()],
        previous: Some(client("Пётр")),
    })))
}

/// All tasks of an order.
pub(crate) fn tasks_deleted() -> Event {
    event(Change::TasksOfOrderDeleted(TasksOfOrderDeleted {
        order_id: OrderId(42),
        tasks: Vec::new(),
    }))
}

fn event(change: Change) -> Event {
    let at = Timestamp(1_767_323_045_000_000);
    Event {
        id: EventId::new(at),
        account_id: AccountId(1),
        occurred_at: at,
        actor: Actor {
            kind: ActorKind::Api,
            token_id: None,
        },
        correlation_id: String::new(),
        change,
    }
}

/// Ids so few that they often meet.
fn any_ids() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(1..4_i64, 0..3)
}

fn any_condition() -> impl Strategy<Value = Value> {
    let row = prop_oneof![
        (0..4_i64).prop_map(|id| json!({"field": "id_status", "operator": "equal", "value": id})),
        any_ids()
            .prop_filter("at least one", |ids| !ids.is_empty())
            .prop_map(|ids| json!({"field": "id_owner", "operator": "in", "value": ids})),
        (0..4_i64)
            .prop_map(|to| json!({"field": "id_owner", "operator": "changed_to", "value": to})),
        (0..4_i64)
            .prop_map(|price| json!({"field": "price", "operator": "greater", "value": price})),
        (0..4_i64).prop_map(
            |price| json!({"field": "price", "operator": "less_or_equal", "value": price})
        ),
        Just(json!({"field": "name", "operator": "equal", "value": "Заказ"})),
        Just(json!({"field": "name", "operator": "changed"})),
        Just(json!({"field": "realname", "operator": "not_empty"})),
    ];
    let group = (prop::collection::vec(row, 1..4), any::<bool>())
        .prop_map(|(rows, all)| json!({ if all { "all" } else { "any" }: rows }));
    prop::option::of(group).prop_map(|group| group.unwrap_or(Value::Null))
}

/// Any webhook or trigger.
pub(crate) fn any_settings() -> impl Strategy<Value = WebhookSettings> {
    let fields = ["name", "price", "id_status", "id_owner", "realname"];
    let filter = (
        prop::sample::subsequence(fields.to_vec(), 0..3),
        any_ids(),
        any_ids(),
        any_condition(),
        prop::option::of(Just("mine")),
    );
    let trigger = prop::sample::select(vec![
        "entered",
        "created_in",
        "entered_or_created",
        "left",
        "changed",
    ]);
    let trigger = prop::option::of((trigger, 1..4_i64));
    let events = prop::sample::subsequence(EventSwitches::NAMES.to_vec(), 0..9);
    (events, filter, trigger).prop_map(
        |(events, (changed, pipelines, stages, condition, skip_token), trigger)| {
            let mut filter = json!({
                "changed": changed, "pipelines": pipelines, "stages": stages,
                "skip_token": skip_token,
            });
            if !condition.is_null() {
                filter["condition"] = condition;
            }
            let mut made = settings(json!({"events": events, "filter": filter}));
            if let Some((event, stage)) = trigger {
                let event = json!({"event": event, "stage": stage, "pipeline": 1});
                let trigger: crate::domain::trigger::TriggerSettings =
                    serde_json::from_value(event).unwrap();
                made.events = trigger.event.switches();
                made.trigger = Some(trigger);
            }
            made
        },
    )
}

prop_compose! {
    fn any_order()(
        stage_id in 1..4_i64,
        pipeline in 1..4_i64,
        owner in prop::option::of(1..4_i64),
        price in prop::option::of(0..5_i64),
        name in prop::sample::select(vec!["Заказ", "Лид"]),
    ) -> OrderSnapshot {
        let mut made = order(stage(stage_id, "stage"));
        made.pipeline.id = PipelineId(pipeline);
        made.owner_id = owner;
        made.price = price.map(|price| Price::parse(&price.into()).unwrap());
        made.name = name.to_owned();
        made
    }
}

/// Any event that may fire something, and some that may not.
pub(crate) fn any_event() -> impl Strategy<Value = Event> {
    let change = prop_oneof![
        6 => (any_order(), any_order())
            .prop_map(|(before, now)| OrderEdit::from(before).to(now).event(&["name"])),
        2 => any_order().prop_map(|order| OrderEdit::from(order).added()),
        1 => any_order().prop_map(|order| OrderEdit::from(order).deleted()),
        1 => Just(client_edited()),
        1 => Just(tasks_deleted()),
    ];
    let token = prop::option::of(prop::sample::select(vec!["mine", "other"]));
    (change, token).prop_map(|(mut event, token)| {
        event.actor.token_id = token.map(|token| TokenId(token.to_owned()));
        event
    })
}
