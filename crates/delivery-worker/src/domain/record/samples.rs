//! Records in which every key has a value of its own.

use events::{
    Action, Change, ClientChanged, ClientField, ClientId, ClientSnapshot, Color, DirectoryEntryId,
    FieldValue, Mark, OrderChanged, OrderId, OrderSnapshot, PipelineId, PipelineSummary, Price,
    StageId, StageKind, StageSummary, TaskChanged, TaskId, TaskSnapshot, Timestamp,
};

const AT: Timestamp = Timestamp(1_767_323_045_000_000);

/// «Заказ» of 1500.50 in the stage «Новая».
pub(crate) fn order() -> OrderSnapshot {
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
            id: PipelineId(4),
            name: "Продажи".to_owned(),
        },
        origin_id: Some(DirectoryEntryId(2)),
        client_id: Some(ClientId(77)),
        client: Some(client()),
        owner_id: Some(5),
        office_id: Some(DirectoryEntryId(6)),
        city_id: Some(DirectoryEntryId(7)),
        archived: true,
        tags: vec!["vip".to_owned(), "spb".to_owned()],
        color: Color::parse("ad3939"),
        text: "позвонить".to_owned(),
        marks: vec![mark("utmSource", "yandex"), mark("gclid", "x1")],
        created_at: AT,
        updated_at: AT,
    }
}

pub(crate) fn mark(key: &str, value: &str) -> Mark {
    Mark {
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

/// «Иван», the client of that order.
pub(crate) fn client() -> ClientSnapshot {
    let field = |name: &str, value| ClientField {
        name: name.to_owned(),
        value,
    };
    ClientSnapshot {
        id: ClientId(77),
        realname: "Иван".to_owned(),
        email: "a@b.ru".to_owned(),
        phone: "79998888888".to_owned(),
        position: "директор".to_owned(),
        status_id: Some(DirectoryEntryId(8)),
        text: "важный".to_owned(),
        fields: vec![
            field("Город", FieldValue::Text("Москва".to_owned())),
            field("INN", FieldValue::Integer(7701)),
            field("ratio", FieldValue::Number(2.5)),
            field("sum", FieldValue::Text("10".to_owned())),
            field("code", FieldValue::Text("007".to_owned())),
            field("is_vip", FieldValue::Flag(true)),
            field("blank", FieldValue::Text(String::new())),
            field("none", FieldValue::Null),
            field("a.b", FieldValue::Text("dotted".to_owned())),
        ],
        created_at: AT,
        updated_at: AT,
    }
}

/// A task of that order.
pub(crate) fn task() -> TaskSnapshot {
    TaskSnapshot {
        id: TaskId(9),
        name: "Звонок".to_owned(),
        date_from: Some(Timestamp(1_700_000_000_000_000)),
        date_to: Some(Timestamp(1_700_003_600_000_000)),
        all_day: true,
        color: Color::parse("#00ff00"),
        text: "утром".to_owned(),
        order_id: Some(OrderId(42)),
        status_id: Some(DirectoryEntryId(10)),
        type_id: Some(DirectoryEntryId(11)),
        created_at: AT,
        updated_at: AT,
    }
}

pub(crate) fn order_changed(
    action: Action,
    order: OrderSnapshot,
    previous: Option<OrderSnapshot>,
) -> Change {
    Change::Order(Box::new(OrderChanged {
        action,
        revision: 2,
        changed: previous
            .as_ref()
            .map(|before| OrderSnapshot::changed_keys(before, &order))
            .unwrap_or_default(),
        order,
        previous,
    }))
}

pub(crate) fn task_changed(
    action: Action,
    task: TaskSnapshot,
    previous: Option<TaskSnapshot>,
) -> Change {
    Change::Task(Box::new(TaskChanged {
        action,
        revision: 2,
        task,
        changed: Vec::new(),
        previous,
    }))
}

pub(crate) fn client_changed(
    action: Action,
    client: ClientSnapshot,
    previous: Option<ClientSnapshot>,
) -> Change {
    Change::Client(Box::new(ClientChanged {
        action,
        revision: 2,
        client,
        changed: Vec::new(),
        previous,
    }))
}
