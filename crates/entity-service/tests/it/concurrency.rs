//! Many callers at one moment: every change counts once, and events tell of it in order.

use std::collections::BTreeSet;

use events::{Change, Event};
use futures_util::future::join_all;
use serde_json::{Value, json};
use test_support::Method;

use crate::app::{TestApp, envelope, id_of, order_change, problem_code};

const ORDERS: &str = "/api/v1/orders";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_twenty_patches_gets_its_revision_and_its_event() {
    let app = TestApp::start().await;
    let order = app.create_order(json!({"name": "0"})).await;
    app.new_events().await;
    let path = format!("{ORDERS}/{}", order["id"]);

    let patches = (1..=20).map(|n| {
        let (api, path) = (app.api.clone(), path.clone());
        async move {
            let answer = api.patch(&path, json!({"name": n.to_string()})).await;
            answer.expect(200).json()
        }
    });
    let answers = join_all(patches).await;

    let revisions: BTreeSet<i64> = answers
        .iter()
        .map(|answer| answer["revision"].as_i64().unwrap())
        .collect();
    assert_eq!(revisions, (2..=21).collect());
    let events = app.new_events().await;
    let told: Vec<i64> = events
        .iter()
        .map(|event| order_change(event).revision)
        .collect();
    assert_eq!(told, (2..=21).collect::<Vec<_>>());
    let mut name_before = json!("0");
    for event in &events {
        let envelope = envelope(event);
        let answer = answers
            .iter()
            .find(|answer| answer["revision"] == envelope["revision"])
            .unwrap();
        assert_eq!(answer, &envelope["data"]);
        assert_eq!(envelope["previous"], json!({"name": name_before}));
        name_before = envelope["data"]["name"].clone();
    }
    let last = app.api.get(&path).await.expect(200).json();
    assert_eq!(last, envelope(events.last().unwrap())["data"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_patches_with_one_condition_one_is_done() {
    let app = TestApp::start().await;
    for (resource, body) in [
        ("orders", json!({"name": "n"})),
        ("tasks", json!({"name": "n"})),
        ("clients", json!({"realname": "n"})),
    ] {
        let list = format!("/api/v1/{resource}");
        let path = format!("{list}/{}", app.create(&list, body).await["id"]);
        app.new_events().await;
        let patches = (1..=20).map(|n| {
            let (api, path) = (app.api.clone(), path.clone());
            async move {
                let body = json!({"text": n.to_string()});
                let headers = [("If-Match", "\"1\"")];
                let sent = api.send(Method::PATCH, &path, &headers, Some(&body)).await;
                sent.unwrap()
            }
        });
        let answers = join_all(patches).await;
        let (done, refused): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(done.len(), 1);
        for answer in refused {
            assert_eq!(answer.status, 412);
            assert_eq!(problem_code(answer), "precondition_failed");
        }
        app.new_event().await;
        let now = app.api.get(&path).await.json();
        assert_eq!(now["text"], done[0].json()["text"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_deletions_one_is_done() {
    let app = TestApp::start().await;
    let order = app.create_order(json!({"name": "n"})).await;
    app.create_task(json!({"name": "n", "id_order": order["id"]}))
        .await;
    app.new_events().await;
    let path = format!("{ORDERS}/{}", order["id"]);
    let answers = join_all((0..10).map(|_| app.api.delete(&path))).await;
    let mut codes: Vec<u16> = answers
        .iter()
        .map(|answer| answer.status.as_u16())
        .collect();
    codes.sort_unstable();
    assert_eq!(codes, [vec![204], vec![404; 9]].concat());
    assert_eq!(app.new_events().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_new_name_in_many_clients_is_one_custom_field() {
    let app = TestApp::start().await;
    let clients = (0..12).map(|n| {
        let fields = if n % 2 == 0 {
            json!({"Город": n, "Улица": n})
        } else {
            json!({"Улица": n, "Город": n})
        };
        app.create_client(json!({"realname": n.to_string(), "fields": fields}))
    });
    let clients = join_all(clients).await;
    assert_eq!(app.count_rows("custom_fields").await, 2);
    assert_eq!(app.count_rows("client_fields").await, 24);
    let keys = |client: &Value| -> Vec<String> {
        client["fields"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    for client in &clients {
        assert_eq!(keys(client), keys(&clients[0]), "one order for all");
    }
    assert_eq!(app.new_events().await.len(), 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_task_outlives_an_order_that_goes_meanwhile() {
    let app = TestApp::start().await;
    for _ in 0..5 {
        let order = app.create_order(json!({"name": "n"})).await;
        app.new_events().await;
        let path = format!("{ORDERS}/{}", order["id"]);
        let adding = join_all((0..8).map(|_| {
            app.api.post(
                "/api/v1/tasks",
                json!({"name": "n", "id_order": order["id"]}),
            )
        }));
        let (added, deleted) = tokio::join!(adding, app.api.delete(&path));
        deleted.expect(204);
        for answer in &added {
            let status = answer.status.as_u16();
            assert!([201, 409, 422].contains(&status), "{}", answer.json());
        }
        assert_eq!(app.count_rows("tasks").await, 0);
        assert_eq!(app.count_rows("orders").await, 0);
        let added = added.iter().filter(|answer| answer.status == 201).count();
        let events = app.new_events().await;
        let gone: usize = events.iter().map(deleted_with_order).sum();
        assert_eq!(gone, added, "each task that was added is told to be gone");
        assert_eq!(
            events.last().unwrap().change.event_type(),
            "order.delete",
            "nothing follows the order's end"
        );
    }
}

fn deleted_with_order(event: &Event) -> usize {
    match &event.change {
        Change::TasksOfOrderDeleted(change) => change.tasks.len(),
        _ => 0,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_goes_only_if_no_order_comes() {
    let app = TestApp::start().await;
    for _ in 0..5 {
        let client = app.create_client(json!({"realname": "n"})).await;
        let path = format!("/api/v1/clients/{}", client["id"]);
        let body = json!({"name": "n", "id_client": client["id"]});
        let adding = join_all((0..8).map(|_| app.api.post(ORDERS, body.clone())));
        let (added, deleted) = tokio::join!(adding, app.api.delete(&path));
        let orders: Vec<i64> = added
            .iter()
            .filter(|answer| answer.status == 201)
            .map(|answer| id_of(&answer.json()))
            .collect();
        for answer in &added {
            let status = answer.status.as_u16();
            assert!([201, 409, 422].contains(&status), "{}", answer.json());
        }
        match deleted.status.as_u16() {
            204 => assert_eq!(orders, Vec::<i64>::new()),
            409 => {
                app.api.get(&path).await.expect(200);
                assert_eq!(problem_code(&deleted), "in_use");
            }
            other => panic!("{other}: {}", deleted.json()),
        }
    }
}
