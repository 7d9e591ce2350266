//! Bad messages, and a database that fails.

use events::LeadConversionRequested;
use test_support::wait_until;

use super::with_phone;
use crate::app::{DEADLINE, TestApp, asked, conversions};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_message_is_parked_alone() {
    let app = TestApp::start().await;
    app.refuse_clients_named("плохой").await;
    let leads = app.leads().await;
    // Published before anything is answered, so that they share a batch.
    for id in 0..40 {
        let name = if id == 17 {
            "плохой"
        } else {
            "хороший"
        };
        let phone = format!("7999888{id:04}");
        let lead = LeadConversionRequested {
            name: name.to_owned(),
            ..with_phone(id, &phone, &format!("+{phone}"))
        };
        leads.publish(&asked(app.account_id, lead)).await;
        if id == 20 {
            leads.publish_bytes("broken", vec![0xff, 0, 1]).await;
        }
    }
    leads.answered(39).await;
    leads.parked(2).await;
    let events = app.new_events().await;
    assert_eq!(conversions(&events).len(), 39);
    assert_eq!(app.count_rows("orders").await, 39);
    let kept = app
        .database
        .read(|conn| outbox::parked::list(conn, 0, 10))
        .await
        .unwrap();
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().all(|message| message.queue == "entity.leads"));
    let broken = kept.iter().find(|message| message.message_id == "broken");
    assert_eq!(broken.unwrap().body, [0xff, 0, 1]);
    leads.counted(&[("client_added", 39), ("parked", 2)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_request_is_passed_over() {
    let app = TestApp::start().await;
    let leads = app.leads().await;
    let mut other = asked(app.account_id, with_phone(1, "79998888881", "+79998888881"));
    other.change = events::Change::TokenRevoked(events::TokenRevoked {
        token_id: events::TokenId("t".to_owned()),
    });
    leads.publish(&other).await;
    let events = leads
        .convert([with_phone(2, "79998888882", "+79998888882")])
        .await;
    assert_eq!(events.len(), 3);
    assert_eq!(app.count_rows("parked_events").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_database_loses_nothing() {
    let app = TestApp::start().await;
    app.break_appends().await;
    let leads = app.leads().await;
    for id in 0..5 {
        let phone = format!("7999888{id:04}");
        let lead = with_phone(id, &phone, &format!("+{phone}"));
        leads.publish(&asked(app.account_id, lead)).await;
    }
    // They are taken, tried, and all of it is undone.
    wait_until(DEADLINE, || async {
        let depths = app.broker.queue_depths().await.unwrap();
        let leads = depths.iter().find(|depth| depth.queue == "entity.leads");
        leads.is_some_and(|depth| depth.messages < 5 && depth.consumers == 1)
    })
    .await;
    let body = serde_json::json!({"realname": "n"});
    app.api.post("/api/v1/clients", body).await.expect(503);
    assert_eq!(app.count_rows("orders").await, 0);
    assert_eq!(app.count_rows("inbox_events").await, 0);
    assert!(!app.metrics.encode().unwrap().contains("client_added"));
    app.mend().await;
    leads.answered(5).await;
    assert_eq!(app.count_rows("orders").await, 5);
    assert_eq!(app.count_rows("parked_events").await, 0);
}
