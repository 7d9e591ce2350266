//! Events as the entity service would publish them.

use events::{
    AccountId, Action, Actor, ActorKind, Change, ClientChanged, ClientId, ClientSnapshot, Clock,
    Event, EventId, OrderChanged, OrderId, OrderSnapshot, PipelineId, PipelineSummary, StageId,
    StageKind, StageSummary, Timestamp,
};

/// `order.add` of an order called «Заказ».
pub(crate) fn order_added(account: i64, order: i64) -> Event {
    of_order(account, order, Action::Add, 1)
}

/// `order.delete` of that order.
pub(crate) fn order_deleted(account: i64, order: i64) -> Event {
    of_order(account, order, Action::Delete, 2)
}

fn of_order(account: i64, order: i64, action: Action, revision: i64) -> Event {
    let at = Timestamp(1_767_323_045_000_000);
    let change = OrderChanged {
        action,
        revision,
        order: OrderSnapshot {
            id: OrderId(order),
            name: "Заказ".to_owned(),
            price: None,
            category_id: None,
            stage: StageSummary {
                id: StageId(12),
                name: "Новая".to_owned(),
                kind: StageKind::Open,
            },
            pipeline: PipelineSummary {
                id: PipelineId(1),
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
        },
        changed: Vec::new(),
        previous: None,
    };
    event(account, Change::Order(Box::new(change)))
}

/// `client.add` of a client called «Иван».
pub(crate) fn client_added(account: i64, client: i64) -> Event {
    let at = Timestamp(1_767_323_045_000_000);
    let change = ClientChanged {
        action: Action::Add,
        revision: 1,
        client: ClientSnapshot {
            id: ClientId(client),
            realname: "Иван".to_owned(),
            email: String::new(),
            phone: String::new(),
            position: String::new(),
            status_id: None,
            text: String::new(),
            fields: Vec::new(),
            created_at: at,
            updated_at: at,
        },
        changed: Vec::new(),
        previous: None,
    };
    event(account, Change::Client(Box::new(change)))
}

pub(crate) fn event(account: i64, change: Change) -> Event {
    let now = Clock::System.now();
    Event {
        id: EventId::new(now),
        account_id: AccountId(account),
        occurred_at: now,
        actor: Actor {
            kind: ActorKind::Api,
            token_id: None,
        },
        cause: events::Cause::default(),
        change,
    }
}
