//! Bodies that are too long, and all kinds of bytes in every place.

use serde_json::json;
use test_support::Method;

use crate::app::TestApp;

const JSON: (&str, &str) = ("content-type", "application/json");

fn lead_of(bytes: usize) -> String {
    let fixed = r#"{"phone":"88005553535","x":""}"#.len();
    format!(
        r#"{{"phone":"88005553535","x":"{}"}}"#,
        "x".repeat(bytes - fixed)
    )
}

#[tokio::test]
async fn a_body_may_have_256_kib() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    let most = 256 * 1024;
    app.send(Method::POST, &source.path, &[JSON], lead_of(most))
        .await
        .expect(201);
    for bytes in [most + 1, 10 * 1024 * 1024] {
        let answer = app
            .send(Method::POST, &source.path, &[JSON], lead_of(bytes))
            .await;
        assert_eq!(answer.status, 413, "{bytes}");
        assert_eq!(
            answer.json(),
            json!({"errors": {"request": ["Тело запроса не может превышать 256 КиБ."]}})
        );
    }
    let sent = "SELECT CAST(body_bytes AS TEXT) AS text FROM intake_requests ORDER BY id";
    assert_eq!(app.texts(sent).await, ["262144", "262145", "10485760"]);
    let kept = "SELECT CAST(length(body) AS TEXT) AS text FROM intake_bodies ORDER BY request_id";
    assert_eq!(app.texts(kept).await, ["262144", "16384", "16384"]);
    // The connection, or another one, goes on.
    app.send(Method::POST, &source.path, &[JSON], lead_of(100))
        .await
        .expect(201);
}

#[tokio::test]
async fn no_bytes_are_refused_by_the_database() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    let nul = r#"{"phone":"88005553535","name":"a\u0000b","utmSource":"\u0000","k\u0000":"\u0000","remoteId":"r\u0000"}"#;
    let answer = app.send(Method::POST, &source.path, &[JSON], nul).await;
    assert_eq!(
        answer.status,
        201,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    for (content_type, body) in [
        (
            "application/x-www-form-urlencoded",
            &b"phone=88005553535&name=%00%ff%fe&%00=%00"[..],
        ),
        (
            "application/x-www-form-urlencoded; charset=windows-1251",
            b"phone=88005553535&name=%C8%E2%E0%ED",
        ),
        (
            "application/x-www-form-urlencoded",
            b"phone=88005553535&name=\xff\xfe\x00",
        ),
        ("\u{fc}", b"phone=88005553535"),
    ] {
        let path = format!("{}?q=%00&utm_term=%ff", source.path);
        let headers = [("content-type", content_type), ("x-own", "\u{e9}\u{ff}")];
        let answer = app.send(Method::POST, &path, &headers, body.to_vec()).await;
        let shown = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(
            [201, 415].contains(&answer.status.as_u16()),
            "{content_type}: {shown}"
        );
    }
    assert_eq!(
        app.number("SELECT count(*) AS number FROM intake_requests WHERE outcome = 'failed'")
            .await,
        0
    );
}
