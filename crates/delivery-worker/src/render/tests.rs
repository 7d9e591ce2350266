//! Every row of the WIRE 1 table in every format, byte for byte, and the way
//! back for any text.

mod any_text;
mod samples;

use events::{
    Action, Change, ClientSnapshot, DisabledReason, Event, FieldValue, OrderSnapshot, Price,
    TokenId, TokenRevoked, WebhookDisabled, WebhookId, WebhookKind,
};

use super::*;
use samples::*;

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
fn webhook_disabled() {
    let disabled = event(Change::WebhookDisabled(WebhookDisabled {
        webhook_id: WebhookId(7),
        name: "Склад 1".to_owned(),
        kind: WebhookKind::Trigger,
        reason: DisabledReason::Failing,
        disabled_at: NOW,
    }));
    let form = "id=7&name=%D0%A1%D0%BA%D0%BB%D0%B0%D0%B4+1&kind=trigger&reason=failing&disabled_at=1767322984&component=webhook&event=disabled";
    let json = r#"{"id":7,"name":"Склад 1","kind":"trigger","reason":"failing","disabled_at":1767322984,"component":"webhook","event":"disabled"}"#;
    assert_bodies(&disabled, form, form, json, json);
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

#[test]
fn an_edit_told_as_an_add_is_the_add_of_what_it_tells() {
    let (edit, add) = (
        order_event(Action::Edit, order()),
        order_event(Action::Add, order()),
    );
    for format in [BodyFormat::Form, BodyFormat::Json] {
        assert_eq!(
            body(&as_add(&edit), format, false),
            body(&add, format, false)
        );
    }
    let envelope = body(&as_add(&edit), BodyFormat::Envelope, false);
    let envelope: serde_json::Value = serde_json::from_str(&envelope).unwrap();
    assert_eq!(envelope["type"], "order.add");
    assert_eq!(envelope["previous"], serde_json::Value::Null);
    assert_eq!(envelope["id"], edit.id.to_string());

    let deletion = order_event(Action::Delete, order());
    assert_eq!(as_add(&deletion), deletion);
}
