//! From the answer to the broker: each change is published once, in order, as it was appended.

use events::{Decoded, Event};
use outbox::queue::DELIVERY_EVENTS;
use serde_json::json;
use test_support::wait_until;

use crate::app::{DEADLINE, TestApp};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consumers_get_each_change_in_order() {
    let app = TestApp::start().await;
    let mut consumer = app.broker.consumer(DELIVERY_EVENTS, 100).await.unwrap();
    let client = app.create_client(json!({"realname": "n"})).await;
    let order = app.create_order(json!({"id_client": client["id"]})).await;
    let body = json!({"name": "n", "id_order": order["id"]});
    app.create_task(body.clone()).await;
    app.create_task(body).await;
    let path = format!("/api/v1/orders/{}", order["id"]);
    app.api.patch(&path, json!({"price": 5})).await.expect(200);
    app.api.patch(&path, json!({"price": 5})).await.expect(200);
    app.api.delete(&path).await.expect(204);
    let appended = app.new_events().await;
    let types: Vec<&str> = appended
        .iter()
        .map(|event| event.change.event_type())
        .collect();
    assert_eq!(
        types,
        [
            "client.add",
            "order.add",
            "task.add",
            "task.add",
            "order.edit",
            "task.delete",
            "order.delete",
        ]
    );

    let mut received = Vec::new();
    while received.len() < appended.len() {
        let receiving = consumer.receive(100, 1 << 20);
        let batch = tokio::time::timeout(DEADLINE, receiving)
            .await
            .expect("the events come")
            .unwrap();
        // Opening the accounts told of their pipelines.
        let records = batch
            .messages()
            .iter()
            .filter(|message| !message.message_type.starts_with("pipeline."));
        received.extend(records.cloned());
        consumer.ack(batch).await.unwrap();
    }

    let mut last_seq = 0;
    for (message, event) in received.iter().zip(&appended) {
        assert_eq!(message.message_id, event.id.to_string());
        assert_eq!(message.message_type, event.change.event_type());
        assert_eq!(message.routing_key, event.change.event_type());
        assert_eq!(
            Event::decode(&message.body).unwrap(),
            Decoded::Event(event.clone())
        );
        let seq = message.seq.unwrap();
        assert!(seq > last_seq);
        last_seq = seq;
    }
    wait_until(DEADLINE, || async {
        let backlog = app.database.read(outbox::backlog).await.unwrap();
        backlog.waiting == 0 && backlog.published_through == i64::try_from(last_seq).unwrap()
    })
    .await;
}
