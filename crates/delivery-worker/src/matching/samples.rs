//! Settings and events for tests of matching.

mod random;

use events::{
    AccountId, Action, Actor, ActorKind, Change, ClientChanged, ClientId, ClientSnapshot, Event,
    EventId, OrderChanged, OrderId, OrderSnapshot, PipelineId, PipelineSummary, StageId, StageKind,
    StageSummary, TasksOfOrderDeleted, Timestamp,
};
use serde_json::{Value, json};

use crate::domain::webhook::WebhookSettings;
pub(crate) use random::{any_event, any_settings};

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
        cause: events::Cause::default(),
        change,
    }
}
