//! Records of the golden samples, and bare ones.

use events::{
    AccountId, Action, Actor, ActorKind, Change, ClientChanged, ClientField, ClientId,
    ClientSnapshot, Color, DeletedTask, DirectoryEntryId, Event, EventId, FieldValue, OrderChanged,
    OrderId, OrderSnapshot, PipelineId, PipelineSummary, Price, StageId, StageKind, StageSummary,
    TaskChanged, TaskId, TaskSnapshot, TasksOfOrderDeleted, Timestamp,
};
use uuid::Uuid;

pub(super) const NOW: Timestamp = Timestamp(1_767_322_984_123_456);

pub(super) fn event(change: Change) -> Event {
    Event {
        id: EventId(Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001)),
        account_id: AccountId(1),
        occurred_at: NOW,
        actor: Actor {
            kind: ActorKind::Api,
            token_id: None,
        },
        cause: events::Cause::default(),
        change,
    }
}

/// The order of the first golden sample.
pub(super) fn order() -> OrderSnapshot {
    OrderSnapshot {
        id: OrderId(42),
        name: "Заказ".to_owned(),
        price: Some(Price(150_050)),
        category_id: Some(DirectoryEntryId(3)),
        stage: StageSummary {
            id: StageId(12),
            name: "Новая".to_owned(),
            kind: StageKind::Open,
        },
        pipeline: PipelineSummary {
            id: PipelineId(1),
            name: "Продажи".to_owned(),
        },
        origin_id: Some(DirectoryEntryId(2)),
        client_id: Some(ClientId(77)),
        client: None,
        owner_id: Some(5),
        office_id: None,
        city_id: None,
        archived: false,
        tags: vec!["vip".to_owned(), "spb".to_owned()],
        color: Color::parse("AD3939"),
        text: String::new(),
        marks: Vec::new(),
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(super) fn bare_order() -> OrderSnapshot {
    OrderSnapshot {
        price: None,
        category_id: None,
        origin_id: None,
        client_id: None,
        archived: true,
        tags: Vec::new(),
        color: None,
        text: "a b*c~d\r\n\"e\"\\".to_owned(),
        ..order()
    }
}

pub(super) fn order_event(action: Action, order: OrderSnapshot) -> Event {
    event(Change::Order(Box::new(OrderChanged {
        action,
        revision: 1,
        previous: (action == Action::Edit).then(|| order.clone()),
        order,
        changed: Vec::new(),
    })))
}

pub(super) fn task() -> TaskSnapshot {
    TaskSnapshot {
        id: TaskId(9),
        name: "Звонок".to_owned(),
        date_from: Some(Timestamp(1_767_322_984_000_000)),
        date_to: Some(Timestamp(1_767_326_584_999_999)),
        all_day: true,
        color: Color::parse("#00ff7f"),
        text: "Спросить".to_owned(),
        order_id: Some(OrderId(42)),
        status_id: Some(DirectoryEntryId(6)),
        type_id: Some(DirectoryEntryId(4)),
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(super) fn bare_task() -> TaskSnapshot {
    TaskSnapshot {
        date_from: None,
        date_to: None,
        all_day: false,
        color: None,
        text: String::new(),
        order_id: None,
        type_id: None,
        ..task()
    }
}

pub(super) fn task_event(action: Action, task: TaskSnapshot) -> Event {
    event(Change::Task(Box::new(TaskChanged {
        action,
        revision: 1,
        previous: (action == Action::Edit).then(|| task.clone()),
        task,
        changed: Vec::new(),
    })))
}

pub(super) fn field(name: &str, value: FieldValue) -> ClientField {
    ClientField {
        name: name.to_owned(),
        value,
    }
}

pub(super) fn text(value: &str) -> FieldValue {
    FieldValue::Text(value.to_owned())
}

/// The client of the second golden sample.
pub(super) fn client() -> ClientSnapshot {
    ClientSnapshot {
        id: ClientId(77),
        realname: "Иван".to_owned(),
        email: "a@b.ru".to_owned(),
        phone: "79998888888".to_owned(),
        position: String::new(),
        status_id: Some(DirectoryEntryId(1)),
        text: String::new(),
        fields: vec![field("Город", text("Москва")), field("INN", text("7701"))],
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(super) fn client_event(action: Action, client: ClientSnapshot) -> Event {
    event(Change::Client(Box::new(ClientChanged {
        action,
        revision: 1,
        previous: (action == Action::Edit).then(|| client.clone()),
        client,
        changed: Vec::new(),
    })))
}

pub(super) fn bulk_delete() -> Event {
    event(Change::TasksOfOrderDeleted(TasksOfOrderDeleted {
        order_id: OrderId(42),
        tasks: vec![DeletedTask {
            id: TaskId(9),
            revision: 3,
        }],
    }))
}
