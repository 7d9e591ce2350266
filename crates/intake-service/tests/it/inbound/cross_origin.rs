//! Pages of other sites post from the browser.

use serde_json::json;
use test_support::Method;

use crate::app::TestApp;

#[tokio::test]
async fn a_browser_may_ask_first() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    let headers = [
        ("origin", "https://site.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type, x-own"),
    ];
    for path in [source.path.as_str(), "/in/nobody"] {
        let answer = app
            .send(Method::OPTIONS, path, &headers, "")
            .await
            .expect(204);
        assert!(answer.body.is_empty());
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        assert_eq!(
            answer.headers["access-control-allow-headers"],
            "content-type, x-own"
        );
        let methods = answer.headers["access-control-allow-methods"]
            .to_str()
            .unwrap();
        assert!(methods.split(", ").any(|method| method == "POST"));
        let max_age = answer.headers["access-control-max-age"].to_str().unwrap();
        assert!(max_age.parse::<u32>().unwrap() > 0);
    }
    assert_eq!(app.count_rows("intake_requests").await, 0);
}

#[tokio::test]
async fn every_answer_may_be_read_by_the_page() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    for (path, body, status) in [
        (source.path.as_str(), json!({"phone": "88005553535"}), 201),
        (source.path.as_str(), json!({}), 422),
        ("/in/nobody", json!({}), 404),
    ] {
        let answer = app.post(path, &body).await.expect(status);
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        assert!(answer.headers.contains_key("x-request-id"));
    }
}
