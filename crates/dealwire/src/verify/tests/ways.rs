//! What is on its way, kept aside or done twice is no loss.

use ::events::{
    AccountId, Action, Actor, ActorKind, Change, Event, EventId, PipelineChanged, PipelineId,
    PipelineSnapshot, Timestamp,
};
use broker::{Broker, InProcessLimits, OutgoingMessage};
use outbox::parked::NewParked;
use outbox::queue::DELIVERY_EVENTS;

use super::installation::{DEADLINE, EVENTS, Installation, MATCHED};
use crate::verify::Between;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_where_nothing_was() {
    let installation = Installation::start().await;
    let report = installation.verify().await;
    assert!(report.is_sound(), "{report}");
    assert_eq!(report.events.kept, EVENTS);
    assert_eq!(report.events.wanted, EVENTS);
    assert_eq!(report.events.known, EVENTS);
    assert_eq!(report.deliveries.matched, MATCHED);
    assert_eq!(report.deliveries.rows, MATCHED);
    assert_eq!(report.deliveries.repeated, 0);
    let text = report.to_string();
    assert!(text.contains("19 events, 1 to 19"), "{text}");
    assert!(text.contains("18 matched, 18 rows"), "{text}");
    assert!(text.contains("18 delivered"), "{text}");
    assert!(text.ends_with("Nothing is lost."), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_that_go_on_do_not_confuse_it() {
    let installation = Installation::start().await;
    let changing = async {
        for _ in 0..40 {
            installation.add_order().await;
        }
    };
    let verifying = async {
        for _ in 0..10 {
            let report = installation.verify_within(DEADLINE).await;
            assert!(report.is_sound(), "{report}");
            assert!(report.waiting().is_empty(), "{report}");
            assert_eq!(report.unnumbered, 0, "{report}");
        }
    };
    tokio::join!(changing, verifying);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_in_the_outbox_is_not_lost() {
    let mut installation = Installation::start().await;
    installation.stop().await;
    let event = an_event();
    installation
        .verification
        .entity
        .write(move |conn| outbox::append(conn, &event))
        .await
        .unwrap();
    let report = installation.verify().await;
    assert!(report.is_sound(), "{report}");
    // Without a relay a row has no number yet on PostgreSQL.
    let waiting = i64::try_from(report.waiting().len()).unwrap();
    assert_eq!(waiting + report.unnumbered, 1, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_queue_may_hold_is_not_lost() {
    let mut installation = Installation::start().await;
    installation.forget(19).await;
    let broker = Broker::in_process(InProcessLimits::default());
    broker.declare(&outbox::topology()).await.unwrap();
    installation.verification.between = Between::Broker(broker.clone());
    let report = installation.verify().await;
    assert!(!report.is_sound(), "the queue is empty: {report}");

    let publisher = broker.publisher("dealwire.events").await.unwrap();
    let _confirmation = publisher
        .publish(OutgoingMessage {
            message_id: "m".to_owned(),
            routing_key: "order.edit".to_owned(),
            message_type: "order.edit".to_owned(),
            seq: Some(19),
            traceparent: None,
            body: bytes::Bytes::from_static(b"m"),
        })
        .await
        .unwrap();
    let report = installation.verify().await;
    assert!(report.is_sound(), "{report}");
    assert_eq!(report.in_queue().len(), 1);
    assert!(report.to_string().contains("1 in the queue"), "{report}");

    installation.verification.between = Between::Unnamed;
    let report = installation.verify().await;
    assert!(!report.is_sound());
    let text = report.to_string();
    assert!(text.contains("may be in its queue"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parked_events_are_counted_as_such() {
    let installation = Installation::start().await;
    let parked = NewParked {
        queue: DELIVERY_EVENTS.to_owned(),
        routing_key: "order.edit".to_owned(),
        message_id: installation.id_of(19).await,
        message_type: "order.edit".to_owned(),
        seq: Some(19),
        traceparent: None,
        body: b"m".to_vec(),
        reason: "n".to_owned(),
    };
    installation.forget(19).await;
    installation
        .verification
        .delivery
        .write(move |conn| outbox::parked::park(conn, &parked))
        .await
        .unwrap();
    let report = installation.verify().await;
    assert!(report.is_sound(), "{report}");
    assert_eq!(
        (report.events.known, report.events.parked.count),
        (EVENTS - 1, 1)
    );
    assert!(report.to_string().contains("dealwire parked list"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_that_are_held_are_pending() {
    let mut installation = Installation::start().await;
    installation.stop().await;
    installation
        .damage_deliveries("UPDATE deliveries SET state = 'pending' WHERE revision = 3")
        .await;
    let report = installation.verify().await;
    assert!(report.is_sound(), "{report}");
    let text = report.to_string();
    assert!(text.contains("6 pending (0 held), 12 delivered"), "{text}");
    assert!(text.contains("the oldest one is due since"), "{text}");

    installation
        .damage_deliveries("UPDATE webhook_lanes SET paused_at_us = 1")
        .await;
    let report = installation.verify().await;
    assert!(report.is_sound(), "{report}");
    let text = report.to_string();
    assert!(text.contains("6 pending (6 held), 12 delivered"), "{text}");
    assert!(!text.contains("due"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeats_are_counted() {
    let installation = Installation::start().await;
    installation
        .damage_deliveries(
            "INSERT INTO attempts (delivery_id, claim_no, number, settings_version, \
             started_at_us, duration_us, status) \
             SELECT id, claim_no + 1, attempts + 1, settings_version, last_attempt_at_us, \
             last_duration_us, 204 FROM deliveries WHERE first_attempt IS NOT NULL \
             ORDER BY id LIMIT 3",
        )
        .await;
    let report = installation.verify().await;
    assert!(report.is_sound(), "{report}");
    assert_eq!(report.deliveries.repeated, 3);
    assert!(report.to_string().contains("(16.67 %)"), "{report}");
}

fn an_event() -> Event {
    let now = Timestamp(1_767_323_045_123_456);
    Event {
        id: EventId::new(now),
        account_id: AccountId(1),
        occurred_at: now,
        actor: Actor {
            kind: ActorKind::System,
            token_id: None,
        },
        cause: events::Cause::default(),
        change: Change::Pipeline(PipelineChanged {
            action: Action::Add,
            revision: 1,
            pipeline: PipelineSnapshot {
                id: PipelineId(7),
                name: "n".to_owned(),
                position: 0,
                stages: Vec::new(),
                created_at: now,
                updated_at: now,
            },
        }),
    }
}
