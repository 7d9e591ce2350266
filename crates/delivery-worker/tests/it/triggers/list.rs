//! `GET /triggers`.

use serde_json::json;

use super::{create, start};
use crate::app::{TestApp, errors, query_errors};

async fn names(app: &TestApp, query: &str) -> Vec<String> {
    let page = app.api.get(&format!("/api/v1/triggers{query}")).await;
    let page = page.expect(200).json();
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let app = start().await;
    create(&app, json!({"name": "new"})).await;
    create(
        &app,
        json!({"name": "work", "id_status": 13, "event": "left"}),
    )
    .await;
    create(
        &app,
        json!({"name": "paid", "id_status": 21, "active": false, "event": "changed"}),
    )
    .await;
    app.create_webhook(json!({"name": "hook", "id_status": [12]}))
        .await;
    for (query, expected) in [
        ("", vec!["paid", "work", "new"]),
        ("?id_status=12", vec!["new"]),
        ("?id_status=12&id_status=21", vec!["paid", "new"]),
        ("?id_status=99", vec![]),
        ("?id_pipeline=1", vec!["work", "new"]),
        ("?id_pipeline=1&id_pipeline=2", vec!["paid", "work", "new"]),
        ("?id_pipeline=2&id_status=12", vec![]),
        ("?event=left", vec!["work"]),
        ("?event=entered&event=changed", vec!["paid", "new"]),
        ("?event=created_in", vec![]),
        ("?active=false", vec!["paid"]),
        ("?state=active&id_pipeline=1", vec!["work", "new"]),
        ("?state=inactive", vec!["paid"]),
        ("?created_to=2020-01-01T00:00:00Z", vec![]),
        (
            "?updated_from=2020-01-01T00:00:00Z",
            vec!["paid", "work", "new"],
        ),
    ] {
        assert_eq!(names(&app, query).await, expected, "{query}");
    }
    let first = app.api.get("/api/v1/triggers?limit=2").await.expect(200);
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let link = first.headers["link"].to_str().unwrap();
    assert_eq!(
        link,
        format!("</api/v1/triggers?limit=2&cursor={cursor}>; rel=\"next\"")
    );
    assert_eq!(
        names(&app, &format!("?limit=2&cursor={cursor}")).await,
        ["new"]
    );
}

#[tokio::test]
async fn wrong_filters_are_refused_by_name() {
    let app = TestApp::start().await;
    for (query, expected) in [
        ("?id_status=x", ("id_status", "invalid")),
        ("?id_pipeline=0", ("id_pipeline", "invalid")),
        ("?event=order.add", ("event", "unknown_value")),
        ("?state=held", ("state", "unknown_value")),
        ("?id_stage=1", ("id_stage", "unknown_parameter")),
    ] {
        let answer = app.api.get(&format!("/api/v1/triggers{query}")).await;
        assert_eq!(query_errors(&answer), errors(&[expected]), "{query}");
    }
}
