//! WIRE 1 from the API call to the receiver, byte for byte.

use serde_json::json;
use test_support::{Answer, MockReceiver, wait_until};

use super::process::{ALL_EVENTS, DEADLINE, Up, bodies};

/// Waits for one more body than `seen` and returns it.
async fn next(receiver: &MockReceiver, seen: &mut usize) -> String {
    wait_until(DEADLINE, || async { bodies(receiver).len() > *seen }).await;
    let body = bodies(receiver).swap_remove(*seen);
    *seen += 1;
    body
}

#[tokio::test]
async fn every_row_of_the_table_as_a_form() {
    let home = tempfile::tempdir().unwrap();
    let (up, receiver) = (Up::start(&home).await, MockReceiver::start().await);
    up.webhook(&receiver.url("/hook"), "form", &ALL_EVENTS)
        .await;
    assert_eq!(receiver.wait_for_requests(1).await[0].text(), "test=test");
    let mut seen = 0;

    let client = up
        .create(
            "clients",
            json!({"realname": "Иван", "email": "a@b.ru", "phone": "79998888888",
                   "fields": {"Город": "Москва", "INN": 7701}}),
        )
        .await;
    let status = up
        .api
        .get(&format!("/api/v1/clients/{client}"))
        .await
        .json()["id_status"]
        .as_i64()
        .unwrap();
    let client_body = |event: &str| {
        format!(
            "id={client}&realname=%D0%98%D0%B2%D0%B0%D0%BD&email=a%40b.ru&phone=79998888888\
             &position=&id_status={status}&text=\
             &fields%5B%D0%93%D0%BE%D1%80%D0%BE%D0%B4%5D=%D0%9C%D0%BE%D1%81%D0%BA%D0%B2%D0%B0\
             &fields%5BINN%5D=7701&component=client&event={event}"
        )
    };
    assert_eq!(next(&receiver, &mut seen).await, client_body("add"));

    let order = up
        .create(
            "orders",
            json!({"name": "Заказ", "price": 1500.5, "id_client": client,
                   "tags": " vip , spb,vip", "color": "#ad3939"}),
        )
        .await;
    let shown = up.api.get(&format!("/api/v1/orders/{order}")).await.json();
    let (stage, category) = (&shown["id_status"], shown["id_cat"].as_i64());
    let category = category.map(|id| id.to_string()).unwrap_or_default();
    let origin = shown["id_origin"].as_i64();
    let origin = origin.map(|id| id.to_string()).unwrap_or_default();
    let order_body = |price: &str, event: &str| {
        format!(
            "id={order}&name=%D0%97%D0%B0%D0%BA%D0%B0%D0%B7&price={price}&id_cat={category}\
             &id_status={stage}&id_origin={origin}&id_client={client}&archive=0&tags=vip%2Cspb\
             &color=AD3939&text=&component=order&event={event}"
        )
    };
    assert_eq!(
        next(&receiver, &mut seen).await,
        order_body("1500.5", "add")
    );
    up.api
        .patch(&format!("/api/v1/orders/{order}"), json!({"price": 1500}))
        .await
        .expect(200);
    assert_eq!(next(&receiver, &mut seen).await, order_body("1500", "edit"));

    let task = up
        .create(
            "tasks",
            json!({"name": "a*b~c", "id_deal": order, "date_from": 1_700_000_000,
                   "date_to": 1_700_003_600, "all_day": true}),
        )
        .await;
    let shown = up.api.get(&format!("/api/v1/tasks/{task}")).await.json();
    let (status, kind) = (&shown["id_status"], shown["id_type"].as_i64());
    let kind = kind.map(|id| id.to_string()).unwrap_or_default();
    assert_eq!(
        next(&receiver, &mut seen).await,
        format!(
            "id={task}&name=a%2Ab%7Ec&date_from=1700000000&date_to=1700003600&all_day=1&color=\
             &text=&id_deal={order}&id_order={order}&id_status={status}&id_type={kind}\
             &component=task&event=add"
        )
    );
    up.create("tasks", json!({"name": "second", "id_order": order}))
        .await;
    next(&receiver, &mut seen).await;

    up.api
        .delete(&format!("/api/v1/orders/{order}/tasks"))
        .await
        .expect(204);
    assert_eq!(
        next(&receiver, &mut seen).await,
        format!("id_order={order}&id_deal={order}&component=task&event=delete")
    );
    up.api
        .delete(&format!("/api/v1/orders/{order}"))
        .await
        .expect(204);
    assert_eq!(
        next(&receiver, &mut seen).await,
        format!("id={order}&component=order&event=delete")
    );
    up.api
        .delete(&format!("/api/v1/clients/{client}"))
        .await
        .expect(204);
    assert_eq!(
        next(&receiver, &mut seen).await,
        format!("id={client}&component=client&event=delete")
    );
    let task = up.create("tasks", json!({"name": "alone"})).await;
    next(&receiver, &mut seen).await;
    up.api
        .delete(&format!("/api/v1/tasks/{task}"))
        .await
        .expect(204);
    assert_eq!(
        next(&receiver, &mut seen).await,
        format!("id={task}&component=task&event=delete")
    );
}

#[tokio::test]
async fn json_and_envelope_carry_native_types() {
    let home = tempfile::tempdir().unwrap();
    let (up, flat, envelope) = (
        Up::start(&home).await,
        MockReceiver::start().await,
        MockReceiver::start().await,
    );
    up.webhook(&flat.url("/"), "json", &["client.add"]).await;
    up.webhook(&envelope.url("/"), "envelope", &["client.edit"])
        .await;
    let client = up.create("clients", json!({"realname": "Анна"})).await;
    wait_until(DEADLINE, || async { !bodies(&flat).is_empty() }).await;
    let shown = up
        .api
        .get(&format!("/api/v1/clients/{client}"))
        .await
        .json();
    assert_eq!(
        bodies(&flat)[0],
        format!(
            r#"{{"id":{client},"realname":"Анна","email":"","phone":"","position":"","id_status":{},"text":"","fields":{{}},"component":"client","event":"add"}}"#,
            shown["id_status"]
        )
    );
    up.api
        .patch(
            &format!("/api/v1/clients/{client}"),
            json!({"position": "CEO"}),
        )
        .await
        .expect(200);
    wait_until(DEADLINE, || async { !bodies(&envelope).is_empty() }).await;
    let body: serde_json::Value = serde_json::from_str(&bodies(&envelope)[0]).unwrap();
    let rest = up
        .api
        .get(&format!("/api/v1/clients/{client}"))
        .await
        .json();
    assert_eq!(body["type"], "client.edit");
    assert_eq!(body["revision"], 2);
    assert_eq!(body["data"], rest);
    assert_eq!(body["previous"], json!({"position": ""}));
    assert_eq!(body["actor"]["kind"], "api");
    let feed = up
        .api
        .get("/api/v1/events?after=0&limit=200")
        .await
        .expect(200)
        .json();
    let last = feed["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["id"], body["id"]);
    assert_eq!(last["data"], rest);
}

#[tokio::test]
async fn a_published_library_accepts_every_attempts_signature() {
    let home = tempfile::tempdir().unwrap();
    let (up, receiver) = (Up::start(&home).await, MockReceiver::start().await);
    let created = up
        .api
        .post(
            "/api/v1/webhooks",
            json!({"name": "signed", "url": receiver.url("/"), "format": "form",
                   "events": ["order.add"], "retry_schedule_s": [0, 1]}),
        )
        .await
        .expect(201)
        .json();
    let secret = created["secret"].as_str().unwrap();
    receiver.answer_next(Answer::status(500));
    up.create("orders", json!({"name": "signed"})).await;
    let requests = receiver.wait_for_requests(3).await;
    let verifier = standardwebhooks::Webhook::new(secret).unwrap();
    for request in &requests {
        let mut headers = hyper::HeaderMap::new();
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            let value = request.header(name).unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        verifier.verify(&request.body, &headers).unwrap();
    }
    assert_eq!(
        requests[1].header("webhook-id"),
        requests[2].header("webhook-id")
    );
    assert_eq!(requests[1].header("x-delivery-attempt"), Some("1"));
    assert_eq!(requests[2].header("x-delivery-attempt"), Some("2"));
    assert_eq!(requests[1].header("x-record-revision"), Some("1"));
    let shown = up.api.get("/api/v1/webhooks").await.json();
    assert!(
        !shown.to_string().contains(secret),
        "the secret is shown once"
    );
}
