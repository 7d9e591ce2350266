//! The envelope byte for byte (WIRE 1), and with it the REST bodies (WIRE 5).

use events::{
    Action, ActorKind, Change, ClientChanged, ClientId, ClientSnapshot, DeletedTask,
    DisabledReason, Event, LeadConversionRequested, LeadConverted, LeadId, OrderChanged, OrderId,
    OrderSnapshot, PersonErased, PipelineChanged, TaskChanged, TaskId, TasksOfOrderDeleted,
    TokenId, TokenRevoked, WebhookDisabled, WebhookId, WebhookKind, envelope, rest,
};

use crate::sample::{
    NOW, bare_client, bare_order, bare_task, client, event, event_by, mark, order, pipeline, task,
};

const ORDER: &str = r#"{"id":42,"name":"Заказ","price":1500.5,"id_cat":3,"id_status":12,"id_origin":2,"id_client":77,"archive":true,"tags":"vip,spb","color":"AD3939","text":"срочно","id_pipeline":5,"id_owner":9,"id_office":31,"id_city":32,"marks":{"utmSource":"yandex","yclid":"123"},"revision":4,"created_at":"2026-01-02T03:04:02.123456Z","updated_at":"2026-01-02T03:04:05.123456Z"}"#;
const TASK: &str = r#"{"id":5,"name":"Позвонить","date_from":1767330000,"date_to":1767333600,"all_day":true,"color":"00FF00","text":"до обеда","id_deal":42,"id_order":42,"id_status":21,"id_type":22,"revision":3,"created_at":"2026-01-02T03:04:05.123455Z","updated_at":"2026-01-02T03:04:05.123456Z"}"#;
const CLIENT: &str = r#"{"id":77,"realname":"Иван","email":"a@b.ru","phone":"79998888888","position":"директор","id_status":1,"text":"постоянный","fields":{"Город":"Москва","INN":7701,"Скидка":2.5,"VIP":true,"Отчество":null},"revision":2,"created_at":"2026-01-02T03:04:03.123456Z","updated_at":"2026-01-02T03:04:04.123456Z"}"#;
const PIPELINE: &str = r#"{"id":5,"name":"Продажи","position":1,"stages":[{"id":12,"name":"Новая","kind":"open","position":0,"color":"AD3939"},{"id":13,"name":"Успех","kind":"won","position":1,"color":null},{"id":14,"name":"Отказ","kind":"lost","position":2,"color":null}],"revision":6,"created_at":"2026-01-02T03:04:05.123455Z","updated_at":"2026-01-02T03:04:05.123456Z"}"#;

const BY_API: &str = r#"{"kind":"api","token_id":"tok-1"}"#;
const BY_LEAD: &str = r#"{"kind":"lead","token_id":null}"#;
const BY_SYSTEM: &str = r#"{"kind":"system","token_id":null}"#;

#[track_caller]
fn assert_envelope(
    event: &Event,
    event_type: &str,
    revision: &str,
    actor: &str,
    data: &str,
    previous: &str,
) {
    let expected = format!(
        r#"{{"id":"019b7c69-d103-7abc-8123-456789abcdef","type":"{event_type}","timestamp":"2026-01-02T03:04:05.123456Z","account_id":7,"revision":{revision},"actor":{actor},"data":{data},"previous":{previous}}}"#
    );
    assert_eq!(serde_json::to_string(&envelope(event)).unwrap(), expected);
}

fn order_event(action: Action, changed: &[&str], previous: Option<OrderSnapshot>) -> Event {
    event(Change::Order(Box::new(OrderChanged {
        action,
        revision: 4,
        order: order(),
        changed: changed.iter().map(ToString::to_string).collect(),
        previous,
    })))
}

#[test]
fn order_events() {
    let add = order_event(Action::Add, &[], None);
    assert_envelope(&add, "order.add", "4", BY_API, ORDER, "null");
    let delete = order_event(Action::Delete, &[], None);
    assert_envelope(&delete, "order.delete", "4", BY_API, ORDER, "null");
}

#[test]
fn order_edit_shows_the_former_values_of_changed_keys_only() {
    let before = OrderSnapshot {
        name: "не показано".into(),
        price: None,
        tags: vec!["vip".into()],
        marks: vec![mark("gclid", "x")],
        ..order()
    };
    let edit = order_event(Action::Edit, &["price", "tags", "marks"], Some(before));
    let previous = r#"{"price":null,"tags":"vip","marks":{"gclid":"x"}}"#;
    assert_envelope(&edit, "order.edit", "4", BY_API, ORDER, previous);
}

#[test]
fn task_events() {
    let change = |action, changed: &[&str], previous| {
        event(Change::Task(Box::new(TaskChanged {
            action,
            revision: 3,
            task: task(),
            changed: changed.iter().map(ToString::to_string).collect(),
            previous,
        })))
    };
    let add = change(Action::Add, &[], None);
    assert_envelope(&add, "task.add", "3", BY_API, TASK, "null");
    let keys = ["date_to", "id_deal", "id_order"];
    let edit = change(Action::Edit, &keys, Some(bare_task()));
    let previous = r#"{"date_to":null,"id_deal":null,"id_order":null}"#;
    assert_envelope(&edit, "task.edit", "3", BY_API, TASK, previous);
    let delete = change(Action::Delete, &[], None);
    assert_envelope(&delete, "task.delete", "3", BY_API, TASK, "null");
}

#[test]
fn all_tasks_of_an_order() {
    let task = |id| DeletedTask {
        id: TaskId(id),
        revision: 2,
    };
    let deleted = event(Change::TasksOfOrderDeleted(TasksOfOrderDeleted {
        order_id: OrderId(42),
        tasks: vec![task(1), task(2), task(3)],
    }));
    let data = r#"{"id_order":42,"count":3}"#;
    assert_envelope(&deleted, "task.delete", "null", BY_API, data, "null");
}

#[test]
fn client_events() {
    let change = |action, changed: &[&str], previous| {
        event(Change::Client(Box::new(ClientChanged {
            action,
            revision: 2,
            client: client(),
            changed: changed.iter().map(ToString::to_string).collect(),
            previous,
        })))
    };
    let add = change(Action::Add, &[], None);
    assert_envelope(&add, "client.add", "2", BY_API, CLIENT, "null");
    let before = ClientSnapshot {
        fields: vec![],
        ..client()
    };
    let edit = change(Action::Edit, &["fields"], Some(before));
    assert_envelope(
        &edit,
        "client.edit",
        "2",
        BY_API,
        CLIENT,
        r#"{"fields":{}}"#,
    );
    let delete = change(Action::Delete, &[], None);
    assert_envelope(&delete, "client.delete", "2", BY_API, CLIENT, "null");
}

#[test]
fn pipeline_events() {
    for (action, event_type) in [
        (Action::Add, "pipeline.add"),
        (Action::Edit, "pipeline.edit"),
        (Action::Delete, "pipeline.delete"),
    ] {
        let change = event(Change::Pipeline(PipelineChanged {
            action,
            revision: 6,
            pipeline: pipeline(),
        }));
        assert_envelope(&change, event_type, "6", BY_API, PIPELINE, "null");
    }
}

#[test]
fn a_lead_shows_no_name_and_no_contacts() {
    let requested = LeadConversionRequested {
        lead_id: LeadId(900),
        name: "Пётр".into(),
        phone: "79998888888".into(),
        email: "a@b.ru".into(),
        phone_e164: Some("+79998888888".into()),
        email_normalized: Some("a@b.ru".into()),
        owner_id: None,
        origin_id: None,
        office_id: None,
        city_id: None,
        stage_id: None,
        cost: None,
        marks: vec![],
        default_origin_id: None,
        default_office_id: None,
        default_city_id: None,
        default_stage_id: None,
    };
    let event = event_by(
        ActorKind::Lead,
        Change::LeadConversionRequested(Box::new(requested)),
    );
    let data = r#"{"id_lead":900}"#;
    assert_envelope(
        &event,
        "lead.conversion_requested",
        "null",
        BY_LEAD,
        data,
        "null",
    );
}

#[test]
fn lead_converted() {
    let converted = event_by(
        ActorKind::Lead,
        Change::LeadConverted(LeadConverted {
            lead_id: LeadId(900),
            client_id: ClientId(77),
            order_id: OrderId(42),
            warnings: vec!["Источник 2 не найден.".into()],
        }),
    );
    let data =
        r#"{"id_lead":900,"id_client":77,"id_order":42,"warnings":["Источник 2 не найден."]}"#;
    assert_envelope(&converted, "lead.converted", "null", BY_LEAD, data, "null");
}

#[test]
fn token_revoked() {
    let token_id = TokenId("tok-1".into());
    let revoked = event_by(
        ActorKind::System,
        Change::TokenRevoked(TokenRevoked { token_id }),
    );
    let data = r#"{"token_id":"tok-1"}"#;
    assert_envelope(&revoked, "token.revoked", "null", BY_SYSTEM, data, "null");

    // Nobody who reads the feed learns whom.
    let erased = event_by(
        ActorKind::System,
        Change::PersonErased(PersonErased {
            phone_e164: Some("+79998888888".into()),
            email_normalized: Some("a@b.ru".into()),
        }),
    );
    assert_envelope(&erased, "person.erased", "null", BY_SYSTEM, "{}", "null");
    let disabled = event_by(
        ActorKind::System,
        Change::WebhookDisabled(WebhookDisabled {
            webhook_id: WebhookId(7),
            name: "Склад".into(),
            kind: WebhookKind::Webhook,
            reason: DisabledReason::Gone,
            disabled_at: NOW,
        }),
    );
    assert_envelope(
        &disabled,
        "webhook.disabled",
        "null",
        BY_SYSTEM,
        r#"{"id":7,"name":"Склад","kind":"webhook","reason":"gone","disabled_at":"2026-01-02T03:04:05.123456Z"}"#,
        "null",
    );
}

#[test]
fn bare_records_keep_every_key() {
    assert_eq!(
        rest::order_body(&bare_order(), 1).to_string(),
        r#"{"id":43,"name":"","price":null,"id_cat":null,"id_status":12,"id_origin":null,"id_client":null,"archive":false,"tags":"","color":null,"text":"","id_pipeline":5,"id_owner":null,"id_office":null,"id_city":null,"marks":{},"revision":1,"created_at":"2026-01-02T03:04:05.123456Z","updated_at":"2026-01-02T03:04:05.123456Z"}"#
    );
    assert_eq!(
        rest::task_body(&bare_task(), 1).to_string(),
        r#"{"id":6,"name":"","date_from":null,"date_to":null,"all_day":false,"color":null,"text":"","id_deal":null,"id_order":null,"id_status":null,"id_type":null,"revision":1,"created_at":"2026-01-02T03:04:05.123456Z","updated_at":"2026-01-02T03:04:05.123456Z"}"#
    );
    assert_eq!(
        rest::client_body(&bare_client(), 1).to_string(),
        r#"{"id":78,"realname":"","email":"","phone":"","position":"","id_status":null,"text":"","fields":{},"revision":1,"created_at":"2026-01-02T03:04:05.123456Z","updated_at":"2026-01-02T03:04:05.123456Z"}"#
    );
}

#[test]
fn single_values_are_those_of_the_body() {
    assert_eq!(rest::order_value(&order(), "id"), Some(42.into()));
    assert_eq!(rest::order_value(&order(), "price"), Some(1500.5.into()));
    assert_eq!(rest::order_value(&order(), "revision"), None);
    assert_eq!(rest::task_value(&task(), "id_deal"), Some(42.into()));
    assert_eq!(
        rest::client_value(&client(), "phone"),
        Some("79998888888".into())
    );
    assert_eq!(rest::client_value(&client(), "id_client"), None);
}
