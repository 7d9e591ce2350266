//! What a trigger's receiver gets.

use events::{Change, Event};
use hyper::HeaderMap;
use hyper::header::HeaderName;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use test_support::ReceivedRequest;

use crate::app::{ACCOUNT, TestApp};
use crate::moves::order_moved;

/// S2's example: two fields and a literal.
fn two_fields_and_a_literal() -> Value {
    json!([
        {"name": "deal_name", "kind": "field", "value": "name"},
        {"name": "was", "kind": "field", "value": "previous.id_status"},
        {"name": "source", "kind": "value", "value": "crm & co"},
    ])
}

fn named(mut event: Event, name: &str) -> Event {
    let Change::Order(change) = &mut event.change else {
        panic!("an order's");
    };
    name.clone_into(&mut change.order.name);
    event
}

/// Whether the published library takes a request as signed; of a `GET`, by its raw query.
pub(super) fn is_signed_with(request: &ReceivedRequest, secret: &str) -> bool {
    let headers: HeaderMap = request
        .headers
        .iter()
        .map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, value.parse().unwrap())
        })
        .collect();
    let query = request
        .target
        .split_once('?')
        .map_or("", |(_, query)| query);
    let signed = if request.method == "GET" {
        query.as_bytes()
    } else {
        &request.body
    };
    let verifier = Webhook::new(secret).unwrap();
    verifier.verify(signed, &headers).is_ok()
}

#[tokio::test]
async fn a_form_holds_the_parameters_and_nothing_else() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let parameters = two_fields_and_a_literal();
    let created = app
        .create_stage_trigger("entered", 13, json!({"parameters": parameters}))
        .await;
    app.publish(&named(order_moved(ACCOUNT, 42, 12, 13), "Заказ №1"))
        .await;
    let request = app.receiver.wait_for_requests(2).await.pop().unwrap();
    assert_eq!(request.method, "POST");
    assert_eq!(request.target, "/trigger");
    assert_eq!(
        request.text(),
        "deal_name=%D0%97%D0%B0%D0%BA%D0%B0%D0%B7+%E2%84%961&was=12&source=crm+%26+co"
    );
    assert_eq!(
        request.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(request.header("x-delivery-attempt"), Some("1"));
    assert_eq!(request.header("x-record-revision"), Some("2"));
    assert!(is_signed_with(
        &request,
        created["secret"].as_str().unwrap()
    ));
}

#[tokio::test]
async fn json_has_native_types() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let parameters = json!([
        {"name": "id", "kind": "field", "value": "id"},
        {"name": "archived", "kind": "field", "value": "archive"},
        {"name": "price", "kind": "field", "value": "price"},
        {"name": "stage", "kind": "field", "value": "stage.name"},
        {"name": "hot", "kind": "value", "value": true},
    ]);
    let settings = json!({"format": "json", "parameters": parameters});
    let created = app.create_stage_trigger("entered", 13, settings).await;
    app.publish(&order_moved(ACCOUNT, 42, 12, 13)).await;
    let request = app.receiver.wait_for_requests(2).await.pop().unwrap();
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(
        request.text(),
        r#"{"id":42,"archived":false,"price":"","stage":"В работе","hot":true}"#
    );
    assert!(is_signed_with(
        &request,
        created["secret"].as_str().unwrap()
    ));
}

#[tokio::test]
async fn a_get_asks_with_its_parameters_behind_the_urls_own() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let settings = json!({
        "method": "GET",
        "url": app.receiver.url("/hook?token=a%20b"),
        "parameters": two_fields_and_a_literal(),
    });
    let created = app.create_stage_trigger("entered", 13, settings).await;
    app.publish(&named(order_moved(ACCOUNT, 42, 12, 13), "a=b&c\n🙂\"%"))
        .await;
    let request = app.receiver.wait_for_requests(2).await.pop().unwrap();
    assert_eq!(request.method, "GET");
    let target = "/hook?token=a%20b&deal_name=a%3Db%26c%0A%F0%9F%99%82%22%25&was=12\
                  &source=crm+%26+co";
    assert_eq!(request.target, target);
    assert!(request.body.is_empty());
    for absent in ["content-type", "content-length", "transfer-encoding"] {
        assert_eq!(request.header(absent), None, "{absent}");
    }
    assert!(is_signed_with(
        &request,
        created["secret"].as_str().unwrap()
    ));

    let delivery = app
        .wait_for_delivery("?origin=event", |it| it["state"] == "delivered")
        .await;
    let path = format!("/api/v1/deliveries/{}", delivery["id"].as_str().unwrap());
    let detail = app.api.get(&path).await.expect(200).json();
    let logged = &detail["attempts_log"][0]["request"];
    assert_eq!(logged["method"], "GET");
    assert_eq!(logged["url"], app.receiver.url(target));
    assert_eq!(logged["body"], "");
}

#[tokio::test]
async fn a_url_that_gets_too_long_ends_the_delivery_without_a_request() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let settings = json!({"method": "GET"});
    app.create_stage_trigger("entered", 13, settings).await;
    // Six bytes a letter.
    app.publish(&named(order_moved(ACCOUNT, 42, 12, 13), &"Ы".repeat(1_400)))
        .await;
    let delivery = app
        .wait_for_delivery("?origin=event", |it| it["state"] == "failed")
        .await;
    assert_eq!(delivery["attempts"], 0);
    let bytes = app.receiver.url("/trigger?deal_name=").len() + 6 * 1_400;
    assert_eq!(
        delivery["last_error"],
        format!("with the parameters the URL would have {bytes} bytes, and 8192 are the most")
    );
    // Another order's values fit.
    app.publish(&order_moved(ACCOUNT, 43, 12, 13)).await;
    let requests = app.receiver.wait_for_requests(2).await;
    assert!(requests[1].target.starts_with("/trigger?deal_name=%D0%97"));
}
