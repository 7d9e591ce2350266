//! Which databases are set back, and what would go wrong without `dealwire recover`.

use serde_json::json;

use super::site::{AHEAD, Site};
use crate::recovery::Restored::{DeliveryWorker, EntityService, IntakeService};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_receivers_know_is_given_out_twice() {
    let mut site = Site::new().await;
    let running = site.run().await;
    let order = running.add_order().await;
    running.edit_order(order, 1).await;
    site.wait_for_callback(order, 2).await;
    running.end().await;
    let backup = site.back_up().await;

    let running = site.run().await;
    let lost = running.add_order().await;
    let mut known = 0;
    for price in 2..=4 {
        known = running.edit_order(order, price).await;
    }
    site.wait_for_callback(order, known).await;
    site.wait_for_callback(lost, 1).await;
    let feed = running.get("/api/v1/events").await;
    let last_seq = feed["items"].as_array().unwrap().last().unwrap()["seq"].as_i64();
    running.end().await;

    site.restore(&backup, &[EntityService]).await;
    let said = site.recover(&[EntityService]).await;
    assert!(said.contains("1 records go on with revisions"), "{said}");
    assert!(said.contains("4 changes"), "{said}");
    assert!(said.contains("  1 order.add\n  3 order.edit\n"), "{said}");
    let older = format!("order {order} of account 1, known at revision {known}");
    assert!(said.contains(&older), "{said}");
    let gone = format!("order {lost} of account 1, known at revision 1");
    assert!(said.contains(&gone), "{said}");

    let running = site.run().await;
    let next = running.add_order().await;
    assert!(next > lost + AHEAD / 2, "{next} after {lost}");
    // Whoever read it before must not pass for somebody who has read it now.
    let read = running.get(&format!("/api/v1/orders/{order}")).await;
    assert_eq!(read["revision"], known + 1);
    // The webhook is ordered, and waits for nothing that never comes.
    assert_eq!(running.edit_order(order, 5).await, known + 2);
    site.wait_for_callback(order, known + 2).await;
    site.wait_for_callback(next, 1).await;
    let after = last_seq.unwrap();
    let feed = running.get(&format!("/api/v1/events?after={after}")).await;
    assert_eq!(feed["items"].as_array().unwrap().len(), 2, "{feed}");
    running.verify().await;
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_lead_is_not_taken_for_one_that_was_converted_before() {
    let mut site = Site::new().await;
    let running = site.run().await;
    let source = running.add_source().await;
    let first = running.add_lead(&source, 79_990_000_001).await;
    running.order_of(first).await;
    running.end().await;
    let backup = site.back_up().await;

    let running = site.run().await;
    let lost = running.add_lead(&source, 79_990_000_002).await;
    let order_of_lost = running.order_of(lost).await;
    running.end().await;

    site.restore(&backup, &[IntakeService]).await;
    let said = site.recover(&[IntakeService]).await;
    assert!(
        said.contains("LOST WITH THE BACKUP of intake-service: 1 leads"),
        "{said}"
    );

    let running = site.run().await;
    let next = running.add_lead(&source, 79_990_000_003).await;
    assert!(next > lost + AHEAD / 2, "{next} after {lost}");
    let order = running.order_of(next).await;
    assert!(order > order_of_lost);
    running.verify().await;
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lead_whose_order_was_lost_becomes_one_again() {
    let mut site = Site::new().await;
    let running = site.run().await;
    let source = running.add_source().await;
    running.end().await;
    let backup = site.back_up().await;

    let running = site.run().await;
    let lead = running.add_lead(&source, 79_990_000_001).await;
    let lost = running.order_of(lead).await;
    running.end().await;

    site.restore(&backup, &[EntityService]).await;
    site.recover(&[EntityService]).await;
    let running = site.run().await;
    running.verify().await;
    let order = running.order_of(lead).await;
    assert!(order > lost, "{order} after {lost}");
    assert_eq!(
        running.get(&format!("/api/v1/orders/{order}")).await["id"],
        order
    );
    site.wait_for_callback(order, 1).await;
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_was_set_back_gets_what_it_no_longer_has() {
    let mut site = Site::new().await;
    let running = site.run().await;
    let order = running.add_order().await;
    site.wait_for_callback(order, 1).await;
    running.end().await;
    let backup = site.back_up().await;

    let running = site.run().await;
    let second = running.add_order().await;
    let revision = running.edit_order(order, 1).await;
    site.wait_for_callback(order, revision).await;
    site.wait_for_callback(second, 1).await;
    running.end().await;

    site.restore(&backup, &[DeliveryWorker]).await;
    let said = site.recover(&[DeliveryWorker]).await;
    assert!(
        said.contains("entity-service    publishes its events after number"),
        "{said}"
    );
    let running = site.run().await;
    running.verify().await;
    let hook = json!({"name": "n", "url": site.receiver.url("/"), "events": ["client.add"]});
    let hook = running
        .api
        .post("/api/v1/webhooks", hook)
        .await
        .expect(201)
        .id();
    assert!(hook > AHEAD, "{hook}");
    running.end().await;
    // What came twice came under the id that it had.
    let requests = site.receiver.requests();
    let told = requests
        .iter()
        .filter(|it| it.header("x-record-revision").is_some());
    let mut ids: Vec<_> = told.map(|it| it.header("webhook-id")).collect();
    assert!(ids.len() >= 5, "{ids:?}");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3, "{ids:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_is_set_back_to_a_moment_of_its_own() {
    for [entity, intake, delivery] in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
        let mut site = Site::new().await;
        let running = site.run().await;
        let source = running.add_source().await;
        running.end().await;
        let mut backups = Vec::new();
        let (mut orders, mut leads) = (Vec::new(), Vec::new());
        for phone in 79_990_000_001_i64..=79_990_000_003 {
            let running = site.run().await;
            orders.push(running.add_order().await);
            let lead = running.add_lead(&source, phone).await;
            orders.push(running.order_of(lead).await);
            leads.push(lead);
            for order in &orders {
                running.edit_order(*order, phone).await;
            }
            running.end().await;
            backups.push(site.back_up().await);
        }
        site.restore(&backups[entity], &[EntityService]).await;
        site.restore(&backups[intake], &[IntakeService]).await;
        site.restore(&backups[delivery], &[DeliveryWorker]).await;
        site.recover(&[EntityService, IntakeService, DeliveryWorker])
            .await;

        let running = site.run().await;
        running.verify().await;
        let seen = site.callbacks(orders[0]).into_iter().max().unwrap();
        assert!(running.edit_order(orders[0], 1).await > seen);
        let order = running.add_order().await;
        assert!(orders.iter().all(|known| *known < order));
        let lead = running.add_lead(&source, 79_990_000_009).await;
        assert!(leads.iter().all(|known| *known < lead));
        let order = running.order_of(lead).await;
        assert!(orders.iter().all(|known| *known < order));
        site.wait_for_callback(order, 1).await;
        running.verify().await;
        running.end().await;

        // Whoever is not sure whether it ran may run it again.
        site.recover(&[EntityService, IntakeService, DeliveryWorker])
            .await;
        let running = site.run().await;
        running.add_order().await;
        running.verify().await;
        running.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_learn_how_pipelines_are_now() {
    let mut site = Site::new().await;
    let running = site.run().await;
    let pipelines = running.get("/api/v1/pipelines").await;
    let pipeline = pipelines["items"][0]["id"].as_i64().unwrap();
    running.end().await;
    let backup = site.back_up().await;

    let running = site.run().await;
    let stages = format!("/api/v1/pipelines/{pipeline}/stages");
    let stage = json!({"name": "Lost", "kind": "open"});
    let lost = running.api.post(&stages, stage).await.expect(201).id();
    let other = json!({"name": "Gone", "stages": [{"name": "n", "kind": "open"}]});
    running
        .api
        .post("/api/v1/pipelines", other)
        .await
        .expect(201);
    running.verify().await;
    running.end().await;

    site.restore(&backup, &[EntityService]).await;
    site.recover(&[EntityService]).await;
    let running = site.run().await;
    running.verify().await;
    // What is gone fires nothing, and what is added now does.
    let trigger = |stage: i64| json!({"name": "n", "url": site.receiver.url("/t"), "id_status": stage, "event": "entered"});
    let refused = running.api.post("/api/v1/triggers", trigger(lost)).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    let stage = json!({"name": "New", "kind": "open"});
    let stage = running.api.post(&stages, stage).await.expect(201).id();
    running.verify().await;
    running
        .api
        .post("/api/v1/triggers", trigger(stage))
        .await
        .expect(201);
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_was_revoked_stays_so() {
    let mut site = Site::new().await;
    let running = site.run().await;
    let token = json!({"name": "n", "scopes": ["records:read", "leads:read"]});
    let kept = running
        .api
        .post("/api/v1/tokens", token.clone())
        .await
        .expect(201)
        .json();
    running.end().await;
    let backup = site.back_up().await;

    let running = site.run().await;
    let newer = running
        .api
        .post("/api/v1/tokens", token)
        .await
        .expect(201)
        .json();
    for token in [&kept, &newer] {
        let path = format!("/api/v1/tokens/{}", token["id"].as_str().unwrap());
        running.api.delete(&path).await.expect(204);
    }
    // Until others have heard of it.
    let client = running.api.with_token(kept["token"].as_str().unwrap());
    test_support::wait_until(std::time::Duration::from_secs(30), || async {
        client.get("/api/v1/leads").await.status == 401
    })
    .await;
    running.end().await;

    site.restore(&backup, &[EntityService]).await;
    site.recover(&[EntityService]).await;
    let running = site.run().await;
    for token in [&kept, &newer] {
        let client = running.api.with_token(token["token"].as_str().unwrap());
        assert_eq!(client.get("/api/v1/orders").await.status, 401);
    }
    let listed = running.get("/api/v1/tokens").await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 3, "{listed}");
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_done_beside_a_service_that_runs() {
    let site = Site::new().await;
    site.wait_until_stopped().await;
    let running = site.run().await;
    running.add_order().await;
    let refused = site.check_stopped().await.unwrap_err().to_string();
    assert!(refused.contains("may be running"), "{refused}");
    running.end().await;
    site.wait_until_stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_restored_and_is_not_named_is_refused() {
    let mut site = Site::new().await;
    let backup = site.back_up().await;
    let running = site.run().await;
    let source = running.add_source().await;
    let lead = running.add_lead(&source, 79_990_000_001).await;
    let order = running.order_of(lead).await;
    site.wait_for_callback(order, 1).await;
    running.end().await;

    site.restore(&backup, &[EntityService]).await;
    let refused = site.plan(&[DeliveryWorker]).await.unwrap_err().to_string();
    assert!(refused.contains("--restored entity-service"), "{refused}");
    site.recover(&[EntityService]).await;
    let running = site.run().await;
    running.verify().await;
    running.end().await;

    site.restore(&backup, &[IntakeService]).await;
    let refused = site.plan(&[EntityService]).await.unwrap_err().to_string();
    assert!(refused.contains("--restored intake-service"), "{refused}");
}
