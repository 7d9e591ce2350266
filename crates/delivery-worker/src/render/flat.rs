//! The keys of a flat body and their values, before they take a format.

use std::borrow::Cow;

use events::{
    Action, Change, ClientChanged, ClientField, OrderChanged, Price, TaskChanged,
    TasksOfOrderDeleted, WebhookDisabled,
};

/// Keys and values in the order of WIRE 1.
#[derive(Debug)]
pub(super) struct FlatBody<'a> {
    pub(super) entries: Entries<'a>,
}

#[derive(Debug)]
pub(super) enum Value<'a> {
    Text(Cow<'a, str>),
    Integer(Option<i64>),
    /// A number with a fraction; null if no decimal writes it.
    Number(f64),
    Price(Option<Price>),
    /// A color; unlike text it may be null.
    Color(Option<&'a str>),
    Flag(bool),
    Fields(&'a [ClientField]),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> FlatBody<'a> {
    /// `None` for a change that fires no webhook.
    pub(super) fn of(change: &'a Change, strict: bool) -> Option<Self> {
        let entries = match change {
            Change::Order(order) => order_entries(order, strict),
            Change::Task(task) => task_entries(task, strict),
            Change::TasksOfOrderDeleted(deleted) => bulk_delete_entries(deleted, strict),
            Change::Client(client) => client_entries(client, strict),
            Change::Pipeline(_)
            | Change::LeadConversionRequested(_)
            | Change::LeadConverted(_)
            | Change::TokenRevoked(_)
            | Change::PersonErased(_) => return None,
            Change::WebhookDisabled(disabled) => disabled_entries(disabled),
        };
        Some(Self { entries })
    }
}

pub(super) type Entries<'a> = Vec<(&'a str, Value<'a>)>;

fn order_entries(change: &OrderChanged, strict: bool) -> Entries<'_> {
    let order = &change.order;
    let id = ("id", Value::Integer(Some(order.id.0)));
    let end = [
        ("component", Value::from("order")),
        ("event", Value::from(change.action.as_str())),
    ];
    if change.action == Action::Delete {
        return std::iter::once(id).chain(end).collect();
    }
    let record = [
        ("name", Value::from(order.name.as_str())),
        ("price", Value::Price(order.price)),
        ("id_cat", Value::Integer(order.category_id.map(|id| id.0))),
        ("id_status", Value::Integer(Some(order.stage.id.0))),
        ("id_origin", Value::Integer(order.origin_id.map(|id| id.0))),
        ("id_client", Value::Integer(order.client_id.map(|id| id.0))),
        ("archive", Value::Flag(order.archived)),
        ("tags", Value::Text(Cow::Owned(order.tags.join(",")))),
        (
            "color",
            Value::Color(order.color.as_ref().map(events::Color::as_str)),
        ),
        ("text", Value::from(order.text.as_str())),
    ];
    let id = (!strict).then_some(id);
    id.into_iter().chain(record).chain(end).collect()
}

fn task_entries(change: &TaskChanged, strict: bool) -> Entries<'_> {
    let task = &change.task;
    let id = ("id", Value::Integer(Some(task.id.0)));
    let end = [
        ("component", Value::from("task")),
        ("event", Value::from(change.action.as_str())),
    ];
    if change.action == Action::Delete {
        return std::iter::once(id).chain(end).collect();
    }
    let seconds =
        |time: Option<events::Timestamp>| Value::Integer(time.map(events::Timestamp::unix_seconds));
    let order_id = task.order_id.map(|id| id.0);
    let record = [
        ("name", Value::from(task.name.as_str())),
        ("date_from", seconds(task.date_from)),
        ("date_to", seconds(task.date_to)),
        ("all_day", Value::Flag(task.all_day)),
        (
            "color",
            Value::Color(task.color.as_ref().map(events::Color::as_str)),
        ),
        ("text", Value::from(task.text.as_str())),
        ("id_deal", Value::Integer(order_id)),
    ];
    let order = (!strict).then_some(("id_order", Value::Integer(order_id)));
    let directories = [
        ("id_status", Value::Integer(task.status_id.map(|id| id.0))),
        ("id_type", Value::Integer(task.type_id.map(|id| id.0))),
    ];
    let id = (!strict).then_some(id);
    id.into_iter()
        .chain(record)
        .chain(order)
        .chain(directories)
        .chain(end)
        .collect()
}

fn bulk_delete_entries(deleted: &TasksOfOrderDeleted, strict: bool) -> Entries<'static> {
    let order_id = deleted.order_id.0;
    let deal = (!strict).then_some(("id_deal", Value::Integer(Some(order_id))));
    std::iter::once(("id_order", Value::Integer(Some(order_id))))
        .chain(deal)
        .chain([
            ("component", Value::from("task")),
            ("event", Value::from("delete")),
        ])
        .collect()
}

fn client_entries(change: &ClientChanged, strict: bool) -> Entries<'_> {
    let client = &change.client;
    let id = ("id", Value::Integer(Some(client.id.0)));
    let end = [
        ("component", Value::from("client")),
        ("event", Value::from(change.action.as_str())),
    ];
    if change.action == Action::Delete {
        return std::iter::once(id).chain(end).collect();
    }
    let record = [
        ("realname", Value::from(client.realname.as_str())),
        ("email", Value::from(client.email.as_str())),
        ("phone", Value::from(client.phone.as_str())),
        ("position", Value::from(client.position.as_str())),
        ("id_status", Value::Integer(client.status_id.map(|id| id.0))),
        ("text", Value::from(client.text.as_str())),
        ("fields", Value::Fields(&client.fields)),
    ];
    let id = (!strict).then_some(id);
    let end = (!strict).then_some(end);
    id.into_iter()
        .chain(record)
        .chain(end.into_iter().flatten())
        .collect()
}

fn disabled_entries(disabled: &WebhookDisabled) -> Entries<'_> {
    vec![
        ("id", Value::Integer(Some(disabled.webhook_id.0))),
        ("name", Value::from(disabled.name.as_str())),
        ("kind", Value::from(disabled.kind.as_str())),
        ("reason", Value::from(disabled.reason.as_str())),
        (
            "disabled_at",
            Value::Integer(Some(disabled.disabled_at.unix_seconds())),
        ),
        ("component", Value::from("webhook")),
        ("event", Value::from("disabled")),
    ]
}

/// The shortest decimal that reads back as the same number, never with an
/// exponent. Numbers that no decimal writes are null.
pub(super) fn decimal(number: f64) -> Option<String> {
    // Adding zero turns minus zero into zero.
    number.is_finite().then(|| (number + 0.0).to_string())
}
