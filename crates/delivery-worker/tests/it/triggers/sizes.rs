//! How large settings may be, in bytes of their JSON.

use serde_json::{Value, json};

use super::{body, create, path_of, start};
use crate::app::{self, TestApp, errors, field_errors};

/// A condition whose JSON has exactly so many bytes.
fn condition(bytes: usize) -> Value {
    let row = |text: String| json!({"field": "name", "operator": "contains", "value": text});
    let of = |rows: &[Value]| json!({ "any": rows });
    let mut rows = vec![row(String::new())];
    // Two bytes each, so that characters are not what is counted.
    while of(&rows).to_string().len() + 1_300 < bytes {
        rows.push(row("я".repeat(300)));
    }
    let missing = bytes - of(&rows).to_string().len();
    rows[0] = row("x".repeat(missing.min(1_000)));
    let missing = bytes - of(&rows).to_string().len();
    let last = rows.len() - 1;
    rows[last] = row(format!("{}{}", "я".repeat(300), "x".repeat(missing)));
    of(&rows)
}

/// Parameters whose JSON has exactly so many bytes.
fn parameters(bytes: usize) -> Value {
    let literal = |place: usize, text: String| json!({"name": format!("p{place}"), "kind": "value", "value": text});
    let mut list = Vec::new();
    while json!(list).to_string().len() + 4_000 < bytes {
        list.push(literal(list.len(), "x".repeat(3_000)));
    }
    list.push(literal(list.len(), String::new()));
    let missing = bytes - json!(list).to_string().len();
    let last = list.len() - 1;
    list[last] = literal(last, "x".repeat(missing));
    json!(list)
}

/// Headers of together about so many kibibytes.
fn headers(kib: usize) -> Value {
    let headers = (0..kib).map(|place| (format!("X-{place}"), json!("x".repeat(1_000))));
    Value::Object(headers.collect())
}

async fn message_of(app: &TestApp, path: &str, patch: Value) -> String {
    let answer = app.api.patch(path, patch).await.json();
    answer["errors"][0]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn conditions_and_parameters_have_a_size() {
    let app = start().await;
    let fits = json!({"condition": condition(16_384), "parameters": parameters(32_768)});
    let path = path_of(&create(&app, fits.clone()).await);
    let before = app.api.get(&path).await.expect(200).json();
    assert_eq!(before["condition"], fits["condition"]);
    for (wrong, expected) in [
        (
            json!({"condition": condition(16_385)}),
            &[("/condition", "too_long")] as &[_],
        ),
        (
            json!({"parameters": parameters(32_769)}),
            &[("/parameters", "too_long")],
        ),
        (
            json!({"condition": condition(16_385), "parameters": parameters(32_769), "name": ""}),
            &[
                ("/name", "blank"),
                ("/condition", "too_long"),
                ("/parameters", "too_long"),
            ],
        ),
        // One error of a part is enough.
        (
            json!({"parameters": parameters(70_000)}),
            &[("/parameters", "too_long")],
        ),
    ] {
        let answer = app
            .api
            .post("/api/v1/triggers", body(&app, wrong.clone()))
            .await;
        assert_eq!(field_errors(&answer), errors(expected));
        let answer = app.api.patch(&path, wrong).await;
        assert_eq!(field_errors(&answer), errors(expected));
    }
    assert_eq!(app.api.get(&path).await.json(), before);
    let message = message_of(&app, &path, json!({"condition": condition(16_385)})).await;
    assert_eq!(
        message,
        "Send at most 16384 bytes of JSON here; there are 16385."
    );
    let webhook = app::path_of(&app.create_webhook(json!({})).await);
    let answer = app
        .api
        .patch(&webhook, json!({"condition": condition(16_385)}))
        .await;
    assert_eq!(field_errors(&answer), errors(&[("/condition", "too_long")]));
}

#[tokio::test]
async fn merged_settings_have_a_size() {
    let app = start().await;
    let most = json!({"condition": condition(16_384), "parameters": parameters(32_768)});
    let path = path_of(&create(&app, most.clone()).await);
    app.api
        .patch(&path, json!({"headers": headers(10)}))
        .await
        .expect(200);
    // Together with what stays they are too large, and the largest part is told.
    let more = json!({"headers": headers(18)});
    let refused = app.api.patch(&path, more.clone()).await;
    assert_eq!(
        field_errors(&refused),
        errors(&[("/parameters", "too_long")])
    );
    let message = message_of(&app, &path, more.clone()).await;
    assert!(
        message.contains("65536 are the most") && message.contains("32768 of them"),
        "{message}"
    );
    let mut whole = most;
    whole["headers"] = more["headers"].clone();
    let refused = app.api.post("/api/v1/triggers", body(&app, whole)).await;
    assert_eq!(
        field_errors(&refused),
        errors(&[("/parameters", "too_long")])
    );
    let fewer = json!({"headers": headers(18), "parameters": []});
    app.api.patch(&path, fewer).await.expect(200);
}
