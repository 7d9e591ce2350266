//! Settings that are refused, each where it stands.

use serde_json::{Value, json};

use super::{SOURCES, address};
use crate::app::TestApp;
use crate::problems::errors;

/// A key's value, and what is said of it: pointer and code.
fn cases() -> Vec<(Value, &'static str, &'static str)> {
    vec![
        (json!({"name": ""}), "/name", "blank"),
        (json!({"name": " \u{a0}"}), "/name", "blank"),
        (json!({"name": "я".repeat(256)}), "/name", "too_long"),
        (json!({"name": "a\u{0}b"}), "/name", "nul_character"),
        (json!({"name": null}), "/name", "not_null"),
        (json!({"name": 5}), "/name", "wrong_type"),
        (json!({"active": "yes"}), "/active", "wrong_type"),
        (json!({"strict": 1}), "/strict", "wrong_type"),
        (json!({"auto_convert": []}), "/auto_convert", "wrong_type"),
        (json!({"accept_get": "no"}), "/accept_get", "wrong_type"),
        (
            json!({"phone_region": "XX"}),
            "/phone_region",
            "unknown_value",
        ),
        (
            json!({"phone_region": "Russia"}),
            "/phone_region",
            "unknown_value",
        ),
        (json!({"phone_region": 7}), "/phone_region", "wrong_type"),
        (
            json!({"redirect_url": "/thanks"}),
            "/redirect_url",
            "invalid",
        ),
        (
            json!({"redirect_url": "javascript:alert(1)"}),
            "/redirect_url",
            "url_scheme",
        ),
        (
            json!({"redirect_url": "https://a:b@c.ru"}),
            "/redirect_url",
            "url_credentials",
        ),
        (
            json!({"redirect_url": format!("https://c.ru/{}", "a".repeat(2048))}),
            "/redirect_url",
            "too_long",
        ),
        (json!({"honeypot": "a[b]"}), "/honeypot", "invalid"),
        (json!({"honeypot": " a"}), "/honeypot", "invalid"),
        (json!({"honeypot": "a\nb"}), "/honeypot", "invalid"),
        (json!({"honeypot": "Phone"}), "/honeypot", "invalid"),
        (json!({"honeypot": "a".repeat(65)}), "/honeypot", "too_long"),
        (json!({"answer": "ok"}), "/answer", "wrong_type"),
        (json!({"answer": {}}), "/answer/status", "required"),
        (
            json!({"answer": {"status": 302, "content_type": "text/plain", "body": ""}}),
            "/answer/status",
            "out_of_range",
        ),
        (
            json!({"answer": {"status": 200, "content_type": "a/b\r\nX-Evil: 1", "body": ""}}),
            "/answer/content_type",
            "invalid",
        ),
        (
            json!({"answer": {"status": 200, "content_type": "текст", "body": ""}}),
            "/answer/content_type",
            "invalid",
        ),
        (
            json!({"answer": {"status": 200, "content_type": "a/b", "body": "a".repeat(4097)}}),
            "/answer/body",
            "too_long",
        ),
        (
            json!({"answer": {"status": 204, "content_type": "a/b", "body": "a"}}),
            "/answer/body",
            "invalid",
        ),
        (
            json!({"answer": {"status": 200, "content_type": "a/b", "body": "", "code": 1}}),
            "/answer/code",
            "unknown_field",
        ),
        (json!({"defaults": []}), "/defaults", "wrong_type"),
        (
            json!({"defaults": {"id_origin": 0}}),
            "/defaults/id_origin",
            "out_of_range",
        ),
        (
            json!({"defaults": {"id_owner": "1"}}),
            "/defaults/id_owner",
            "wrong_type",
        ),
        (
            json!({"defaults": {"id_stage": 1}}),
            "/defaults/id_stage",
            "unknown_field",
        ),
        (
            json!({"limits": {"burst": 0}}),
            "/limits/burst",
            "out_of_range",
        ),
        (
            json!({"limits": {"per_second": -1}}),
            "/limits/per_second",
            "out_of_range",
        ),
        (
            json!({"limits": {"per_address_per_minute": 100_001}}),
            "/limits/per_address_per_minute",
            "out_of_range",
        ),
        (
            json!({"limits": {"per_second": 1.5}}),
            "/limits/per_second",
            "wrong_type",
        ),
        (json!({"mapping": ["name"]}), "/mapping", "wrong_type"),
        (json!({"mapping": {"": "name"}}), "/mapping/", "blank"),
        (
            json!({"mapping": {"a/b": "nmae"}}),
            "/mapping/a~1b",
            "unknown_value",
        ),
        (
            json!({"mapping": {"a": "clientId"}}),
            "/mapping/a",
            "unknown_value",
        ),
        (json!({"mapping": {"a": 5}}), "/mapping/a", "wrong_type"),
        (json!({"colour": 5}), "/colour", "unknown_field"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_wrong_setting_is_pointed_at() {
    let app = TestApp::start().await;
    let body = json!({"type": "webhook", "name": "a"});
    let source = app.api.post(SOURCES, body).await.expect(201).json();
    for (settings, pointer, code) in cases() {
        let told = (pointer.to_owned(), code.to_owned());
        let refused = app.api.patch(&address(&source), settings.clone()).await;
        assert!(errors(&refused.expect(422)).contains(&told), "{settings}");
        let mut whole = json!({"type": "webhook", "name": "a"});
        for (key, value) in settings.as_object().unwrap() {
            whole[key] = value.clone();
        }
        let refused = app.api.post(SOURCES, whole).await;
        assert!(errors(&refused.expect(422)).contains(&told), "{settings}");
    }
    assert_eq!(app.api.get(&address(&source)).await.json(), source);
    assert_eq!(app.count_rows("sources").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_mistakes_are_told_at_once_with_a_hint() {
    let app = TestApp::start().await;
    let body = json!({
        "type": "tildaa", "mapping": {"a": "utm_source", "b": "phnoe"}, "limits": {"burst": 0},
    });
    let refused = app.api.post(SOURCES, body).await.expect(422);
    let mut told: Vec<String> = errors(&refused).into_iter().map(|(at, _)| at).collect();
    told.sort();
    assert_eq!(
        told,
        [
            "/limits/burst",
            "/mapping/a",
            "/mapping/b",
            "/name",
            "/type"
        ]
    );
    let text = String::from_utf8_lossy(&refused.body).into_owned();
    assert!(text.contains(r#"did you mean \"utmSource\"?"#), "{text}");
    assert!(text.contains(r#"did you mean \"phone\"?"#), "{text}");
}
