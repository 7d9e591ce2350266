//! What a trigger sends, in every form, and the way back for any text.

use events::{
    AccountId, Action, Actor, ActorKind, ClientField, ClientId, ClientSnapshot, Color,
    DirectoryEntryId, EventId, FieldValue, Mark, OrderChanged, OrderId, OrderSnapshot, PipelineId,
    PipelineSummary, Price, StageId, StageKind, StageSummary, TaskId, TasksOfOrderDeleted,
    Timestamp,
};
use hyper::Method;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::domain::webhook::WebhookSettings;
use crate::render::{RenderSettings, Rendered, render, render_test};

const NOW: Timestamp = Timestamp(1_767_322_984_123_456);

/// A trigger's settings as they are stored.
fn settings(method: &str, format: &str, parameters: Json) -> RenderSettings {
    let settings: WebhookSettings = serde_json::from_value(json!({
        "url": "https://a.example/", "format": format, "events": ["order.edit"],
        "trigger": {
            "stage": 12, "pipeline": 1, "event": "entered", "method": method,
            "parameters": parameters,
        },
    }))
    .unwrap();
    RenderSettings::of(&settings)
}

fn of(change: super::Change) -> super::Event {
    super::Event {
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

fn edited(order: OrderSnapshot, previous: OrderSnapshot) -> super::Event {
    of(super::Change::Order(Box::new(OrderChanged {
        action: Action::Edit,
        revision: 2,
        changed: OrderSnapshot::changed_keys(&previous, &order),
        order,
        previous: Some(previous),
    })))
}

fn order() -> OrderSnapshot {
    OrderSnapshot {
        id: OrderId(42),
        name: "Заказ & Ко".to_owned(),
        price: Some(Price(150_050)),
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
        origin_id: Some(DirectoryEntryId(2)),
        client_id: Some(ClientId(77)),
        client: Some(ClientSnapshot {
            id: ClientId(77),
            realname: "Иван".to_owned(),
            email: "a@b.ru".to_owned(),
            phone: "79998888888".to_owned(),
            position: String::new(),
            status_id: None,
            text: String::new(),
            fields: vec![ClientField {
                name: "Скидка".to_owned(),
                value: FieldValue::Number(0.5),
            }],
            created_at: NOW,
            updated_at: NOW,
        }),
        owner_id: None,
        office_id: None,
        city_id: None,
        archived: false,
        tags: vec!["vip".to_owned(), "spb".to_owned()],
        color: Color::parse("AD3939"),
        text: String::new(),
        marks: vec![Mark {
            key: "utmSource".to_owned(),
            value: "yandex".to_owned(),
        }],
        created_at: NOW,
        updated_at: NOW,
    }
}

/// One parameter of every kind, in an order of its own.
fn every_kind() -> Json {
    let field = |name: &str, value: &str| json!({"name": name, "kind": "field", "value": value});
    json!([
        field("title", "name"),
        field("price", "price"),
        {"name": "source", "kind": "value", "value": "crm"},
        {"name": "level", "kind": "value", "value": 1.50},
        {"name": "count", "kind": "value", "value": 3},
        {"name": "hot", "kind": "value", "value": true},
        field("archive", "archive"),
        field("tags", "tags"),
        field("color", "color"),
        field("owner", "id_owner"),
        field("utm", "marks.utmSource"),
        field("no_mark", "marks.none"),
        field("phone", "client.phone"),
        field("discount", "client.fields.Скидка"),
        field("stage", "stage.name"),
        field("kind", "stage.kind"),
        field("was", "previous.id_status"),
        {"name": "event", "kind": "system", "value": "event_id"},
        {"name": "at", "kind": "system", "value": "timestamp"},
    ])
}

fn every_kind_in(method: &str, format: &str) -> Rendered {
    let mut previous = order();
    previous.stage.id = StageId(11);
    let event = edited(order(), previous);
    render(&event, &settings(method, format, every_kind())).unwrap()
}

const PAIRS: &str = "title=%D0%97%D0%B0%D0%BA%D0%B0%D0%B7+%26+%D0%9A%D0%BE&price=1500.5&source=crm\
    &level=1.5&count=3&hot=1&archive=0&tags=vip%2Cspb&color=AD3939&owner=&utm=yandex&no_mark=\
    &phone=79998888888&discount=0.5&stage=%D0%9D%D0%BE%D0%B2%D0%B0%D1%8F&kind=open&was=11\
    &event=01980000-0000-7000-8000-000000000001&at=1767322984";

#[test]
fn a_form_has_the_pairs_in_their_order_and_nothing_else() {
    let rendered = every_kind_in("POST", "form");
    assert_eq!(rendered.method, Method::POST);
    assert_eq!(
        rendered.content_type,
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(rendered.body, PAIRS);
    assert_eq!(rendered.query, "");
}

#[test]
fn a_get_has_them_in_its_query_whatever_the_format() {
    for format in ["form", "json"] {
        let rendered = every_kind_in("GET", format);
        assert_eq!(rendered.method, Method::GET);
        assert_eq!(rendered.content_type, None);
        assert_eq!(rendered.body, "");
        assert_eq!(rendered.query, PAIRS);
    }
}

#[test]
fn json_has_native_types_and_empty_texts_for_what_is_missing() {
    let rendered = every_kind_in("POST", "json");
    assert_eq!(rendered.content_type, Some("application/json"));
    assert_eq!(
        rendered.body,
        concat!(
            r#"{"title":"Заказ & Ко","price":1500.5,"source":"crm","level":1.5,"count":3,"#,
            r#""hot":true,"archive":false,"tags":"vip,spb","color":"AD3939","owner":"","#,
            r#""utm":"yandex","no_mark":"","phone":"79998888888","discount":0.5,"#,
            r#""stage":"Новая","kind":"open","was":11,"#,
            r#""event":"01980000-0000-7000-8000-000000000001","at":1767322984}"#,
        )
    );
}

#[test]
fn without_parameters_nothing_is_sent() {
    let event = edited(order(), order());
    for (method, format, body) in [
        ("POST", "form", ""),
        ("POST", "json", "{}"),
        ("GET", "form", ""),
    ] {
        let rendered = render(&event, &settings(method, format, json!([]))).unwrap();
        assert_eq!(rendered.body, body, "{method} {format}");
        assert_eq!(rendered.query, "");
    }
}

#[test]
fn a_test_is_one_pair_in_the_triggers_own_form() {
    for (method, format, body, query) in [
        ("POST", "form", "test=test", ""),
        ("POST", "json", r#"{"test":"test"}"#, ""),
        ("GET", "form", "", "test=test"),
        ("GET", "json", "", "test=test"),
    ] {
        let rendered = render_test(&settings(method, format, every_kind()));
        assert_eq!(rendered.body, body, "{method} {format}");
        assert_eq!(rendered.query, query, "{method} {format}");
        assert_eq!(rendered.content_type.is_none(), method == "GET");
    }
}

#[test]
fn only_events_of_orders_have_a_request() {
    let event = of(super::Change::TasksOfOrderDeleted(TasksOfOrderDeleted {
        order_id: OrderId(42),
        tasks: vec![events::DeletedTask {
            id: TaskId(1),
            revision: 1,
        }],
    }));
    assert!(render(&event, &settings("POST", "form", every_kind())).is_err());
}

#[test]
fn what_is_certain_to_be_sent_is_never_longer_than_what_is() {
    let stored: WebhookSettings = serde_json::from_value(json!({
        "url": "https://a.example/", "format": "form", "events": ["order.edit"],
        "trigger": {
            "stage": 12, "pipeline": 1, "event": "entered", "parameters": every_kind(),
        },
    }))
    .unwrap();
    let least = crate::render::least_query(&stored.trigger.unwrap());
    assert!(least.contains("source=crm&level=1.5&count=3&hot=1&"));
    assert!(least.len() < PAIRS.len());
}

/// What a receiver reads, by another implementation of the encoding.
fn parse(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

/// Any text, with what is special in URLs and JSON more often than chance has it.
fn any_text() -> impl Strategy<Value = String> {
    let special = prop::sample::select(vec![
        "&",
        "=",
        "\n",
        "\r\n",
        "+",
        "%",
        "%26",
        "#",
        "?",
        ";",
        "\"",
        "'",
        "\\",
        "/",
        " ",
        "\t",
        "🙂",
        "👩‍👩‍👧",
        "é",
        "\u{301}",
        "Ы",
        "\u{202e}",
        "\u{feff}",
        "\u{2028}",
        "[",
        "]",
        "~",
        "*",
    ]);
    let piece = prop_oneof![
        special.prop_map(str::to_owned),
        "[^\\x00]{0,8}".prop_map(|text| text),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_survives_every_form(
        name in any_text(),
        literal in any_text(),
        mark in any_text(),
        former in any_text(),
    ) {
        let mut now = order();
        now.name.clone_from(&name);
        now.marks[0].value.clone_from(&mark);
        let mut before = order();
        before.text.clone_from(&former);
        let event = edited(now, before);
        let parameters = json!([
            {"name": "name", "kind": "field", "value": "name"},
            {"name": "literal", "kind": "value", "value": literal},
            {"name": "mark", "kind": "field", "value": "marks.utmSource"},
            {"name": "former", "kind": "field", "value": "previous.text"},
        ]);
        let expected = [
            ("name", &name), ("literal", &literal), ("mark", &mark), ("former", &former),
        ]
        .map(|(key, value)| (key.to_owned(), value.clone()));

        let form = render(&event, &settings("POST", "form", parameters.clone())).unwrap();
        prop_assert_eq!(parse(std::str::from_utf8(&form.body).unwrap()), expected.clone());

        let get = render(&event, &settings("GET", "form", parameters.clone())).unwrap();
        prop_assert_eq!(parse(&get.query), expected.clone());
        // As part of a URL it comes back unchanged, byte for byte.
        let url = url::Url::parse(&format!("https://a.example/?{}", get.query)).unwrap();
        prop_assert_eq!(url.query(), Some(get.query.as_str()));

        let json = render(&event, &settings("POST", "json", parameters)).unwrap();
        let parsed: serde_json::Map<String, Json> = serde_json::from_slice(&json.body).unwrap();
        let read: Vec<_> = parsed
            .into_iter()
            .map(|(key, value)| (key, value.as_str().unwrap().to_owned()))
            .collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn any_number_survives_json(
        whole in any::<i64>(),
        number in -1e17_f64..1e17,
        minor_units in 0..=999_999_999_999_999_i64,
    ) {
        let mut now = order();
        now.price = Some(Price(minor_units));
        now.client.as_mut().unwrap().fields[0].value = FieldValue::Integer(whole);
        let parameters = json!([
            {"name": "literal", "kind": "value", "value": number},
            {"name": "field", "kind": "field", "value": "client.fields.Скидка"},
            {"name": "price", "kind": "field", "value": "price"},
        ]);
        let rendered = render(&edited(now.clone(), now), &settings("POST", "json", parameters));
        let parsed: Json = serde_json::from_slice(&rendered.unwrap().body).unwrap();
        prop_assert_eq!(parsed["literal"].as_f64(), Some(number));
        prop_assert_eq!(parsed["field"].as_i64(), Some(whole));
        let price = Price::parse(parsed["price"].as_number().unwrap()).unwrap();
        prop_assert_eq!(price, Price(minor_units));
    }
}
