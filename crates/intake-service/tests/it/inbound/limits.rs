//! How fast requests may come.

use serde_json::json;
use test_support::Method;

use crate::app::{Setup, TestApp};

#[tokio::test]
async fn too_fast_a_source_waits() {
    let app = TestApp::start().await;
    let limits = json!({"per_second": 1, "burst": 3});
    let source = app.add_source("webhook", json!({"limits": limits})).await;
    let other = app.webhook_source().await;
    let body = json!({"phone": "88005553535"});
    for _ in 0..3 {
        app.post(&source.path, &body).await.expect(201);
    }
    let answer = app.post(&source.path, &body).await.expect(429);
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    assert_eq!(
        answer.json(),
        json!({"errors": {"request": ["Слишком много запросов; повторите позже."]}})
    );
    app.post(&other.path, &body).await.expect(201);
    // What was turned away is not kept, or a flood would fill the disk.
    assert_eq!(app.count_rows("intake_requests").await, 4);
}

#[tokio::test]
async fn an_address_is_the_clients_where_its_proxy_is_trusted() {
    let mut setup = Setup::new().await;
    setup.config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let app = TestApp::start_on(setup).await;
    let settings = json!({"limits": {"per_address_per_minute": 2}});
    let source = app.add_source("webhook", settings).await;
    let post = async |client: &str| {
        let headers = [("x-forwarded-for", client)];
        let body = r#"{"phone":"88005553535"}"#;
        let answer = app.send(Method::POST, &source.path, &headers, body).await;
        answer.status.as_u16()
    };
    assert_eq!(
        [post("192.0.2.1").await, post("192.0.2.1").await],
        [201, 201]
    );
    assert_eq!(post("192.0.2.1").await, 429);
    assert_eq!(post("198.51.100.1, 192.0.2.1").await, 429);
    assert_eq!(post("192.0.2.2").await, 201);
    let seen = "SELECT DISTINCT remote_address AS text FROM intake_requests ORDER BY 1";
    assert_eq!(app.texts(seen).await, ["192.0.2.1", "192.0.2.2"]);
}

#[tokio::test]
async fn nobody_else_is_believed() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    let headers = [("x-forwarded-for", "192.0.2.1")];
    let body = r#"{"phone":"88005553535"}"#;
    app.send(Method::POST, &source.path, &headers, body)
        .await
        .expect(201);
    assert_eq!(
        app.texts("SELECT remote_address AS text FROM intake_requests")
            .await,
        ["127.0.0.1"]
    );
}

#[tokio::test]
async fn forms_have_a_limit_per_address_by_themselves() {
    let app = TestApp::start().await;
    let source = app.add_source("tilda", json!({})).await;
    let mut turned_away = 0;
    for n in 0..70 {
        let answer = app
            .post(&source.path, &json!({"phone": "88005553535", "tranid": n}))
            .await;
        turned_away += u32::from(answer.status == 429);
    }
    // One may come back within the time that this took.
    assert!((8..=10).contains(&turned_away), "{turned_away}");
}
