//! What others put into our queues comes through whole, so that a consumer can park it.

use broker::IncomingMessage;
use bytes::Bytes;
use serde_json::json;
use test_support::Method;

use crate::fixture::{MANY, ack, consumer, publisher, queue, rabbitmq, receive};

#[tokio::test]
async fn undecodable_bytes_and_foreign_properties_reach_the_consumer() {
    let Some(home) = rabbitmq().await else { return };
    let broker = home.broker();
    publisher(&broker, [queue("q", &["#"])]).await;
    let cases = [
        (json!({}), "AP/+gA==", foreign("", "", None, None)),
        (
            json!({"message_id": "7", "type": "who.knows", "content_type": "text/plain",
                   "headers": {"seq": "not a number", "traceparent": 5, "more": [1, {"a": true}]}}),
            "AP/+gA==",
            foreign("7", "who.knows", None, None),
        ),
        (
            json!({"headers": {"seq": -1, "traceparent": "00-aa-bb-01"}}),
            "AP/+gA==",
            foreign("", "", None, Some("00-aa-bb-01")),
        ),
        (
            json!({"headers": {"seq": 12}, "priority": 3, "expiration": "600000"}),
            "AP/+gA==",
            foreign("", "", Some(12), None),
        ),
    ];
    let mut consumer = consumer(&broker, "q").await;
    for (properties, payload, expected) in cases {
        let body = json!({"properties": properties, "routing_key": "stray.key",
                          "payload": payload, "payload_encoding": "base64"});
        home.manage(
            Method::POST,
            "/exchanges/{vhost}/test.events/publish",
            Some(body),
        )
        .await;
        let mut batch = receive(&mut consumer, MANY).await;
        assert_eq!(batch.take_messages(), [expected]);
        ack(&mut consumer, batch).await;
    }
}

fn foreign(
    message_id: &str,
    message_type: &str,
    seq: Option<u64>,
    traceparent: Option<&str>,
) -> IncomingMessage {
    IncomingMessage {
        routing_key: "stray.key".to_owned(),
        message_id: message_id.to_owned(),
        message_type: message_type.to_owned(),
        seq,
        traceparent: traceparent.map(ToOwned::to_owned),
        body: Bytes::from_static(&[0x00, 0xff, 0xfe, 0x80]),
        redelivered: false,
    }
}

#[tokio::test]
async fn what_we_publish_carries_the_contracts_properties() {
    let Some(home) = rabbitmq().await else { return };
    let broker = home.broker();
    let publisher = publisher(&broker, [queue("q", &["#"])]).await;
    let sent = broker::OutgoingMessage {
        routing_key: "order.add".to_owned(),
        message_id: "42".to_owned(),
        message_type: "order.changed".to_owned(),
        seq: Some(9_007_199_254_740_993),
        traceparent: Some("00-aa-bb-01".to_owned()),
        body: Bytes::from_static(b"event"),
    };
    publisher.publish(sent).await.unwrap().await.unwrap();
    let seen = home
        .manage(
            Method::POST,
            "/queues/{vhost}/q/get",
            Some(json!({"count": 1, "ackmode": "ack_requeue_true", "encoding": "auto"})),
        )
        .await;
    assert_eq!(seen[0]["payload"], "event");
    let properties = &seen[0]["properties"];
    assert_eq!(properties["message_id"], "42");
    assert_eq!(properties["type"], "order.changed");
    assert_eq!(properties["content_type"], "application/x-protobuf");
    assert_eq!(properties["delivery_mode"], 2);
    assert_eq!(properties["headers"]["seq"], 9_007_199_254_740_993_i64);
    assert_eq!(properties["headers"]["traceparent"], "00-aa-bb-01");
}
