//! Adding orders: what is answered, what is stored, and what event tells of it.

use events::{Action, ActorKind, Price, StageKind};
use serde_json::{Value, json};
use test_support::Method;

use super::{ORDERS, path_of};
use crate::app::{NOW, NOW_US, TOKEN_ID, TestApp, envelope, id_of, order_change};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_with_every_field_is_answered_as_it_is_stored() {
    let app = TestApp::start().await;
    let pipeline = app.first_pipeline(&app.api).await;
    let stage = pipeline["stages"][2]["id"].clone();
    let category = app.create_entry("order_category", "Ремонт").await;
    let origin = app.create_entry("origin", "Сайт").await;
    let office = app.create_entry("office", "Центр").await;
    let city = app.create_entry("city", "Москва").await;
    let client = id_of(&app.create_client(json!({"realname": "Иван"})).await);
    let sent = json!({
        "name": "Заказ",
        "price": 1500.5,
        "id_cat": category,
        "id_status": stage,
        "id_origin": origin,
        "id_client": client,
        "archive": true,
        "tags": "vip,spb",
        "color": "AD3939",
        "text": "Две\nстроки",
        "id_owner": 9,
        "id_office": office,
        "id_city": city,
        "marks": {"utmSource": "ya", "gclid": "7"},
    });

    let answer = app.api.post(ORDERS, sent).await.expect(201);

    let expected = json!({
        "id": 1,
        "name": "Заказ",
        "price": 1500.5,
        "id_cat": category,
        "id_status": stage,
        "id_origin": origin,
        "id_client": client,
        "archive": true,
        "tags": "vip,spb",
        "color": "AD3939",
        "text": "Две\nстроки",
        "id_pipeline": pipeline["id"],
        "id_owner": 9,
        "id_office": office,
        "id_city": city,
        "marks": {"utmSource": "ya", "gclid": "7"},
        "revision": 1,
        "created_at": NOW,
        "updated_at": NOW,
    })
    .to_string();
    assert_eq!(answer.body, expected.as_bytes(), "{}", answer.json());
    assert_eq!(answer.headers["location"], "/api/v1/orders/1");
    assert_eq!(answer.headers["etag"], "\"1\"");
    assert_eq!(answer.headers["content-type"], "application/json");
    let read = app.api.get("/api/v1/orders/1").await.expect(200);
    assert_eq!(read.body, expected.as_bytes());
    assert_eq!(read.headers["etag"], "\"1\"");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_alone_makes_an_order_of_defaults() {
    let app = TestApp::start().await;
    let pipeline = app.first_pipeline(&app.api).await;

    let answer = app
        .api
        .post(ORDERS, json!({"name": "Заказ"}))
        .await
        .expect(201);

    let expected = json!({
        "id": 1,
        "name": "Заказ",
        "price": null,
        "id_cat": null,
        "id_status": pipeline["stages"][0]["id"],
        "id_origin": null,
        "id_client": null,
        "archive": false,
        "tags": "",
        "color": null,
        "text": "",
        "id_pipeline": pipeline["id"],
        "id_owner": null,
        "id_office": null,
        "id_city": null,
        "marks": {},
        "revision": 1,
        "created_at": NOW,
        "updated_at": NOW,
    });
    assert_eq!(answer.body, expected.to_string().as_bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn null_means_the_default() {
    let app = TestApp::start().await;
    let by_default = app.create_order(json!({"name": "n"})).await;
    let nulls: serde_json::Map<String, Value> = [
        "price",
        "id_cat",
        "id_origin",
        "id_client",
        "archive",
        "tags",
        "color",
        "text",
        "id_owner",
        "id_office",
        "id_city",
        "marks",
    ]
    .into_iter()
    .map(|key| (key.to_owned(), Value::Null))
    .collect();

    let mut order = app.create_order(Value::Object(nulls)).await;

    order["id"] = by_default["id"].clone();
    assert_eq!(order.to_string(), by_default.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_event_carries_the_stage_the_pipeline_and_the_client() {
    let app = TestApp::start().await;
    let pipeline = app.first_pipeline(&app.api).await;
    let won = pipeline["stages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|stage| stage["kind"] == "won")
        .unwrap();
    let client = app
        .create_client(json!({"realname": "Иван", "fields": {"Город": "Москва"}}))
        .await;
    app.new_events().await;

    let sent =
        json!({"name": "Заказ", "price": 10, "id_status": won["id"], "id_client": client["id"]});
    let answer = app
        .api
        .send(
            Method::POST,
            ORDERS,
            &[("X-Request-Id", "request-17")],
            Some(&sent),
        )
        .await
        .unwrap()
        .expect(201);

    assert_eq!(answer.headers["x-request-id"], "request-17");
    let event = app.new_event().await;
    assert_eq!(event.account_id.0, app.account_id);
    assert_eq!(event.occurred_at.0, NOW_US);
    assert_eq!(event.actor.kind, ActorKind::Api);
    assert_eq!(event.actor.token_id.as_ref().unwrap().0, TOKEN_ID);
    assert_eq!(event.cause.correlation_id, "request-17");
    assert_eq!(event.id.0.get_version_num(), 7);
    let change = order_change(&event);
    assert_eq!(change.action, Action::Add);
    assert_eq!(change.revision, 1);
    assert_eq!(change.changed, Vec::<String>::new());
    assert_eq!(change.previous, None);
    let order = &change.order;
    assert_eq!(order.price, Some(Price(1000)));
    assert_eq!(order.stage.id.0, id_of(won));
    assert_eq!(order.stage.name, won["name"]);
    assert_eq!(order.stage.kind, StageKind::Won);
    assert_eq!(order.pipeline.id.0, id_of(&pipeline));
    assert_eq!(order.pipeline.name, pipeline["name"]);
    let summary = order.client.as_ref().unwrap();
    assert_eq!(
        events::rest::client_body(summary, 1).to_string(),
        client.to_string()
    );
    assert_eq!(
        envelope(&event).to_string(),
        json!({
            "id": event.id.to_string(),
            "type": "order.add",
            "timestamp": NOW,
            "account_id": app.account_id,
            "revision": 1,
            "actor": {"kind": "api", "token_id": TOKEN_ID},
            "data": answer.json(),
            "previous": null,
        })
        .to_string()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_without_an_id_of_its_own_gets_one() {
    let app = TestApp::start().await;
    let answer = app.api.post(ORDERS, json!({"name": "n"})).await.expect(201);
    let event = app.new_event().await;
    assert_eq!(
        answer.headers["x-request-id"],
        event.cause.correlation_id.as_str()
    );
    assert_eq!(event.cause.correlation_id.len(), 36);
}

/// Posts `{"<key>": <json>}` as it is written and returns the stored value as it is written.
async fn stored(app: &TestApp, key: &str, json: &str) -> String {
    let name = if key == "name" { "" } else { "\"name\":\"n\"," };
    let body = format!("{{{name}\"{key}\":{json}}}");
    let headers = [("Content-Type", "application/json")];
    let answer = app.raw(Method::POST, ORDERS, &headers, body).await;
    let order = answer.expect(201).json();
    let read = app.api.get(&path_of(&order)).await.expect(200).json();
    assert_eq!(read, order);
    read[key].to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prices_are_kept_to_the_last_digit_and_shown_without_trailing_zeros() {
    let app = TestApp::start().await;
    for (sent, shown) in [
        ("0", "0"),
        ("-0", "0"),
        ("0.0", "0"),
        ("0.01", "0.01"),
        ("1500", "1500"),
        ("1500.0", "1500"),
        ("1500.5", "1500.5"),
        ("1500.50", "1500.5"),
        ("1500.55", "1500.55"),
        ("1e3", "1000"),
        ("1.5E+3", "1500"),
        ("9999999999999.99", "9999999999999.99"),
        ("9999999999999", "9999999999999"),
    ] {
        assert_eq!(stored(&app, "price", sent).await, shown, "{sent}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tags_lose_blanks_repeats_and_empty_ones() {
    let app = TestApp::start().await;
    for (sent, shown) in [
        ("vip,spb", "vip,spb"),
        (" vip , spb ", "vip,spb"),
        ("vip,spb,vip", "vip,spb"),
        (",,vip,,", "vip"),
        (" , ", ""),
        ("", ""),
        ("два слова,VIP,vip", "два слова,VIP,vip"),
    ] {
        let sent = json!(sent).to_string();
        let shown = json!(shown).to_string();
        assert_eq!(stored(&app, "tags", &sent).await, shown, "{sent}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn colors_become_six_upper_case_digits() {
    let app = TestApp::start().await;
    for sent in ["AD3939", "ad3939", "#ad3939", "#Ad3939"] {
        let sent = json!(sent).to_string();
        assert_eq!(stored(&app, "color", &sent).await, "\"AD3939\"", "{sent}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_longest_texts_fit() {
    let app = TestApp::start().await;
    let name = json!("ё".repeat(255)).to_string();
    assert_eq!(stored(&app, "name", &name).await, name);
    let text = json!("x".repeat(64 * 1024)).to_string();
    assert_eq!(stored(&app, "text", &text).await, text);
    // Escapes and characters outside the basic plane come back as they are meant.
    let odd = "\"\\u0416\\ud83d\\ude42\\t<&>'\\\"\"";
    assert_eq!(stored(&app, "text", odd).await, "\"Ж🙂\\t<&>'\\\"\"");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stage_brings_its_pipeline_and_a_pipeline_its_first_open_stage() {
    let app = TestApp::start().await;
    let first = app.first_pipeline(&app.api).await;
    let second = app
        .create(
            "/api/v1/pipelines",
            json!({"name": "Сервис", "stages": [
                {"name": "Готово", "kind": "won"},
                {"name": "Приём", "kind": "open"},
                {"name": "Работа", "kind": "open"},
            ]}),
        )
        .await;
    let stages = &second["stages"];

    let by_stage = app
        .create_order(json!({"id_status": stages[2]["id"]}))
        .await;
    assert_eq!(by_stage["id_pipeline"], second["id"]);
    let by_pipeline = app.create_order(json!({"id_pipeline": second["id"]})).await;
    assert_eq!(by_pipeline["id_status"], stages[1]["id"]);
    let by_both = app
        .create_order(json!({"id_pipeline": second["id"], "id_status": stages[0]["id"]}))
        .await;
    assert_eq!(by_both["id_status"], stages[0]["id"]);
    assert_eq!(by_both["id_pipeline"], second["id"]);
    let by_default = app.create_order(json!({})).await;
    assert_eq!(by_default["id_pipeline"], first["id"]);

    let path = format!("/api/v1/pipelines/{}", second["id"]);
    let patch = json!({"position": 0});
    app.api.patch(&path, patch).await.expect(200);
    let by_default = app.create_order(json!({})).await;
    assert_eq!(by_default["id_pipeline"], second["id"]);
    assert_eq!(by_default["id_status"], stages[1]["id"]);
}
