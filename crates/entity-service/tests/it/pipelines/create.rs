//! `POST /pipelines`, and reading what it made.

use serde_json::json;
use test_support::Method;

use super::{PIPELINES, in_order, path_of, pipeline_change, told};
use crate::app::{NOW, TestApp, envelope, id_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_is_enough() {
    let app = TestApp::start().await;
    let answer = app
        .api
        .post(PIPELINES, json!({"name": "Опт"}))
        .await
        .expect(201);
    let body = answer.json();
    let id = id_of(&body);
    let stages: Vec<_> = body["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(id_of)
        .collect();
    assert_eq!(
        body,
        json!({
            "id": id,
            "name": "Опт",
            "position": 1,
            "stages": [
                {"id": stages[0], "name": "Новая", "kind": "open", "position": 0, "color": null},
                {"id": stages[1], "name": "В работе", "kind": "open", "position": 1, "color": null},
                {"id": stages[2], "name": "Предложение", "kind": "open", "position": 2, "color": null},
                {"id": stages[3], "name": "Ожидает оплаты", "kind": "open", "position": 3, "color": null},
                {"id": stages[4], "name": "Успешно завершена", "kind": "won", "position": 4, "color": null},
                {"id": stages[5], "name": "Отказ", "kind": "lost", "position": 5, "color": null},
            ],
            "revision": 1,
            "created_at": NOW,
            "updated_at": NOW,
        })
    );
    assert_eq!(answer.headers["location"], format!("{PIPELINES}/{id}"));
    assert_eq!(answer.headers["etag"], "\"1\"");

    let event = app.new_event().await;
    assert_eq!(event.account_id.0, app.account_id);
    let envelope = envelope(&event);
    assert_eq!(envelope["type"], "pipeline.add");
    assert_eq!(envelope["revision"], 1);
    assert_eq!(envelope["data"].to_string().as_bytes(), &*answer.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stages_may_be_given_in_their_order() {
    let app = TestApp::start().await;
    let body = json!({"name": "Сервис", "stages": [
        {"name": "Закрыта", "kind": "lost", "color": "#ad3939"},
        {"name": "Звонок"},
        {"name": "Оплата", "kind": "won", "color": null},
    ]});
    let pipeline = app.create(PIPELINES, body).await;
    let shown: Vec<_> = pipeline["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| {
            json!([
                stage["name"],
                stage["kind"],
                stage["position"],
                stage["color"]
            ])
        })
        .collect();
    assert_eq!(
        shown,
        [
            json!(["Закрыта", "lost", 0, "AD3939"]),
            json!(["Звонок", "open", 1, null]),
            json!(["Оплата", "won", 2, null]),
        ]
    );
    let order = json!({"name": "n", "id_pipeline": pipeline["id"]});
    let order = app.create_order(order).await;
    assert_eq!(order["id_status"], pipeline["stages"][1]["id"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_in_front_moves_the_others_on() {
    let app = TestApp::start().await;
    let first = app.first_pipeline(&app.api).await;
    let pipeline = app
        .create(PIPELINES, json!({"name": "Опт", "position": 0}))
        .await;
    assert_eq!(in_order(&app).await, [id_of(&pipeline), id_of(&first)]);
    assert_eq!(
        told(&app.new_events().await),
        [
            (id_of(&first), "edit", 2, 1),
            (id_of(&pipeline), "add", 1, 0)
        ]
    );
    // Orders start where the first pipeline begins.
    let order = app.create_order(json!({"name": "n"})).await;
    assert_eq!(order["id_pipeline"], pipeline["id"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_is_read_as_it_was_made() {
    let app = TestApp::start().await;
    let pipeline = app.create(PIPELINES, json!({"name": "Опт"})).await;
    let read = app.api.get(&path_of(&pipeline)).await.expect(200);
    assert_eq!(read.json(), pipeline);
    assert_eq!(read.headers["etag"], "\"1\"");
    let same = app
        .raw(
            Method::GET,
            &path_of(&pipeline),
            &[("If-None-Match", "\"1\"")],
            "",
        )
        .await;
    assert_eq!(same.status, 304);
    assert_eq!(pipeline_change(&app.new_event().await).revision, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_go_from_the_newest_in_pages() {
    let app = TestApp::start().await;
    let first = id_of(&app.first_pipeline(&app.api).await);
    let second = id_of(&app.create(PIPELINES, json!({"name": "a"})).await);
    let third = id_of(&app.create(PIPELINES, json!({"name": "b"})).await);

    let page = app
        .api
        .get(&format!("{PIPELINES}?limit=2"))
        .await
        .expect(200);
    let body = page.json();
    let ids: Vec<_> = body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(id_of)
        .collect();
    assert_eq!(ids, [third, second]);
    let cursor = body["next_cursor"].as_str().unwrap();
    let next = format!("{PIPELINES}?limit=2&cursor={cursor}");
    assert_eq!(page.headers["link"], format!("<{next}>; rel=\"next\""));
    let rest = app.api.get(&next).await.expect(200).json();
    assert_eq!(id_of(&rest["items"][0]), first);
    assert_eq!(rest["next_cursor"], json!(null));

    let named = app
        .api
        .get(&format!("{PIPELINES}?name=a"))
        .await
        .expect(200)
        .json();
    assert_eq!(named["items"].as_array().unwrap().len(), 1);
    assert_eq!(id_of(&named["items"][0]), second);
    let later = app
        .api
        .get(&format!("{PIPELINES}?created_from=2026-01-03T00:00:00Z"))
        .await;
    assert_eq!(later.json()["items"], json!([]));
}
