//! What is known of records goes when they have not changed for long.

use serde_json::json;

use super::*;
use crate::delivering::events::order_changed;

#[tokio::test(flavor = "multi_thread")]
async fn revisions_of_records_that_do_not_change_go_and_those_of_others_stay() {
    const KNOWN: &str = "SELECT count(*) AS number FROM record_revisions";
    let site = Site::start().await;
    let receiver = MockReceiver::start().await;
    let worker = site.worker_with(patient()).await;
    worker
        .webhook_with(&receiver, json!({"ordered": true}))
        .await;
    for id in 1..=4 {
        site.take_in(&order_added(id)).await;
    }
    site.wait_for(4, "delivered").await;
    receiver.answer_next(Answer::status(500));
    site.take_in(&order_added(5)).await;
    wait_for_callbacks(&receiver, 5).await;
    assert_eq!(site.number(KNOWN).await, 5);
    worker.stop().await;

    // Of the first two and the one that is owed nothing came for 40 days. Of the fourth
    // it is not known: a worker of the version before wrote it.
    let then_us = site.now_us().await - 40 * DAY_US;
    site.execute(format!(
        "UPDATE record_revisions SET changed_on_us = {then_us} WHERE record_id IN (1, 2, 5); \
         UPDATE record_revisions SET changed_on_us = NULL WHERE record_id = 4"
    ))
    .await;
    let worker = site.worker_with(patient()).await;
    wait_until(DEADLINE, || async { site.number(KNOWN).await == 3 }).await;
    let undated = "SELECT count(*) AS number FROM record_revisions WHERE changed_on_us IS NULL";
    assert_eq!(site.number(undated).await, 0);

    // One that changes again goes on where it is.
    site.take_in(&order_changed(events::Action::Edit, 3, 2, "x"))
        .await;
    wait_for_callbacks(&receiver, 6).await;
    worker.stop().await;
}
