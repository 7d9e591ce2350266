//! Two processes of the service on one database: whichever is asked, it is one service.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use test_support::{ApiAnswer, ApiClient, Method};

use crate::app::{TestApp, id_of, order_change, problem_code};

const ORDERS: &str = "/api/v1/orders";
const TASKS: &str = "/api/v1/tasks";

/// Clients of two processes, of which each test may use either.
async fn both(app: &TestApp) -> [ApiClient; 2] {
    [app.api.clone(), app.replica().await]
}

fn is_one_of(answer: &ApiAnswer, statuses: &[u16]) {
    let status = answer.status.as_u16();
    assert!(statuses.contains(&status), "{status}: {}", answer.json());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_patch_gets_its_revision_wherever_it_goes() {
    let app = TestApp::start().await;
    let replicas = both(&app).await;
    let order = app.create_order(json!({"name": "0"})).await;
    app.new_events().await;
    let path = format!("{ORDERS}/{}", order["id"]);
    let patches = (1..=30).map(|n: usize| {
        let (api, path) = (&replicas[n % 2], path.as_str());
        async move {
            let answer = api.patch(path, json!({"name": n.to_string()})).await;
            answer.expect(200).json()["revision"].as_i64().unwrap()
        }
    });
    let revisions: BTreeSet<i64> = join_all(patches).await.into_iter().collect();
    assert_eq!(revisions, (2..=31).collect());
    let told: Vec<i64> = app
        .new_events()
        .await
        .iter()
        .map(|event| order_change(event).revision)
        .collect();
    assert_eq!(told, (2..=31).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_at_both_makes_one_record() {
    let app = TestApp::start().await;
    let replicas = both(&app).await;
    for key in 0..10 {
        let (key, body) = (key.to_string(), json!({"name": "n"}));
        let headers = [("Idempotency-Key", key.as_str())];
        let sent = replicas
            .each_ref()
            .map(|api| api.send(Method::POST, ORDERS, &headers, Some(&body)));
        let answers: Vec<ApiAnswer> = join_all(sent)
            .await
            .into_iter()
            .map(|answer| answer.unwrap().expect(201))
            .collect();
        assert_eq!(answers[0].body, answers[1].body);
        assert_eq!(
            answers[0].headers["location"],
            answers[1].headers["location"]
        );
        let replayed = answers
            .iter()
            .filter(|answer| answer.headers.contains_key("idempotency-replayed"))
            .count();
        assert_eq!(replayed, 1);
        app.new_event().await;
    }
    assert_eq!(app.count_rows("orders").await, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stage_goes_only_if_no_order_comes() {
    let app = TestApp::start().await;
    let [one, other] = both(&app).await;
    let pipeline = app.first_pipeline(&app.api).await;
    let stages = format!("/api/v1/pipelines/{}/stages", pipeline["id"]);
    for _ in 0..5 {
        let stage = app.create(&stages, json!({"name": "n"})).await;
        let path = format!("{stages}/{}", stage["id"]);
        let body = json!({"name": "n", "id_status": stage["id"]});
        let adding = join_all((0..4).map(|_| other.post(ORDERS, body.clone())));
        let (deleted, added) = tokio::join!(one.delete(&path), adding);
        for answer in &added {
            is_one_of(answer, &[201, 409, 422]);
        }
        let orders: Vec<&ApiAnswer> = added.iter().filter(|one| one.status == 201).collect();
        if deleted.status == 204 {
            assert!(orders.is_empty());
        } else {
            is_one_of(&deleted, &[409]);
            other.get(&path).await.expect(200);
        }
        for order in orders {
            let shown = one.get(&format!("{ORDERS}/{}", order.id())).await;
            assert_eq!(shown.expect(200).json()["id_status"], stage["id"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_used_entry_stays_whichever_process_uses_it() {
    let app = TestApp::start().await;
    let [one, other] = both(&app).await;
    for _ in 0..5 {
        // Made here, used there at once: nothing remembers what there was before.
        let entry = app.create_entry("task_type", "n").await;
        let path = format!("/api/v1/directories/task_type/{entry}");
        let body = json!({"name": "n", "id_type": entry});
        let first = other.post(TASKS, body.clone()).await.expect(201).id();
        one.delete(&path).await.expect(409);
        other.delete(&format!("{TASKS}/{first}")).await.expect(204);
        let adding = join_all((0..4).map(|_| other.post(TASKS, body.clone())));
        let (deleted, added) = tokio::join!(one.delete(&path), adding);
        for answer in &added {
            is_one_of(answer, &[201, 409, 422]);
        }
        let is_used = added.iter().any(|answer| answer.status == 201);
        is_one_of(&deleted, if is_used { &[409] } else { &[204, 409] });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_task_comes_to_an_order_that_the_other_deletes() {
    let app = TestApp::start().await;
    let [one, other] = both(&app).await;
    for _ in 0..5 {
        let order = app.create_order(json!({})).await;
        let elsewhere = app.create_order(json!({})).await;
        let moving = app.create_task(json!({"id_order": elsewhere["id"]})).await;
        app.create_task(json!({"id_order": order["id"]})).await;
        app.new_events().await;
        let path = format!("{ORDERS}/{}", order["id"]);
        let body = json!({"name": "n", "id_order": order["id"]});
        let adding = join_all((0..4).map(|_| other.post(TASKS, body.clone())));
        let task = format!("{TASKS}/{}", moving["id"]);
        let (deleted, added, moved) =
            tokio::join!(one.delete(&path), adding, other.patch(&task, body.clone()));
        deleted.expect(204);
        for answer in added.iter().chain([&moved]) {
            is_one_of(answer, &[200, 201, 409, 422]);
        }
        let events = app.new_events().await;
        let types: Vec<&str> = events
            .iter()
            .map(|event| event.change.event_type())
            .collect();
        let end = types.len() - 2;
        assert_eq!(types[end..], ["task.delete", "order.delete"], "{types:?}");
        let path = format!("{TASKS}?id_order={}", order["id"]);
        assert_eq!(other.get(&path).await.json()["items"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_name_is_one_field_whoever_adds_it() {
    let app = TestApp::start().await;
    let replicas = both(&app).await;
    let adding = (0..8)
        .map(|n: usize| replicas[n % 2].post("/api/v1/custom-fields", json!({"name": "Город"})));
    let mut statuses: Vec<u16> = join_all(adding)
        .await
        .iter()
        .map(|answer| answer.status.as_u16())
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![201], vec![422; 7]].concat());
    let naming = (0..8).map(|n: usize| {
        let body = json!({"realname": "n", "fields": {"Улица": n, "Город": n}});
        replicas[n % 2].post("/api/v1/clients", body)
    });
    for answer in join_all(naming).await {
        answer.expect(201);
    }
    assert_eq!(app.count_rows("custom_fields").await, 2);
}

/// Follows the feed with a cursor until it has `count` events.
async fn follow(api: &ApiClient, mut after: i64, count: usize) -> Vec<Value> {
    let mut seen = Vec::new();
    while seen.len() < count {
        let path = format!("/api/v1/events?after={after}&limit=7");
        let page = api.get(&path).await.expect(200).json();
        let items = page["items"].as_array().unwrap();
        if let Some(last) = items.last() {
            after = last["seq"].as_i64().unwrap();
        }
        seen.extend_from_slice(items);
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_feed_skips_no_event_that_commits_late() {
    let app = TestApp::start().await;
    let replicas = both(&app).await;
    let adding = join_all((0..8).map(|n: usize| {
        let api = &replicas[n % 2];
        async move {
            let mut ids = Vec::new();
            for _ in 0..15 {
                ids.push(
                    api.post(ORDERS, json!({"name": "n"}))
                        .await
                        .expect(201)
                        .id(),
                );
            }
            ids
        }
    }));
    // One event is there before: the account's pipeline.
    let following = replicas.each_ref().map(|api| follow(api, 0, 121));
    let (added, followed) = tokio::join!(adding, join_all(following));
    let added: BTreeSet<i64> = added.concat().into_iter().collect();
    assert_eq!(added.len(), 120);
    assert_eq!(followed[0], followed[1]);
    let seqs: Vec<i64> = followed[0]
        .iter()
        .map(|event| event["seq"].as_i64().unwrap())
        .collect();
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
    let told: BTreeSet<i64> = followed[0][1..]
        .iter()
        .map(|event| id_of(&event["data"]))
        .collect();
    assert_eq!(told, added);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_changes_the_other_knows() {
    let app = TestApp::start().await;
    let [one, other] = both(&app).await;
    let order = app.create_order(json!({"name": "a"})).await;
    let path = format!("{ORDERS}/{}", order["id"]);
    let headers = [("If-Match", "\"1\"")];
    let body = json!({"name": "b"});
    let sent = one.send(Method::PATCH, &path, &headers, Some(&body)).await;
    sent.unwrap().expect(200);
    let sent = other
        .send(Method::PATCH, &path, &headers, Some(&body))
        .await;
    let refused = sent.unwrap().expect(412);
    assert_eq!(problem_code(&refused), "precondition_failed");
    let pipeline = app.first_pipeline(&one).await;
    let renamed = format!("/api/v1/pipelines/{}", pipeline["id"]);
    one.patch(&renamed, json!({"name": "Иначе"}))
        .await
        .expect(200);
    let added = other.post(ORDERS, json!({"name": "n"})).await.expect(201);
    assert_eq!(app.first_pipeline(&other).await["name"], "Иначе");
    one.get(&format!("{ORDERS}/{}", added.id()))
        .await
        .expect(200);
}
