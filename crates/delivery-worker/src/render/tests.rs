//! Every row of the WIRE 1 table in every format, byte for byte, and the way
//! back for any text.

use events::{
    AccountId, Action, Actor, ActorKind, Change, ClientChanged, ClientField, ClientId,
    ClientSnapshot, Color, DeletedTask, DirectoryEntryId, Event, EventId, FieldValue, OrderChanged,
    OrderId, OrderSnapshot, PipelineId, PipelineSummary, Price, StageId, StageKind, StageSummary,
    TaskChanged, TaskId, TaskSnapshot, TasksOfOrderDeleted, Timestamp, TokenId, TokenRevoked,
};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const NOW: Timestamp = Timestamp(1_767_322_984_123_456);

fn event(change: Change) -> Event {
    Event {
        id: EventId(Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001)),
        account_id: AccountId(1),
        occurred_at: NOW,
        actor: Actor {
            kind: ActorKind::Api,
            token_id: None,
        },
        correlation_id: String::new(),
        change,
    }
}

/// The order of the first golden sample.
fn order() -> OrderSnapshot {
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

fn bare_order() -> OrderSnapshot {
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

fn order_event(action: Action, order: OrderSnapshot) -> Event {
    event(Change::Order(Box::new(OrderChanged {
        action,
        revision: 1,
        previous: (action == Action::Edit).then(|| order.clone()),
        order,
        changed: Vec::new(),
    })))
}

fn task() -> TaskSnapshot {
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

fn bare_task() -> TaskSnapshot {
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

fn task_event(action: Action, task: TaskSnapshot) -> Event {
    event(Change::Task(Box::new(TaskChanged {
        action,
        revision: 1,
        previous: (action == Action::Edit).then(|| task.clone()),
        task,
        changed: Vec::new(),
    })))
}

fn field(name: &str, value: FieldValue) -> ClientField {
    ClientField {
        name: name.to_owned(),
        value,
    }
}

fn text(value: &str) -> FieldValue {
    FieldValue::Text(value.to_owned())
}

/// The client of the second golden sample.
fn client() -> ClientSnapshot {
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

fn client_event(action: Action, client: ClientSnapshot) -> Event {
    event(Change::Client(Box::new(ClientChanged {
        action,
        revision: 1,
        previous: (action == Action::Edit).then(|| client.clone()),
        client,
        changed: Vec::new(),
    })))
}

fn bulk_delete() -> Event {
    event(Change::TasksOfOrderDeleted(TasksOfOrderDeleted {
        order_id: OrderId(42),
        tasks: vec![DeletedTask {
            id: TaskId(9),
            revision: 3,
        }],
    }))
}

fn settings(format: BodyFormat, strict_body: bool) -> RenderSettings {
    RenderSettings {
        format,
        strict_body,
        call: None,
    }
}

fn body(event: &Event, format: BodyFormat, strict_body: bool) -> String {
    let rendered = render(event, &settings(format, strict_body)).unwrap();
    let expected_type = match format {
        BodyFormat::Form => "application/x-www-form-urlencoded",
        BodyFormat::Json | BodyFormat::Envelope => "application/json",
    };
    assert_eq!(rendered.content_type, Some(expected_type));
    assert_eq!(
        (rendered.method, rendered.query.as_str()),
        (Method::POST, "")
    );
    String::from_utf8(rendered.body.to_vec()).unwrap()
}

/// Checks all four flat bodies of one event.
#[track_caller]
fn assert_bodies(event: &Event, form: &str, strict_form: &str, json: &str, strict_json: &str) {
    assert_eq!(body(event, BodyFormat::Form, false), form);
    assert_eq!(body(event, BodyFormat::Form, true), strict_form);
    assert_eq!(body(event, BodyFormat::Json, false), json);
    assert_eq!(body(event, BodyFormat::Json, true), strict_json);
}

#[test]
fn order_add() {
    assert_bodies(
        &order_event(Action::Add, order()),
        "id=42&name=%D0%97%D0%B0%D0%BA%D0%B0%D0%B7&price=1500.5&id_cat=3&id_status=12&id_origin=2&id_client=77&archive=0&tags=vip%2Cspb&color=AD3939&text=&component=order&event=add",
        "name=%D0%97%D0%B0%D0%BA%D0%B0%D0%B7&price=1500.5&id_cat=3&id_status=12&id_origin=2&id_client=77&archive=0&tags=vip%2Cspb&color=AD3939&text=&component=order&event=add",
        r#"{"id":42,"name":"Заказ","price":1500.5,"id_cat":3,"id_status":12,"id_origin":2,"id_client":77,"archive":false,"tags":"vip,spb","color":"AD3939","text":"","component":"order","event":"add"}"#,
        r#"{"name":"Заказ","price":1500.5,"id_cat":3,"id_status":12,"id_origin":2,"id_client":77,"archive":false,"tags":"vip,spb","color":"AD3939","text":"","component":"order","event":"add"}"#,
    );
}

#[test]
fn order_edit_with_nulls_and_awkward_text() {
    assert_bodies(
        &order_event(Action::Edit, bare_order()),
        "id=42&name=%D0%97%D0%B0%D0%BA%D0%B0%D0%B7&price=&id_cat=&id_status=12&id_origin=&id_client=&archive=1&tags=&color=&text=a+b%2Ac%7Ed%0D%0A%22e%22%5C&component=order&event=edit",
        "name=%D0%97%D0%B0%D0%BA%D0%B0%D0%B7&price=&id_cat=&id_status=12&id_origin=&id_client=&archive=1&tags=&color=&text=a+b%2Ac%7Ed%0D%0A%22e%22%5C&component=order&event=edit",
        r#"{"id":42,"name":"Заказ","price":null,"id_cat":null,"id_status":12,"id_origin":null,"id_client":null,"archive":true,"tags":"","color":null,"text":"a b*c~d\r\n\"e\"\\","component":"order","event":"edit"}"#,
        r#"{"name":"Заказ","price":null,"id_cat":null,"id_status":12,"id_origin":null,"id_client":null,"archive":true,"tags":"","color":null,"text":"a b*c~d\r\n\"e\"\\","component":"order","event":"edit"}"#,
    );
}

#[test]
fn order_delete() {
    let form = "id=42&component=order&event=delete";
    let json = r#"{"id":42,"component":"order","event":"delete"}"#;
    let event = order_event(Action::Delete, order());
    assert_bodies(&event, form, form, json, json);
}

#[test]
fn task_add() {
    assert_bodies(
        &task_event(Action::Add, task()),
        "id=9&name=%D0%97%D0%B2%D0%BE%D0%BD%D0%BE%D0%BA&date_from=1767322984&date_to=1767326584&all_day=1&color=00FF7F&text=%D0%A1%D0%BF%D1%80%D0%BE%D1%81%D0%B8%D1%82%D1%8C&id_deal=42&id_order=42&id_status=6&id_type=4&component=task&event=add",
        "name=%D0%97%D0%B2%D0%BE%D0%BD%D0%BE%D0%BA&date_from=1767322984&date_to=1767326584&all_day=1&color=00FF7F&text=%D0%A1%D0%BF%D1%80%D0%BE%D1%81%D0%B8%D1%82%D1%8C&id_deal=42&id_status=6&id_type=4&component=task&event=add",
        r#"{"id":9,"name":"Звонок","date_from":1767322984,"date_to":1767326584,"all_day":true,"color":"00FF7F","text":"Спросить","id_deal":42,"id_order":42,"id_status":6,"id_type":4,"component":"task","event":"add"}"#,
        r#"{"name":"Звонок","date_from":1767322984,"date_to":1767326584,"all_day":true,"color":"00FF7F","text":"Спросить","id_deal":42,"id_status":6,"id_type":4,"component":"task","event":"add"}"#,
    );
}

#[test]
fn task_edit_with_nulls() {
    assert_bodies(
        &task_event(Action::Edit, bare_task()),
        "id=9&name=%D0%97%D0%B2%D0%BE%D0%BD%D0%BE%D0%BA&date_from=&date_to=&all_day=0&color=&text=&id_deal=&id_order=&id_status=6&id_type=&component=task&event=edit",
        "name=%D0%97%D0%B2%D0%BE%D0%BD%D0%BE%D0%BA&date_from=&date_to=&all_day=0&color=&text=&id_deal=&id_status=6&id_type=&component=task&event=edit",
        r#"{"id":9,"name":"Звонок","date_from":null,"date_to":null,"all_day":false,"color":null,"text":"","id_deal":null,"id_order":null,"id_status":6,"id_type":null,"component":"task","event":"edit"}"#,
        r#"{"name":"Звонок","date_from":null,"date_to":null,"all_day":false,"color":null,"text":"","id_deal":null,"id_status":6,"id_type":null,"component":"task","event":"edit"}"#,
    );
}

#[test]
fn task_delete() {
    let form = "id=9&component=task&event=delete";
    let json = r#"{"id":9,"component":"task","event":"delete"}"#;
    let event = task_event(Action::Delete, task());
    assert_bodies(&event, form, form, json, json);
}

#[test]
fn all_tasks_of_one_order_deleted() {
    assert_bodies(
        &bulk_delete(),
        "id_order=42&id_deal=42&component=task&event=delete",
        "id_order=42&component=task&event=delete",
        r#"{"id_order":42,"id_deal":42,"component":"task","event":"delete"}"#,
        r#"{"id_order":42,"component":"task","event":"delete"}"#,
    );
}

#[test]
fn client_edit() {
    assert_bodies(
        &client_event(Action::Edit, client()),
        "id=77&realname=%D0%98%D0%B2%D0%B0%D0%BD&email=a%40b.ru&phone=79998888888&position=&id_status=1&text=&fields%5B%D0%93%D0%BE%D1%80%D0%BE%D0%B4%5D=%D0%9C%D0%BE%D1%81%D0%BA%D0%B2%D0%B0&fields%5BINN%5D=7701&component=client&event=edit",
        "realname=%D0%98%D0%B2%D0%B0%D0%BD&email=a%40b.ru&phone=79998888888&position=&id_status=1&text=&fields%5B%D0%93%D0%BE%D1%80%D0%BE%D0%B4%5D=%D0%9C%D0%BE%D1%81%D0%BA%D0%B2%D0%B0&fields%5BINN%5D=7701",
        r#"{"id":77,"realname":"Иван","email":"a@b.ru","phone":"79998888888","position":"","id_status":1,"text":"","fields":{"Город":"Москва","INN":"7701"},"component":"client","event":"edit"}"#,
        r#"{"realname":"Иван","email":"a@b.ru","phone":"79998888888","position":"","id_status":1,"text":"","fields":{"Город":"Москва","INN":"7701"}}"#,
    );
}

#[test]
fn client_add_with_empty_fields() {
    let client = ClientSnapshot {
        status_id: None,
        fields: Vec::new(),
        ..client()
    };
    assert_bodies(
        &client_event(Action::Add, client),
        "id=77&realname=%D0%98%D0%B2%D0%B0%D0%BD&email=a%40b.ru&phone=79998888888&position=&id_status=&text=&component=client&event=add",
        "realname=%D0%98%D0%B2%D0%B0%D0%BD&email=a%40b.ru&phone=79998888888&position=&id_status=&text=",
        r#"{"id":77,"realname":"Иван","email":"a@b.ru","phone":"79998888888","position":"","id_status":null,"text":"","fields":{},"component":"client","event":"add"}"#,
        r#"{"realname":"Иван","email":"a@b.ru","phone":"79998888888","position":"","id_status":null,"text":"","fields":{}}"#,
    );
}

#[test]
fn client_delete() {
    let form = "id=77&component=client&event=delete";
    let json = r#"{"id":77,"component":"client","event":"delete"}"#;
    let event = client_event(Action::Delete, client());
    assert_bodies(&event, form, form, json, json);
}

#[test]
fn values_of_every_type_in_client_fields() {
    let fields = vec![
        field("z first", text("a&b=c+d 100%\n\"😀\"")),
        field("a.b", FieldValue::Integer(-9_007_199_254_740_993)),
        field("half", FieldValue::Number(0.5)),
        field("tiny", FieldValue::Number(1e-7)),
        field("huge", FieldValue::Number(1e21)),
        field("whole", FieldValue::Number(7701.0)),
        field("minus", FieldValue::Number(-0.0)),
        field("yes", FieldValue::Flag(true)),
        field("no", FieldValue::Flag(false)),
        field("nil", FieldValue::Null),
    ];
    let event = client_event(Action::Edit, ClientSnapshot { fields, ..client() });
    let strict = "realname=%D0%98%D0%B2%D0%B0%D0%BD&email=a%40b.ru&phone=79998888888&position=&id_status=1&text=&fields%5Bz+first%5D=a%26b%3Dc%2Bd+100%25%0A%22%F0%9F%98%80%22&fields%5Ba.b%5D=-9007199254740993&fields%5Bhalf%5D=0.5&fields%5Btiny%5D=0.0000001&fields%5Bhuge%5D=1000000000000000000000&fields%5Bwhole%5D=7701&fields%5Bminus%5D=0&fields%5Byes%5D=1&fields%5Bno%5D=0&fields%5Bnil%5D=";
    assert_eq!(body(&event, BodyFormat::Form, true), strict);
    assert_eq!(
        body(&event, BodyFormat::Json, true),
        r#"{"realname":"Иван","email":"a@b.ru","phone":"79998888888","position":"","id_status":1,"text":"","fields":{"z first":"a&b=c+d 100%\n\"😀\"","a.b":-9007199254740993,"half":0.5,"tiny":0.0000001,"huge":1000000000000000000000,"whole":7701,"minus":0,"yes":true,"no":false,"nil":null}}"#
    );
}

#[test]
fn prices_are_as_short_as_they_can_be() {
    for (minor_units, expected) in [
        (0, "0"),
        (5, "0.05"),
        (50, "0.5"),
        (150_000, "1500"),
        (150_050, "1500.5"),
        (150_055, "1500.55"),
        (999_999_999_999_999, "9999999999999.99"),
        (-150_050, "-1500.5"),
    ] {
        let order = OrderSnapshot {
            price: Some(Price(minor_units)),
            ..order()
        };
        let event = order_event(Action::Add, order);
        let form = body(&event, BodyFormat::Form, false);
        assert!(form.contains(&format!("&price={expected}&")), "{form}");
        let json = body(&event, BodyFormat::Json, false);
        assert!(json.contains(&format!(r#""price":{expected},"#)), "{json}");
    }
}

#[test]
fn envelope_names_the_event_and_carries_the_record() {
    let event = order_event(Action::Add, order());
    let envelope: serde_json::Value =
        serde_json::from_str(&body(&event, BodyFormat::Envelope, false)).unwrap();
    assert_eq!(envelope["id"], "01980000-0000-7000-8000-000000000001");
    assert_eq!(envelope["type"], "order.add");
    assert_eq!(envelope["revision"], 1);
    assert_eq!(envelope["data"]["id"], 42);
    assert_eq!(envelope["data"]["price"], 1500.5);
}

#[test]
fn the_test_body_has_nothing_but_test() {
    let of = |format| {
        let rendered = render_test(&settings(format, false));
        assert_eq!(
            (rendered.method, rendered.query.as_str()),
            (Method::POST, "")
        );
        (rendered.content_type.unwrap(), rendered.body)
    };
    let json = (
        "application/json",
        Bytes::from_static(br#"{"test":"test"}"#),
    );
    assert_eq!(
        of(BodyFormat::Form),
        (
            "application/x-www-form-urlencoded",
            Bytes::from_static(b"test=test")
        )
    );
    assert_eq!(of(BodyFormat::Json), json);
    assert_eq!(of(BodyFormat::Envelope), json);
}

#[test]
fn an_event_outside_s0_has_no_flat_body() {
    let event = event(Change::TokenRevoked(TokenRevoked {
        token_id: TokenId("t".to_owned()),
    }));
    let error = render(&event, &settings(BodyFormat::Form, false)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "an event of type token.revoked has no flat body"
    );
}

#[test]
fn formats_have_wire_names() {
    for (name, format) in [
        ("form", BodyFormat::Form),
        ("json", BodyFormat::Json),
        ("envelope", BodyFormat::Envelope),
    ] {
        assert_eq!(BodyFormat::parse(name), Some(format));
        assert_eq!(format.as_str(), name);
    }
    assert_eq!(BodyFormat::parse("xml"), None);
}

fn any_field_name() -> impl Strategy<Value = String> {
    any::<String>().prop_filter_map("a name without brackets and controls", |name| {
        let name: String = name
            .chars()
            .filter(|c| !c.is_control() && !['[', ']'].contains(c))
            .take(64)
            .collect();
        (!name.is_empty()).then_some(name)
    })
}

/// What `$_POST` holds, in order, by another implementation of the encoding.
fn parse_form(form: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(form.as_bytes())
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect()
}

proptest! {
    #[test]
    fn any_text_comes_back_from_a_form(
        name in any::<String>(),
        note in any::<String>(),
        fields in prop::collection::vec((any_field_name(), any::<String>()), 0..8),
    ) {
        let client = ClientSnapshot {
            realname: name.clone(),
            text: note.clone(),
            fields: fields.iter().map(|(key, value)| field(key, text(value))).collect(),
            ..client()
        };
        let form = body(&client_event(Action::Edit, client), BodyFormat::Form, true);
        prop_assert!(form.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.+%&=".contains(&b)));

        let parsed = parse_form(&form);
        prop_assert_eq!(&parsed[0], &("realname".to_owned(), name));
        prop_assert_eq!(&parsed[5], &("text".to_owned(), note));
        let expected: Vec<_> = fields
            .into_iter()
            .map(|(key, value)| (format!("fields[{key}]"), value))
            .collect();
        prop_assert_eq!(&parsed[6..], expected);
    }

    #[test]
    fn any_text_and_number_come_back_from_json(
        name in any::<String>(),
        note in any::<String>(),
        whole in any::<i64>(),
        number in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL,
        key in any_field_name(),
    ) {
        let fields = vec![
            field(&key, text(&note)),
            field("[whole]", FieldValue::Integer(whole)),
            field("[number]", FieldValue::Number(number)),
        ];
        let client = ClientSnapshot { realname: name.clone(), text: note.clone(), fields, ..client() };
        let json = body(&client_event(Action::Edit, client), BodyFormat::Json, true);
        let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(parsed["realname"].as_str(), Some(name.as_str()));
        prop_assert_eq!(parsed["text"].as_str(), Some(note.as_str()));
        prop_assert_eq!(parsed["fields"][&key].as_str(), Some(note.as_str()));
        prop_assert_eq!(parsed["fields"]["[whole]"].as_i64(), Some(whole));
        prop_assert_eq!(parsed["fields"]["[number]"].as_f64(), Some(number));
    }

    #[test]
    fn any_price_reads_back_as_the_same_amount(minor_units in -999_999_999_999_999_i64..=999_999_999_999_999) {
        let order = OrderSnapshot { price: Some(Price(minor_units)), ..order() };
        let form = body(&order_event(Action::Add, order), BodyFormat::Form, true);
        let price = parse_form(&form)
            .into_iter()
            .find_map(|(key, value)| (key == "price").then_some(value))
            .unwrap();
        let (units, cents) = price.split_once('.').unwrap_or((&price, ""));
        prop_assert!(cents.len() <= 2 && !cents.ends_with('0'));
        let digits: i64 = format!("{}{cents:0<2}", units.trim_start_matches('-')).parse().unwrap();
        prop_assert_eq!(if price.starts_with('-') { -digits } else { digits }, minor_units);
    }
}
