//! `POST /deliveries/{id}/retry`.

use serde_json::{Value, json};
use test_support::{Answer, ApiAnswer};

use crate::app::{ACCOUNT, TestApp, errors, field_errors, path_of, problem_code};
use crate::samples::order_added;

async fn retry(app: &TestApp, delivery: &Value, body: Value) -> ApiAnswer {
    let id = delivery["id"].as_str().unwrap();
    app.api
        .post(&format!("/api/v1/deliveries/{id}/retry"), body)
        .await
}

#[tokio::test]
async fn a_failed_one_is_sent_again_under_the_same_id() {
    let app = TestApp::start().await;
    app.create_webhook(json!({"retry_schedule_s": [0]})).await;
    app.receiver.answer_next(Answer::status(500));
    app.publish(&order_added(ACCOUNT, 1)).await;
    let query = "?origin=event";
    let failed = app
        .wait_for_delivery(query, |delivery| delivery["state"] == "failed")
        .await;
    let answer = retry(&app, &failed, json!({})).await.expect(200).json();
    assert_eq!(answer["id"], failed["id"]);
    assert_eq!(answer["state"], "pending");
    assert_eq!(answer["finished_at"], json!(null));
    assert!(answer["next_attempt_at"].is_string());
    let delivered = app
        .wait_for_delivery(query, |delivery| delivery["state"] == "delivered")
        .await;
    assert_eq!(delivered["attempts"], 2);
    let requests = app.receiver.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!(
        requests[1].header("webhook-id"),
        requests[2].header("webhook-id")
    );
    assert_eq!(requests[2].header("x-delivery-attempt"), Some("2"));
    let id = delivered["id"].as_str().unwrap();
    let detail = app.api.get(&format!("/api/v1/deliveries/{id}")).await;
    let numbers: Vec<_> = detail.expect(200).json()["attempts_log"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| (attempt["number"].clone(), attempt["outcome"].clone()))
        .collect();
    assert_eq!(
        numbers,
        [
            (json!(1), json!("http_error")),
            (json!(2), json!("success"))
        ]
    );
}

#[tokio::test]
async fn a_pending_one_need_not_wait_for_its_time() {
    let app = TestApp::start().await;
    app.create_webhook(json!({"retry_schedule_s": [0, 86400]}))
        .await;
    app.receiver.answer_next(Answer::status(500));
    app.publish(&order_added(ACCOUNT, 1)).await;
    let query = "?origin=event";
    let waiting = app
        .wait_for_delivery(query, |delivery| delivery["attempts"] == 1)
        .await;
    assert_eq!(waiting["state"], "pending");
    retry(&app, &waiting, json!({})).await.expect(200);
    app.wait_for_delivery(query, |delivery| delivery["state"] == "delivered")
        .await;
}

#[tokio::test]
async fn a_delivered_one_is_sent_again_by_force_only() {
    let app = TestApp::start().await;
    app.create_webhook(json!({})).await;
    app.publish(&order_added(ACCOUNT, 1)).await;
    let query = "?origin=event";
    let delivered = app
        .wait_for_delivery(query, |delivery| delivery["state"] == "delivered")
        .await;
    let refused = retry(&app, &delivered, json!({})).await.expect(409);
    assert_eq!(problem_code(&refused), "conflict");
    let refused = retry(&app, &delivered, json!({"force": false})).await;
    refused.expect(409);
    retry(&app, &delivered, json!({"force": true}))
        .await
        .expect(200);
    app.wait_for_delivery(query, |delivery| {
        delivery["state"] == "delivered" && delivery["attempts"] == 2
    })
    .await;
    assert_eq!(app.receiver.requests().len(), 3);
}

#[tokio::test]
async fn what_has_nowhere_to_go_is_refused() {
    let app = TestApp::start().await;
    let created = app.create_webhook(json!({})).await;
    app.publish(&order_added(ACCOUNT, 1)).await;
    let delivered = app
        .wait_for_delivery("?origin=event", |delivery| delivery["state"] == "delivered")
        .await;
    let test = app.deliveries("?origin=test").await.remove(0);
    let refused = retry(&app, &test, json!({"force": true})).await.expect(409);
    assert_eq!(problem_code(&refused), "conflict");

    let bad = retry(&app, &delivered, json!({"force": 1, "now": true})).await;
    assert_eq!(
        field_errors(&bad),
        errors(&[("/force", "wrong_type"), ("/now", "unknown_field")])
    );

    app.execute("DELETE FROM event_bodies").await;
    let refused = retry(&app, &delivered, json!({"force": true}))
        .await
        .expect(409);
    assert!(
        refused.json()["detail"]
            .as_str()
            .unwrap()
            .contains("no longer kept")
    );

    app.api.delete(&path_of(&created)).await.expect(204);
    let refused = retry(&app, &delivered, json!({"force": true}))
        .await
        .expect(409);
    assert!(
        refused.json()["detail"]
            .as_str()
            .unwrap()
            .contains("deleted")
    );
    assert_eq!(app.receiver.requests().len(), 2);
}

#[tokio::test]
async fn without_a_body_it_is_a_plain_retry() {
    let app = TestApp::start().await;
    app.create_webhook(json!({"retry_schedule_s": [0]})).await;
    app.receiver.answer_next(Answer::status(500));
    app.publish(&order_added(ACCOUNT, 1)).await;
    let failed = app
        .wait_for_delivery("?origin=event", |delivery| delivery["state"] == "failed")
        .await;
    let id = failed["id"].as_str().unwrap();
    let path = format!("/api/v1/deliveries/{id}/retry");
    let answer = app
        .api
        .send(test_support::Method::POST, &path, &[], None)
        .await
        .unwrap();
    answer.expect(200);
}
