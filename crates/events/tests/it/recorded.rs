//! Bytes recorded from the first version of the contract. They stay as they
//! are for ever: what once lay in a queue or in the feed must stay readable.

use events::{
    Action, ActorKind, Change, ClientChanged, ClientId, ClientSnapshot, Decoded, DeletedTask,
    DirectoryEntryId, DisabledReason, Event, FieldValue, LeadConversionRequested, LeadConverted,
    LeadId, OrderChanged, OrderId, OrderSnapshot, PersonErased, PipelineChanged, Price, StageId,
    StageKind, TaskChanged, TaskId, TaskSnapshot, TasksOfOrderDeleted, Timestamp, TokenId,
    TokenRevoked, WebhookDisabled, WebhookId, WebhookKind,
};

use crate::sample::{
    NOW, bare_client, bare_order, bare_task, client, event, event_by, field, mark, order, pipeline,
    stage, task,
};

macro_rules! recorded {
    ($($test:ident: $file:literal => $event:expr;)+) => {$(
        #[test]
        fn $test() {
            assert_recorded(include_str!(concat!("recorded/", $file, ".hex")), $event);
        }
    )+};
}

fn assert_recorded(hex: &str, expected: Event) {
    let bytes = bytes_of(hex);
    assert_eq!(Event::decode(&bytes), Ok(Decoded::Event(expected.clone())));
    assert_eq!(expected.encode(), bytes);
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap())
        .collect()
}

recorded! {
    order_add: "order-add" => Event {
        cause: events::Cause::default(),
        ..event_by(ActorKind::Lead, order_change(Action::Add, 1, bare_order()))
    };
    order_edit: "order-edit" => event(order_edited());
    order_delete: "order-delete" => event(order_change(Action::Delete, 5, order()));
    task_add: "task-add" => {
        let mut event = event(task_change(Action::Add, 1, bare_task()));
        event.actor.kind = ActorKind::Console;
        event
    };
    task_edit: "task-edit" => event(task_edited());
    task_delete: "task-delete" => {
        let mut event = event(task_change(Action::Delete, 3, task()));
        event.actor.kind = ActorKind::Import;
        event
    };
    tasks_of_order_deleted: "tasks-of-order-deleted" => event(tasks_deleted());
    client_add: "client-add" => event(client_change(Action::Add, 1, bare_client()));
    client_edit: "client-edit" => event(client_edited());
    client_delete: "client-delete" => event(client_change(Action::Delete, 3, client()));
    pipeline_add: "pipeline-add" => event_by(ActorKind::System, pipeline_change(Action::Add, 1));
    pipeline_edit: "pipeline-edit" => event(pipeline_change(Action::Edit, 2));
    pipeline_delete: "pipeline-delete" => event(pipeline_change(Action::Delete, 3));
    lead_conversion_requested: "lead-conversion-requested" =>
        event_by(ActorKind::Lead, requested(lead_requested()));
    lead_conversion_requested_with_defaults: "lead-conversion-requested-with-defaults" =>
        event_by(ActorKind::Lead, requested(lead_requested_with_defaults()));
    lead_converted: "lead-converted" => event_by(ActorKind::Lead, lead_converted_change());
    token_revoked: "token-revoked" => event_by(
        ActorKind::System,
        Change::TokenRevoked(TokenRevoked { token_id: TokenId("tok-1".into()) }),
    );
    webhook_disabled: "webhook-disabled" => event_by(
        ActorKind::System,
        Change::WebhookDisabled(WebhookDisabled {
            webhook_id: WebhookId(7),
            name: "Склад".into(),
            kind: WebhookKind::Trigger,
            reason: DisabledReason::Failing,
            disabled_at: NOW,
        }),
    );
    person_erased: "person-erased" => event(Change::PersonErased(PersonErased {
        phone_e164: Some("+78123159883".into()),
        email_normalized: Some("petr@xn--e1afmkfd.xn--p1ai".into()),
    }));
}

fn order_change(action: Action, revision: i64, order: OrderSnapshot) -> Change {
    Change::Order(Box::new(OrderChanged {
        action,
        revision,
        order,
        changed: vec![],
        previous: None,
    }))
}

/// Only what `changed` names is recorded of the former state; the rest of it,
/// such as its price category, comes from the new one.
fn order_edited() -> Change {
    let names = [
        "name",
        "price",
        "id_status",
        "id_client",
        "archive",
        "color",
        "marks",
    ];
    Change::Order(Box::new(OrderChanged {
        action: Action::Edit,
        revision: 4,
        order: order(),
        changed: names.map(String::from).to_vec(),
        previous: Some(OrderSnapshot {
            name: "Старый".into(),
            price: None,
            stage: stage(13, "Успех", StageKind::Won),
            client_id: None,
            client: None,
            archived: false,
            color: None,
            marks: vec![],
            ..order()
        }),
    }))
}

fn task_change(action: Action, revision: i64, task: TaskSnapshot) -> Change {
    Change::Task(Box::new(TaskChanged {
        action,
        revision,
        task,
        changed: vec![],
        previous: None,
    }))
}

fn task_edited() -> Change {
    Change::Task(Box::new(TaskChanged {
        action: Action::Edit,
        revision: 2,
        task: task(),
        changed: ["date_from", "id_deal", "id_order"]
            .map(String::from)
            .to_vec(),
        previous: Some(TaskSnapshot {
            date_from: Some(Timestamp(1_767_326_400_000_000)),
            order_id: Some(OrderId(41)),
            ..task()
        }),
    }))
}

fn tasks_deleted() -> Change {
    let deleted = |id, revision| DeletedTask {
        id: TaskId(id),
        revision,
    };
    Change::TasksOfOrderDeleted(TasksOfOrderDeleted {
        order_id: OrderId(42),
        tasks: vec![deleted(5, 4), deleted(6, 2)],
    })
}

fn client_change(action: Action, revision: i64, client: ClientSnapshot) -> Change {
    Change::Client(Box::new(ClientChanged {
        action,
        revision,
        client,
        changed: vec![],
        previous: None,
    }))
}

fn client_edited() -> Change {
    Change::Client(Box::new(ClientChanged {
        action: Action::Edit,
        revision: 2,
        client: client(),
        changed: ["phone", "fields"].map(String::from).to_vec(),
        previous: Some(ClientSnapshot {
            phone: "8 999 888-88-88".into(),
            fields: vec![field("Город", FieldValue::Text("Тверь".into()))],
            ..client()
        }),
    }))
}

fn pipeline_change(action: Action, revision: i64) -> Change {
    Change::Pipeline(PipelineChanged {
        action,
        revision,
        pipeline: pipeline(),
    })
}

fn requested(lead: LeadConversionRequested) -> Change {
    Change::LeadConversionRequested(Box::new(lead))
}

fn lead_requested() -> LeadConversionRequested {
    LeadConversionRequested {
        lead_id: LeadId(900),
        name: "Пётр".into(),
        phone: "8 (812) 315-98-83".into(),
        email: "Petr@Пример.рф".into(),
        phone_e164: Some("+78123159883".into()),
        email_normalized: Some("petr@xn--e1afmkfd.xn--p1ai".into()),
        owner_id: Some(9),
        origin_id: Some(DirectoryEntryId(2)),
        office_id: Some(DirectoryEntryId(31)),
        city_id: Some(DirectoryEntryId(32)),
        stage_id: Some(StageId(12)),
        cost: Some(Price(100_000)),
        marks: vec![mark("gclid", "x")],
        default_origin_id: None,
        default_office_id: None,
        default_city_id: None,
        default_stage_id: None,
    }
}

/// Recorded when the defaults came into the contract.
fn lead_requested_with_defaults() -> LeadConversionRequested {
    LeadConversionRequested {
        default_origin_id: Some(DirectoryEntryId(3)),
        default_office_id: Some(DirectoryEntryId(33)),
        default_city_id: Some(DirectoryEntryId(34)),
        default_stage_id: Some(StageId(13)),
        ..lead_requested()
    }
}

fn lead_converted_change() -> Change {
    Change::LeadConverted(LeadConverted {
        lead_id: LeadId(900),
        client_id: ClientId(77),
        order_id: OrderId(42),
        warnings: vec!["Источник 2 не найден.".into()],
    })
}
