//! The records that the recorded bytes and the expected bodies speak of.

use events::{
    AccountId, Actor, ActorKind, Cause, Change, ClientField, ClientId, ClientSnapshot, Color,
    DirectoryEntryId, Event, EventId, FieldValue, Mark, OrderId, OrderSnapshot, PipelineId,
    PipelineSnapshot, PipelineSummary, Price, StageId, StageKind, StageSnapshot, StageSummary,
    TaskId, TaskSnapshot, Timestamp, TokenId,
};

/// 2026-01-02T03:04:05.123456Z.
pub(crate) const NOW: Timestamp = Timestamp(1_767_323_045_123_456);

const ID: [u8; 16] = [
    0x01, 0x9b, 0x7c, 0x69, 0xd1, 0x03, 0x7a, 0xbc, 0x81, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
];

/// An event of account 7 by API token `tok-1`.
pub(crate) fn event(change: Change) -> Event {
    Event {
        id: EventId::from_bytes(&ID).unwrap(),
        account_id: AccountId(7),
        occurred_at: NOW,
        actor: Actor {
            kind: ActorKind::Api,
            token_id: Some(TokenId("tok-1".into())),
        },
        cause: Cause {
            correlation_id: "req-7".into(),
            ..Cause::default()
        },
        change,
    }
}

/// The same by an actor without a token.
pub(crate) fn event_by(kind: ActorKind, change: Change) -> Event {
    let token_id = None;
    Event {
        actor: Actor { kind, token_id },
        ..event(change)
    }
}

pub(crate) fn stage(id: i64, name: &str, kind: StageKind) -> StageSummary {
    StageSummary {
        id: StageId(id),
        name: name.into(),
        kind,
    }
}

/// Everything set.
pub(crate) fn order() -> OrderSnapshot {
    OrderSnapshot {
        id: OrderId(42),
        name: "Заказ".into(),
        price: Some(Price(150_050)),
        category_id: Some(DirectoryEntryId(3)),
        stage: stage(12, "Новая", StageKind::Open),
        pipeline: PipelineSummary {
            id: PipelineId(5),
            name: "Продажи".into(),
        },
        origin_id: Some(DirectoryEntryId(2)),
        client_id: Some(ClientId(77)),
        client: Some(client()),
        owner_id: Some(9),
        office_id: Some(DirectoryEntryId(31)),
        city_id: Some(DirectoryEntryId(32)),
        archived: true,
        tags: vec!["vip".into(), "spb".into()],
        color: Color::parse("AD3939"),
        text: "срочно".into(),
        marks: vec![mark("utmSource", "yandex"), mark("yclid", "123")],
        created_at: Timestamp(NOW.0 - 3_000_000),
        updated_at: NOW,
    }
}

/// Nothing set that may be absent.
pub(crate) fn bare_order() -> OrderSnapshot {
    OrderSnapshot {
        id: OrderId(43),
        name: String::new(),
        price: None,
        category_id: None,
        stage: stage(12, "Новая", StageKind::Open),
        pipeline: PipelineSummary {
            id: PipelineId(5),
            name: "Продажи".into(),
        },
        origin_id: None,
        client_id: None,
        client: None,
        owner_id: None,
        office_id: None,
        city_id: None,
        archived: false,
        tags: vec![],
        color: None,
        text: String::new(),
        marks: vec![],
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(crate) fn mark(key: &str, value: &str) -> Mark {
    Mark {
        key: key.into(),
        value: value.into(),
    }
}

/// Everything set.
pub(crate) fn task() -> TaskSnapshot {
    TaskSnapshot {
        id: TaskId(5),
        name: "Позвонить".into(),
        date_from: Some(Timestamp(1_767_330_000_000_000)),
        date_to: Some(Timestamp(1_767_333_600_000_000)),
        all_day: true,
        color: Color::parse("00FF00"),
        text: "до обеда".into(),
        order_id: Some(OrderId(42)),
        status_id: Some(DirectoryEntryId(21)),
        type_id: Some(DirectoryEntryId(22)),
        created_at: Timestamp(NOW.0 - 1),
        updated_at: NOW,
    }
}

/// Nothing set that may be absent.
pub(crate) fn bare_task() -> TaskSnapshot {
    TaskSnapshot {
        id: TaskId(6),
        name: String::new(),
        date_from: None,
        date_to: None,
        all_day: false,
        color: None,
        text: String::new(),
        order_id: None,
        status_id: None,
        type_id: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

/// Everything set, a field of each kind.
pub(crate) fn client() -> ClientSnapshot {
    ClientSnapshot {
        id: ClientId(77),
        realname: "Иван".into(),
        email: "a@b.ru".into(),
        phone: "79998888888".into(),
        position: "директор".into(),
        status_id: Some(DirectoryEntryId(1)),
        text: "постоянный".into(),
        fields: vec![
            field("Город", FieldValue::Text("Москва".into())),
            field("INN", FieldValue::Integer(7701)),
            field("Скидка", FieldValue::Number(2.5)),
            field("VIP", FieldValue::Flag(true)),
            field("Отчество", FieldValue::Null),
        ],
        created_at: Timestamp(NOW.0 - 2_000_000),
        updated_at: Timestamp(NOW.0 - 1_000_000),
    }
}

/// Nothing set that may be absent.
pub(crate) fn bare_client() -> ClientSnapshot {
    ClientSnapshot {
        id: ClientId(78),
        realname: String::new(),
        email: String::new(),
        phone: String::new(),
        position: String::new(),
        status_id: None,
        text: String::new(),
        fields: vec![],
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(crate) fn field(name: &str, value: FieldValue) -> ClientField {
    ClientField {
        name: name.into(),
        value,
    }
}

pub(crate) fn pipeline() -> PipelineSnapshot {
    let stage = |id, name: &str, kind, position, color| StageSnapshot {
        id: StageId(id),
        name: name.into(),
        kind,
        position,
        color,
    };
    PipelineSnapshot {
        id: PipelineId(5),
        name: "Продажи".into(),
        position: 1,
        stages: vec![
            stage(12, "Новая", StageKind::Open, 0, Color::parse("AD3939")),
            stage(13, "Успех", StageKind::Won, 1, None),
            stage(14, "Отказ", StageKind::Lost, 2, None),
        ],
        created_at: Timestamp(NOW.0 - 1),
        updated_at: NOW,
    }
}
