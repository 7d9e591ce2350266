//! The order of a lead.

use events::{Change, ClientId, DirectoryEntryId, LeadConversionRequested, Mark, Price, StageId};
use serde_json::{Value, json};

use super::{with_email, with_phone};
use crate::app::{TestApp, client_change, conversions, order_change};

fn types(events: &[events::Event]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event.change.event_type())
        .collect()
}

async fn order(app: &TestApp, event: &events::Event) -> Value {
    let Change::LeadConverted(converted) = &event.change else {
        panic!("no conversion: {event:?}");
    };
    let path = format!("/api/v1/orders/{}", converted.order_id);
    app.api.get(&path).await.expect(200).json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lead_becomes_a_client_and_an_order() {
    let app = TestApp::start().await;
    let (origin, office) = (
        app.first_entry(&app.api, "origin").await,
        app.create_entry("office", "Центр").await,
    );
    let city = app.create_entry("city", "Москва").await;
    let pipeline = app.first_pipeline(&app.api).await;
    let stage = pipeline["stages"][1].clone();
    app.new_events().await;
    let mark = |key: &str, value: &str| Mark {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    let asked = LeadConversionRequested {
        name: "Иван".to_owned(),
        email: "Ivan@Почта.рф".to_owned(),
        email_normalized: Some("ivan@xn--80a1acny.xn--p1ai".to_owned()),
        owner_id: Some(77),
        origin_id: Some(DirectoryEntryId(origin)),
        office_id: Some(DirectoryEntryId(office)),
        city_id: Some(DirectoryEntryId(city)),
        stage_id: Some(StageId(stage["id"].as_i64().unwrap())),
        cost: Some(Price(150_050)),
        marks: vec![mark("utmSource", "ya"), mark("gclid", "g-1")],
        ..with_phone(5, "8 (812) 315-98-83", "+78123159883")
    };
    let events = app.leads().await.convert([asked]).await;

    assert_eq!(
        types(&events),
        ["client.add", "order.add", "lead.converted"]
    );
    for event in &events {
        assert_eq!(event.actor.kind.as_str(), "lead");
        assert_eq!(event.actor.token_id, None);
        assert_eq!(event.cause.correlation_id, "request of 5");
    }
    let client = &client_change(&events[0]).client;
    assert_eq!(client.realname, "Иван");
    assert_eq!(client.phone, "8 (812) 315-98-83");
    assert_eq!(client.email, "Ivan@Почта.рф");
    let status = app.first_entry(&app.api, "client_status").await;
    assert_eq!(client.status_id, Some(DirectoryEntryId(status)));
    let added = &order_change(&events[1]).order;
    assert_eq!(added.client.as_ref(), Some(client));
    let converted = conversions(&events)[0];
    assert_eq!(converted.lead_id.0, 5);
    assert_eq!(
        (converted.client_id, converted.order_id),
        (client.id, added.id)
    );
    assert_eq!(converted.warnings, Vec::<String>::new());

    let shown = order(&app, &events[2]).await;
    let id = shown["id"].clone();
    assert_eq!(
        shown,
        json!({
            "id": id, "name": "Заявка: Иван", "price": 1500.5, "id_cat": null,
            "id_status": stage["id"], "id_origin": origin, "id_client": client.id.0,
            "archive": false, "tags": "", "color": null, "text": "",
            "id_pipeline": pipeline["id"], "id_owner": 77, "id_office": office, "id_city": city,
            "marks": {"utmSource": "ya", "gclid": "g-1"}, "revision": 1,
            "created_at": crate::app::NOW, "updated_at": crate::app::NOW,
        })
    );
    let found = app.api.get("/api/v1/clients?phone=%2B78123159883").await;
    assert_eq!(found.json()["items"][0]["id"], client.id.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_order_is_named_after_who_asks() {
    let app = TestApp::start().await;
    let named = LeadConversionRequested {
        name: " Ольга ".to_owned(),
        ..with_phone(1, "79998888881", "+79998888881")
    };
    let events = app
        .leads()
        .await
        .convert([
            named,
            with_phone(2, "+7 999 888-88-82", "+79998888882"),
            with_email(3, "a@b.ru"),
        ])
        .await;
    let names: Vec<&str> = events
        .iter()
        .filter_map(|event| match &event.change {
            Change::Order(change) => Some(change.order.name.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(
        names,
        [
            "Заявка: Ольга",
            "Заявка: +7 999 888-88-82",
            "Заявка: a@b.ru",
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_ids_are_left_out_with_warnings() {
    let app = TestApp::start().await;
    // Entries of other kinds and of another account are as unknown as none at all.
    let status = app.first_entry(&app.api, "task_status").await;
    let foreign = app.first_entry(&app.other, "origin").await;
    let foreign_stage = app.first_pipeline(&app.other).await["stages"][0]["id"].clone();
    let asked = LeadConversionRequested {
        origin_id: Some(DirectoryEntryId(foreign)),
        office_id: Some(DirectoryEntryId(status)),
        city_id: Some(DirectoryEntryId(-3)),
        stage_id: Some(StageId(foreign_stage.as_i64().unwrap())),
        owner_id: Some(0),
        cost: Some(Price(i64::MIN)),
        ..with_phone(1, "79998888881", "+79998888881")
    };
    let events = app.leads().await.convert([asked]).await;
    let order = order(&app, events.last().unwrap()).await;
    for key in ["id_origin", "id_office", "id_city", "id_owner", "price"] {
        assert_eq!(order[key], Value::Null, "{key}");
    }
    let start = app.first_pipeline(&app.api).await["stages"][0].clone();
    assert_eq!(order["id_status"], start["id"]);
    let warnings = &conversions(&events)[0].warnings;
    assert_eq!(warnings.len(), 6, "{warnings:#?}");
    let all = warnings.join("\n");
    for part in [
        format!("Этап {foreign_stage} не найден: заказ создан на этапе «Новая»."),
        format!("Источник {foreign}:"),
        format!("Офис {status}:"),
        "Город -3:".to_owned(),
        "Ответственный 0 ".to_owned(),
        "Стоимость ".to_owned(),
    ] {
        assert!(all.contains(&part), "{part}: {all}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_not_known_is_opened() {
    let app = TestApp::start().await;
    let account_id = app.other_account_id + 7;
    let asked = crate::app::asked(account_id, with_phone(1, "79998888881", "+79998888881"));
    let events = app.leads().await.take_in(&[asked]).await;
    assert_eq!(
        types(&events),
        ["pipeline.add", "client.add", "order.add", "lead.converted"]
    );
    assert!(events.iter().all(|event| event.account_id.0 == account_id));
    assert_eq!(client_change(&events[1]).client.id, ClientId(1));
    // The ids that the database gives do not meet this one.
    let mut last = 0;
    for _ in 0..2 {
        let opened = entity_service::create_account(&app.database, &app.clock, "Новый").await;
        last = opened.unwrap().0;
        assert!(last > account_id);
    }
    assert_eq!(app.count_rows("accounts").await, 5, "{last}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_without_an_open_stage_gets_one() {
    let app = TestApp::start().await;
    app.run_sql("UPDATE stages SET kind = 'lost'").await;
    let events = app
        .leads()
        .await
        .convert([with_phone(1, "79998888881", "+79998888881")])
        .await;
    assert_eq!(
        types(&events),
        ["pipeline.add", "client.add", "order.add", "lead.converted"]
    );
    let order = order(&app, events.last().unwrap()).await;
    assert_eq!(
        order["id_pipeline"],
        crate::app::envelope(&events[0])["data"]["id"]
    );
}
