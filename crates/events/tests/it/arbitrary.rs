//! Random events that the domain allows.

use events::{
    AccountId, Action, Actor, ActorKind, Cause, Change, ClientChanged, ClientField, ClientId,
    ClientSnapshot, Color, DeletedTask, DirectoryEntryId, DisabledReason, Event, EventId,
    FieldValue, LeadConversionRequested, LeadConverted, LeadId, Mark, OrderChanged, OrderId,
    OrderSnapshot, PersonErased, PipelineChanged, PipelineId, PipelineSnapshot, PipelineSummary,
    Price, StageId, StageKind, StageSnapshot, StageSummary, TaskChanged, TaskId, TaskSnapshot,
    TasksOfOrderDeleted, Timestamp, TokenId, TokenRevoked, WebhookDisabled, WebhookId, WebhookKind,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

pub(crate) fn event() -> impl Strategy<Value = Event> {
    let actor = (
        select(vec![
            ActorKind::Api,
            ActorKind::Console,
            ActorKind::Lead,
            ActorKind::Import,
            ActorKind::System,
        ]),
        option::of("[a-z0-9]{1,20}"),
    );
    (
        any::<[u8; 16]>(),
        any::<i64>(),
        any::<i64>(),
        actor,
        cause(),
        change(),
    )
        .prop_map(
            |(id, account_id, occurred_at, (kind, token_id), cause, change)| Event {
                id: EventId::from_bytes(&id).unwrap(),
                account_id: AccountId(account_id),
                occurred_at: Timestamp(occurred_at),
                actor: Actor {
                    kind,
                    token_id: token_id.map(TokenId),
                },
                cause,
                change,
            },
        )
}

fn cause() -> impl Strategy<Value = Cause> {
    let traced = prop_oneof![
        Just(""),
        Just("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ];
    (text(), traced).prop_map(|(correlation_id, traceparent)| Cause {
        correlation_id,
        traceparent: traceparent.into(),
    })
}

fn change() -> impl Strategy<Value = Change> {
    let order = order_changed().prop_map(|change| Change::Order(Box::new(change)));
    let task = task_changed().prop_map(|change| Change::Task(Box::new(change)));
    let client = client_changed().prop_map(|change| Change::Client(Box::new(change)));
    let lead = lead_requested();
    let lead = lead.prop_map(|change| Change::LeadConversionRequested(Box::new(change)));
    // All side by side they are too large for the stack of a test's thread.
    prop_oneof![
        order.boxed(),
        task.boxed(),
        tasks_deleted().prop_map(Change::TasksOfOrderDeleted),
        client.boxed(),
        pipeline_changed().prop_map(Change::Pipeline),
        lead.boxed(),
        lead_converted().prop_map(Change::LeadConverted),
        "[a-z0-9]{1,20}".prop_map(|id| {
            Change::TokenRevoked(TokenRevoked {
                token_id: TokenId(id),
            })
        }),
        (option::of("[+0-9]{1,20}"), option::of("[a-z@.]{1,20}")).prop_map(|(phone, email)| {
            Change::PersonErased(PersonErased {
                phone_e164: phone,
                email_normalized: email,
            })
        }),
        webhook_disabled().prop_map(Change::WebhookDisabled),
    ]
}

fn webhook_disabled() -> impl Strategy<Value = WebhookDisabled> {
    let kinds = vec![WebhookKind::Webhook, WebhookKind::Trigger];
    let reasons = vec![DisabledReason::Gone, DisabledReason::Failing];
    (
        any::<i64>(),
        text(),
        select(kinds),
        select(reasons),
        any::<i64>(),
    )
        .prop_map(|(id, name, kind, reason, at)| WebhookDisabled {
            webhook_id: WebhookId(id),
            name,
            kind,
            reason,
            disabled_at: Timestamp(at),
        })
}

fn text() -> impl Strategy<Value = String> {
    ".{0,12}"
}

fn entry() -> impl Strategy<Value = Option<DirectoryEntryId>> {
    option::of(any::<i64>().prop_map(DirectoryEntryId))
}

fn moment() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp)
}

fn color() -> impl Strategy<Value = Option<Color>> {
    option::of("[0-9A-Fa-f]{6}".prop_map(|digits| Color::parse(&digits).unwrap()))
}

fn kind() -> impl Strategy<Value = StageKind> {
    select(vec![StageKind::Open, StageKind::Won, StageKind::Lost])
}

fn added_or_deleted() -> impl Strategy<Value = Action> {
    select(vec![Action::Add, Action::Delete])
}

fn marks() -> impl Strategy<Value = Vec<Mark>> {
    vec(
        (text(), text()).prop_map(|(key, value)| Mark { key, value }),
        0..3,
    )
}

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
fn order_changed() -> impl Strategy<Value = OrderChanged> {
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

fn task() -> impl Strategy<Value = TaskSnapshot> {
    let dates = (option::of(moment()), option::of(moment()), any::<bool>());
    let ids = (option::of(any::<i64>()), entry(), entry());
    let texts = (text(), text(), color());
    (any::<i64>(), dates, ids, texts, moment(), moment()).prop_map(
        |(id, (date_from, date_to, all_day), ids, (name, text, color), created_at, updated_at)| {
            TaskSnapshot {
                id: TaskId(id),
                name,
                date_from,
                date_to,
                all_day,
                color,
                text,
                order_id: ids.0.map(OrderId),
                status_id: ids.1,
                type_id: ids.2,
                created_at,
                updated_at,
            }
        },
    )
}

fn task_changed() -> impl Strategy<Value = TaskChanged> {
    let edited = (task(), task(), any::<i64>()).prop_map(|(task, other, revision)| {
        let previous = TaskSnapshot {
            id: task.id,
            created_at: task.created_at,
            updated_at: task.updated_at,
            ..other
        };
        TaskChanged {
            action: Action::Edit,
            revision,
            changed: TaskSnapshot::changed_keys(&previous, &task),
            task,
            previous: Some(previous),
        }
    });
    let other = (task(), added_or_deleted(), any::<i64>()).prop_map(|(task, action, revision)| {
        TaskChanged {
            action,
            revision,
            task,
            changed: vec![],
            previous: None,
        }
    });
    prop_oneof![edited, other]
}

fn tasks_deleted() -> impl Strategy<Value = TasksOfOrderDeleted> {
    let task = (any::<i64>(), any::<i64>()).prop_map(|(id, revision)| DeletedTask {
        id: TaskId(id),
        revision,
    });
    (any::<i64>(), vec(task, 0..4)).prop_map(|(order_id, tasks)| TasksOfOrderDeleted {
        order_id: OrderId(order_id),
        tasks,
    })
}

fn field_value() -> impl Strategy<Value = FieldValue> {
    prop_oneof![
        Just(FieldValue::Null),
        text().prop_map(FieldValue::Text),
        any::<i64>().prop_map(FieldValue::Integer),
        proptest::num::f64::NORMAL.prop_map(FieldValue::Number),
        any::<bool>().prop_map(FieldValue::Flag),
    ]
}

fn client() -> impl Strategy<Value = ClientSnapshot> {
    let field = (text(), field_value()).prop_map(|(name, value)| ClientField { name, value });
    let texts = (text(), text(), text(), text(), text());
    (
        any::<i64>(),
        texts,
        entry(),
        vec(field, 0..4),
        moment(),
        moment(),
    )
        .prop_map(
            |(id, texts, status_id, fields, created_at, updated_at)| ClientSnapshot {
                id: ClientId(id),
                realname: texts.0,
                email: texts.1,
                phone: texts.2,
                position: texts.3,
                status_id,
                text: texts.4,
                fields,
                created_at,
                updated_at,
            },
        )
}

fn client_changed() -> impl Strategy<Value = ClientChanged> {
    let edited = (client(), client(), any::<i64>()).prop_map(|(client, other, revision)| {
        let previous = ClientSnapshot {
            id: client.id,
            created_at: client.created_at,
            updated_at: client.updated_at,
            ..other
        };
        ClientChanged {
            action: Action::Edit,
            revision,
            changed: ClientSnapshot::changed_keys(&previous, &client),
            client,
            previous: Some(previous),
        }
    });
    let other =
        (client(), added_or_deleted(), any::<i64>()).prop_map(|(client, action, revision)| {
            ClientChanged {
                action,
                revision,
                client,
                changed: vec![],
                previous: None,
            }
        });
    prop_oneof![edited, other]
}

fn pipeline_changed() -> impl Strategy<Value = PipelineChanged> {
    let stage = (any::<i64>(), text(), kind(), any::<i64>(), color()).prop_map(
        |(id, name, kind, position, color)| StageSnapshot {
            id: StageId(id),
            name,
            kind,
            position,
            color,
        },
    );
    let action = select(vec![Action::Add, Action::Edit, Action::Delete]);
    let times = (moment(), moment());
    let numbers = (any::<i64>(), any::<i64>(), any::<i64>());
    (action, numbers, text(), vec(stage, 0..4), times).prop_map(
        |(action, (id, position, revision), name, stages, times)| PipelineChanged {
            action,
            revision,
            pipeline: PipelineSnapshot {
                id: PipelineId(id),
                name,
                position,
                stages,
                created_at: times.0,
                updated_at: times.1,
            },
        },
    )
}

fn lead_requested() -> impl Strategy<Value = LeadConversionRequested> {
    let texts = (text(), text(), text());
    let normalized = (
        option::of("\\+[0-9]{11}"),
        option::of("[a-z]{1,5}@[a-z]{1,5}"),
    );
    let ids = (
        option::of(any::<i64>()),
        entry(),
        entry(),
        entry(),
        option::of(any::<i64>()),
    );
    let defaults = (entry(), entry(), entry(), option::of(any::<i64>()));
    let cost = option::of(any::<i64>());
    let wanted = (ids, defaults);
    (any::<i64>(), texts, normalized, wanted, cost, marks()).prop_map(
        |(lead_id, texts, normalized, (ids, defaults), cost, marks)| LeadConversionRequested {
            lead_id: LeadId(lead_id),
            name: texts.0,
            phone: texts.1,
            email: texts.2,
            phone_e164: normalized.0,
            email_normalized: normalized.1,
            owner_id: ids.0,
            origin_id: ids.1,
            office_id: ids.2,
            city_id: ids.3,
            stage_id: ids.4.map(StageId),
            cost: cost.map(Price),
            marks,
            default_origin_id: defaults.0,
            default_office_id: defaults.1,
            default_city_id: defaults.2,
            default_stage_id: defaults.3.map(StageId),
        },
    )
}

fn lead_converted() -> impl Strategy<Value = LeadConverted> {
    let ids = (any::<i64>(), any::<i64>(), any::<i64>());
    (ids, vec(text(), 0..3)).prop_map(|(ids, warnings)| LeadConverted {
        lead_id: LeadId(ids.0),
        client_id: ClientId(ids.1),
        order_id: OrderId(ids.2),
        warnings,
    })
}
