//! Events as the entity service would publish them.

use events::{
    AccountId, Action, Actor, ActorKind, Change, Event, EventId, OrderChanged, OrderId,
    OrderSnapshot, PipelineId, PipelineSummary, StageId, StageKind, StageSummary, TaskChanged,
    TaskId, TaskSnapshot, Timestamp, TokenId, TokenRevoked,
};

/// The account that everything here belongs to.
pub(crate) const ACCOUNT: i64 = 7;

/// An event that happens now.
pub(crate) fn event(change: Change) -> Event {
    let now = events::Clock::System.now();
    Event {
        id: EventId::new(now),
        account_id: AccountId(ACCOUNT),
        occurred_at: now,
        actor: Actor {
            kind: ActorKind::System,
            token_id: None,
        },
        cause: events::Cause::default(),
        change,
    }
}

/// An order that is added.
pub(crate) fn order_added(id: i64) -> Event {
    order_changed(Action::Add, id, 1, "Заказ")
}

/// A token that may no longer be used.
pub(crate) fn token_revoked(token_id: &str) -> Event {
    event(Change::TokenRevoked(TokenRevoked {
        token_id: TokenId(token_id.to_owned()),
    }))
}

/// A revision of an order.
pub(crate) fn order_changed(action: Action, id: i64, revision: i64, name: &str) -> Event {
    let at = Timestamp(1_767_323_045_000_000);
    let order = OrderSnapshot {
        id: OrderId(id),
        name: name.to_owned(),
        price: None,
        category_id: None,
        stage: StageSummary {
            id: StageId(12),
            name: "Новая".to_owned(),
            kind: StageKind::Open,
        },
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
    };
    event(Change::Order(Box::new(OrderChanged {
        action,
        revision,
        order,
        changed: Vec::new(),
        previous: None,
    })))
}

/// A revision of a task of order 42.
pub(crate) fn task_changed(action: Action, id: i64, revision: i64) -> Event {
    let at = Timestamp(1_767_323_045_000_000);
    let task = TaskSnapshot {
        id: TaskId(id),
        name: "call".to_owned(),
        date_from: None,
        date_to: None,
        all_day: false,
        color: None,
        text: String::new(),
        order_id: Some(OrderId(42)),
        status_id: None,
        type_id: None,
        created_at: at,
        updated_at: at,
    };
    event(Change::Task(Box::new(TaskChanged {
        action,
        revision,
        task,
        changed: Vec::new(),
        previous: None,
    })))
}
