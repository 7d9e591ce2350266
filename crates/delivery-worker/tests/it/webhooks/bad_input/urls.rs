//! URLs that may not be called, and what is said of them.

use serde_json::json;

use super::{refused, with};
use crate::app::TestApp;

#[tokio::test]
async fn urls_are_public_whole_and_without_passwords() {
    let app = TestApp::start().await;
    app.dns
        .set("inside.test", &["10.0.0.1".parse().unwrap()], 60);
    let mixed = [
        "93.184.216.34".parse().unwrap(),
        "169.254.169.254".parse().unwrap(),
    ];
    app.dns.set("mixed.test", &mixed, 60);
    let long = format!("http://example.com/{}", "x".repeat(8 * 1024));
    let cases = [
        ("http://10.0.0.1/", "url_refused"),
        ("http://169.254.169.254/latest/meta-data", "url_refused"),
        ("http://[::1]:8080/", "url_refused"),
        ("http://[::ffff:10.0.0.1]/", "url_refused"),
        ("http://0x0a000001/", "url_refused"),
        ("http://192.168.1.1:80/", "url_refused"),
        ("http://inside.test/hook", "url_refused"),
        ("http://mixed.test/hook", "url_refused"),
        ("ftp://example.com/", "url_scheme"),
        ("file:///etc/passwd", "url_scheme"),
        ("javascript:alert(1)", "url_scheme"),
        ("example.com/hook", "invalid"),
        ("not a url", "invalid"),
        ("http://", "invalid"),
        ("http://a b/", "invalid"),
        ("http://example.com:99999/", "invalid"),
        ("http://user:hunter2@example.com/", "url_credentials"),
        ("http://user@example.com/", "url_credentials"),
        ("https://example.com/#part", "url_fragment"),
        (&long, "too_long"),
    ]
    .map(|(url, code)| ("url", json!(url), "/url", code));
    refused(&app, &cases).await;
    let cases = [
        ("url", json!(null), "/url", "not_null"),
        ("url", json!(["http://example.com/"]), "/url", "wrong_type"),
    ];
    refused(&app, &cases).await;
}

#[tokio::test]
async fn a_refused_url_is_explained_without_its_password() {
    let app = TestApp::start().await;
    let body = with(&app, "url", json!("http://user:hunter2@example.com/"));
    let answer = app.api.post("/api/v1/webhooks", body).await;
    assert!(!String::from_utf8_lossy(&answer.body).contains("hunter2"));

    let body = with(&app, "url", json!("http://10.0.0.1/"));
    let answer = app.api.post("/api/v1/webhooks", body).await.json();
    assert_eq!(
        answer["errors"][0]["message"],
        "This URL may not be called: 10.0.0.1 is a private address."
    );
}
