//! Random settings and events that often meet: few ids, few names, few values. They
//! reach every place in which the index can keep a webhook.

use events::{
    Action, Change, ClientChanged, ClientField, ClientSnapshot, Event, FieldValue, Mark,
    OrderChanged, OrderSnapshot, PipelineId, Price, TaskChanged, TaskSnapshot, TokenId,
};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::{event, order, settings, stage, tasks_deleted};
use crate::domain::record::samples;
use crate::domain::trigger::TriggerSettings;
use crate::domain::webhook::{EventSwitches, WebhookSettings};

/// Fields that an edit can change.
const CHANGEABLE: [&str; 14] = [
    "name",
    "price",
    "id_status",
    "id_owner",
    "id_pipeline",
    "tags",
    "realname",
    "client.realname",
    "marks",
    "fields",
    "marks.a",
    "marks.b",
    "client.fields.x",
    "client.fields.y",
];
const TEXT_FIELDS: [&str; 8] = [
    "name",
    "previous.name",
    "realname",
    "client.realname",
    "marks.a",
    "marks.b",
    "stage.name",
    "previous.realname",
];
const INTEGER_FIELDS: [&str; 5] = [
    "id_status",
    "previous.id_status",
    "id_owner",
    "stage.id",
    "client.id",
];
const ANY_FIELDS: [&str; 2] = ["client.fields.x", "client.fields.y"];
const TEXTS: [&str; 4] = ["", "a", "b", "2"];
/// More than a look-up takes of one row; those that records have come last.
const MANY_TEXTS: [&str; 11] = [
    "10", "11", "12", "13", "14", "15", "16", "17", "2", "a", "b",
];

/// A few, and now and then more than a look-up takes of one webhook.
fn any_ids() -> impl Strategy<Value = Vec<i64>> {
    prop_oneof![
        6 => prop::collection::vec(1..4_i64, 0..3),
        1 => subsequence((1..9).collect::<Vec<i64>>(), 5..8),
    ]
}

fn any_changed() -> impl Strategy<Value = Vec<&'static str>> {
    prop_oneof![
        6 => subsequence(CHANGEABLE.to_vec(), 0..3),
        1 => subsequence(CHANGEABLE.to_vec(), 5..9),
    ]
}

fn row(field: &str, operator: &str, value: impl Into<Value>) -> Value {
    json!({"field": field, "operator": operator, "value": value.into()})
}

fn text_row() -> impl Strategy<Value = Value> {
    let operators = vec!["equal", "equal", "not_equal", "contains", "starts_with"];
    let one = (
        select(TEXT_FIELDS.to_vec()),
        select(operators),
        select(TEXTS.to_vec()),
    )
        .prop_map(|(field, operator, text)| row(field, operator, text));
    let few = subsequence(TEXTS.to_vec(), 1..4);
    let many = subsequence(MANY_TEXTS.to_vec(), 9..=MANY_TEXTS.len());
    let list = (select(TEXT_FIELDS.to_vec()), prop_oneof![few, many])
        .prop_map(|(field, texts)| row(field, "in", texts));
    prop_oneof![2 => one, 1 => list]
}

fn number_row() -> impl Strategy<Value = Value> {
    let operators = vec![
        "equal",
        "greater",
        "greater_or_equal",
        "less",
        "less_or_equal",
    ];
    let fields = [INTEGER_FIELDS.as_slice(), &["price", "previous.price"]].concat();
    let one = (select(fields.clone()), select(operators), 0..5_i64)
        .prop_map(|(field, operator, number)| row(field, operator, number));
    let few = prop::collection::vec(0..5_i64, 1..4);
    let many = subsequence((-8..5).collect::<Vec<i64>>(), 9..12);
    let list = (select(fields), prop_oneof![few, many])
        .prop_map(|(field, numbers)| row(field, "in", numbers));
    prop_oneof![3 => one, 1 => list]
}

/// A row of a client's own field.
fn any_row() -> impl Strategy<Value = Value> {
    let operators = vec![
        "equal",
        "not_equal",
        "greater",
        "less_or_equal",
        "contains",
        "changed_to",
    ];
    let value = prop_oneof![
        select(TEXTS.to_vec()).prop_map(Value::from),
        (0..4_i64).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
    ];
    let one = (select(ANY_FIELDS.to_vec()), select(operators), value)
        .prop_map(|(field, operator, value)| row(field, operator, value));
    let list = (
        select(ANY_FIELDS.to_vec()),
        prop::collection::vec(0..4_i64, 1..3),
    )
        .prop_map(|(field, values)| row(field, "in", values));
    prop_oneof![3 => one, 1 => list]
}

/// A row about an edit, about what is there, or of few values.
fn other_row() -> impl Strategy<Value = Value> {
    let bare = select(vec![
        "name",
        "realname",
        "price",
        "marks.a",
        "marks.b",
        "client.fields.x",
    ]);
    prop_oneof![
        4 => (bare, select(vec!["empty", "not_empty", "changed"]))
            .prop_map(|(field, operator)| json!({"field": field, "operator": operator})),
        1 => select(vec!["marks", "fields"])
            .prop_map(|field| json!({"field": field, "operator": "changed"})),
        2 => (select(vec!["name", "marks.a", "realname"]), select(TEXTS.to_vec()))
            .prop_map(|(field, text)| row(field, "changed_to", text)),
        1 => (select(vec!["id_owner", "price"]), 0..4_i64)
            .prop_map(|(field, number)| row(field, "changed_to", number)),
        1 => any::<bool>().prop_map(|flag| row("archive", "equal", flag)),
        1 => select(vec!["add", "edit", "delete"]).prop_map(|name| row("event", "equal", name)),
        1 => select(vec!["order", "client"]).prop_map(|name| row("component", "equal", name)),
        1 => select(vec!["vip", "spb"]).prop_map(|tag| row("tags", "contains", tag)),
        1 => subsequence(vec!["vip", "spb"], 1..=2).prop_map(|tags| row("tags", "equal", tags)),
    ]
}

fn group(member: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    (prop::collection::vec(member, 1..4), any::<bool>())
        .prop_map(|(members, all)| json!({ if all { "all" } else { "any" }: members }))
}

/// Groups of rows and of groups.
fn any_condition() -> impl Strategy<Value = Option<Value>> {
    let row = prop_oneof![text_row(), number_row(), any_row(), other_row()].boxed();
    let member = prop_oneof![4 => row.clone(), 1 => group(row)];
    option::weighted(0.8, group(member))
}

/// Any webhook or trigger.
pub(crate) fn any_settings() -> impl Strategy<Value = WebhookSettings> {
    let filter = (
        any_changed(),
        option::weighted(0.4, any_ids()),
        option::weighted(0.4, any_ids()),
        any_condition(),
        option::of(Just("mine")),
    );
    let filter = filter.prop_map(|(changed, pipelines, stages, condition, skip_token)| {
        let mut filter = json!({
            "changed": changed, "pipelines": pipelines.unwrap_or_default(),
            "stages": stages.unwrap_or_default(), "skip_token": skip_token,
        });
        if let Some(condition) = condition {
            filter["condition"] = condition;
        }
        filter
    });
    let trigger = select(vec![
        "entered",
        "created_in",
        "entered_or_created",
        "left",
        "changed",
    ]);
    let trigger = option::weighted(0.3, (trigger, 1..4_i64));
    let events = subsequence(EventSwitches::NAMES.to_vec(), 0..9);
    (events, filter, trigger).prop_map(|(events, filter, trigger)| {
        let mut made = settings(json!({"events": events, "filter": filter}));
        if let Some((event, stage)) = trigger {
            let event = json!({"event": event, "stage": stage, "pipeline": 1});
            let trigger: TriggerSettings = serde_json::from_value(event).unwrap();
            made.events = trigger.event.switches();
            made.trigger = Some(trigger);
        }
        made
    })
}

fn any_text() -> impl Strategy<Value = String> {
    select(TEXTS.to_vec()).prop_map(str::to_owned)
}

fn any_field_value() -> impl Strategy<Value = FieldValue> {
    prop_oneof![
        Just(FieldValue::Null),
        any_text().prop_map(FieldValue::Text),
        (0..4_i64).prop_map(FieldValue::Integer),
        Just(FieldValue::Number(1.5)),
        any::<bool>().prop_map(FieldValue::Flag),
    ]
}

prop_compose! {
    fn any_client()(
        id in 1..4_i64,
        realname in any_text(),
        fields in prop::collection::vec((select(vec!["x", "y", "z"]), any_field_value()), 0..4),
    ) -> ClientSnapshot {
        let fields = fields
            .into_iter()
            .map(|(name, value)| ClientField { name: name.to_owned(), value });
        ClientSnapshot {
            id: events::ClientId(id),
            realname,
            fields: fields.collect(),
            ..samples::client()
        }
    }
}

prop_compose! {
    fn any_order()(
        stage_id in 1..4_i64,
        pipeline in 1..4_i64,
        owner in option::of(1..4_i64),
        price in option::of(0..5_i64),
        name in any_text(),
        client in option::of(any_client()),
        marks in prop::collection::vec((select(vec!["a", "b", "c"]), any_text()), 0..4),
        tags in subsequence(vec!["vip", "spb"], 0..=2),
        archived in any::<bool>(),
    ) -> OrderSnapshot {
        let mut made = order(stage(stage_id, ["a", "b", "c"][(stage_id - 1) as usize]));
        made.pipeline.id = PipelineId(pipeline);
        made.owner_id = owner;
        made.price = price.map(|price| Price::parse(&price.into()).unwrap());
        made.name = name;
        made.client_id = client.as_ref().map(|client| client.id);
        made.client = client;
        made.marks = marks
            .into_iter()
            .map(|(key, value)| Mark { key: key.to_owned(), value })
            .collect();
        made.tags = tags.into_iter().map(str::to_owned).collect();
        made.archived = archived;
        made
    }
}

prop_compose! {
    fn any_task()(id in 1..4_i64, name in any_text(), all_day in any::<bool>()) -> TaskSnapshot {
        TaskSnapshot { id: events::TaskId(id), name, all_day, ..samples::task() }
    }
}

/// A record after a change, and before it if that was an edit. An edit without the
/// state before it is nothing that is sent, but can be read.
fn any_change<T: Clone + std::fmt::Debug + 'static>(
    record: impl Strategy<Value = T> + Clone + 'static,
) -> impl Strategy<Value = (Action, T, Option<T>)> {
    let edit = (record.clone(), record.clone());
    prop_oneof![
        6 => edit.prop_map(|(before, now)| (Action::Edit, now, Some(before))),
        2 => record.clone().prop_map(|now| (Action::Add, now, None)),
        1 => record.clone().prop_map(|now| (Action::Delete, now, None)),
        1 => record.prop_map(|now| (Action::Edit, now, None)),
    ]
}

/// Any event that may fire something, and some that may not.
pub(crate) fn any_event() -> impl Strategy<Value = Event> {
    let revision = 2;
    let of_order = any_change(any_order().boxed()).prop_map(move |(action, order, previous)| {
        let before = previous.as_ref();
        let changed = before.map(|before| OrderSnapshot::changed_keys(before, &order));
        let changed = changed.unwrap_or_default();
        Change::Order(Box::new(OrderChanged {
            action,
            revision,
            order,
            changed,
            previous,
        }))
    });
    let of_client = any_change(any_client().boxed()).prop_map(move |(action, client, previous)| {
        let before = previous.as_ref();
        let changed = before.map(|before| ClientSnapshot::changed_keys(before, &client));
        let changed = changed.unwrap_or_default();
        Change::Client(Box::new(ClientChanged {
            action,
            revision,
            client,
            changed,
            previous,
        }))
    });
    let of_task = any_change(any_task().boxed()).prop_map(move |(action, task, previous)| {
        let before = previous.as_ref();
        let changed = before.map(|before| TaskSnapshot::changed_keys(before, &task));
        let changed = changed.unwrap_or_default();
        Change::Task(Box::new(TaskChanged {
            action,
            revision,
            task,
            changed,
            previous,
        }))
    });
    let change = prop_oneof![
        8 => of_order,
        3 => of_client,
        1 => of_task,
        1 => Just(tasks_deleted().change),
    ];
    let token = option::of(select(vec!["mine", "other"]));
    (change, token).prop_map(|(change, token)| {
        let mut event = event(change);
        event.actor.token_id = token.map(|token| TokenId(token.to_owned()));
        event
    })
}
