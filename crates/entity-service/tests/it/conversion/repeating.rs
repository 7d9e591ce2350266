//! However often a lead is asked for, it becomes one order.

use std::collections::BTreeSet;

use super::with_phone;
use crate::app::{TestApp, asked, conversions};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_event_does_nothing_twice() {
    let app = TestApp::start().await;
    let leads = app.leads().await;
    let event = asked(app.account_id, with_phone(1, "79998888881", "+79998888881"));
    assert_eq!(leads.take_in(std::slice::from_ref(&event)).await.len(), 3);
    leads.publish(&event).await;
    leads.publish(&event).await;
    // The queue keeps its order: when this one is answered, the repeats were taken.
    let last = with_phone(2, "79998888882", "+79998888882");
    let events = leads.convert([last]).await;
    assert_eq!(events.len(), 3);
    assert_eq!(app.count_rows("orders").await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_again_a_lead_gets_the_same_answer_for_ever() {
    let app = TestApp::start().await;
    let leads = app.leads().await;
    let mut request = with_phone(1, "79998888881", "+79998888881");
    request.owner_id = Some(-1);
    // Twice in one batch, too.
    let events = leads.convert([request.clone(), request.clone()]).await;
    assert_eq!(events.len(), 4);
    let first = conversions(&events)[0].clone();
    assert_eq!(conversions(&events)[1], &first);
    assert_eq!(first.warnings.len(), 1);
    // Even when the order is gone, and the client with it.
    let order = format!("/api/v1/orders/{}", first.order_id);
    app.api.delete(&order).await.expect(204);
    let client = format!("/api/v1/clients/{}", first.client_id);
    app.api.delete(&client).await.expect(204);
    app.new_events().await;
    request.name = "Другое имя".to_owned();
    let events = leads.convert([request]).await;
    assert_eq!(events.len(), 1);
    assert_eq!(conversions(&events), [&first]);
    assert_eq!(app.count_rows("orders").await, 0);
    assert_eq!(app.count_rows("clients").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leads_of_two_accounts_may_have_one_number() {
    let app = TestApp::start().await;
    let lead = || with_phone(1, "79998888881", "+79998888881");
    let events = [
        asked(app.account_id, lead()),
        asked(app.other_account_id, lead()),
    ];
    let events = app.leads().await.take_in(&events).await;
    let orders: BTreeSet<i64> = conversions(&events)
        .iter()
        .map(|converted| converted.order_id.0)
        .collect();
    assert_eq!(orders.len(), 2);
}
