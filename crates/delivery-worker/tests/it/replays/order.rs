//! Webhooks that take revisions in their order.

use serde_json::json;

use super::jobs::{records, replay, replayed, wait_until_done};
use crate::app::{ACCOUNT, TestApp};
use crate::samples::{order_added, order_deleted};

#[tokio::test]
async fn an_old_revision_goes_to_an_ordered_webhook_by_force_only() {
    let app = TestApp::start().await;
    let webhook = app.create_webhook(json!({"ordered": true})).await;
    app.publish(&order_added(ACCOUNT, 1)).await;
    app.publish(&order_deleted(ACCOUNT, 1)).await;
    app.wait_for_delivery("?origin=event&event=order.delete", |it| {
        it["state"] == "delivered"
    })
    .await;
    let job = replay(&app.api, &webhook, json!({"state": "delivered"})).await;
    let done = wait_until_done(&app.api, &job).await;
    assert_eq!(
        (&done["progress"]["queued"], &done["progress"]["skipped"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(replayed(&app).await[0]["type"], "order.delete");

    let forced = json!({"state": "delivered", "force": true});
    let job = replay(&app.api, &webhook, forced).await;
    let done = wait_until_done(&app.api, &job).await;
    assert_eq!(done["progress"]["delivered"], 2);
    assert_eq!(records(&replayed(&app).await), [1, 1, 1]);
}
