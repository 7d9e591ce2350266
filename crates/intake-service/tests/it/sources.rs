//! `/api/v1/sources`: what managers set, and that it works at the inbound URL.

mod bad_input;
mod samples;

use http_api::Scope;
use serde_json::{Value, json};
use test_support::Method;

use crate::app::TestApp;
use crate::problems::{errors, problem_code};

const SOURCES: &str = "/api/v1/sources";

/// The path of an inbound URL.
fn path_of(source: &Value) -> String {
    let url = source["url"].as_str().unwrap();
    url[url.find("/in/").unwrap()..].to_owned()
}

fn address(source: &Value) -> String {
    format!("{SOURCES}/{}", source["id"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_is_created_with_a_url_that_takes_leads() {
    let app = TestApp::start().await;
    let created = app
        .api
        .post(SOURCES, json!({"type": "webhook", "name": "Сайт"}))
        .await
        .expect(201);
    let source = created.json();
    assert_eq!(created.headers["location"], address(&source).as_str());
    assert_eq!(created.headers["etag"], "\"1\"");
    let token = source["token"].as_str().unwrap();
    assert_eq!(token.len(), 22, "128 bits in base64");
    assert!(source["url"].as_str().unwrap().ends_with(token));
    let posted = app
        .post(&path_of(&source), &json!({"phone": "79998888888"}))
        .await;
    posted.expect(201);

    let mut shown = source.clone();
    for key in ["id", "url", "token", "samples", "created_at", "updated_at"] {
        shown.as_object_mut().unwrap().remove(key).unwrap();
    }
    assert_eq!(
        shown,
        json!({
            "type": "webhook",
            "name": "Сайт",
            "active": true,
            "defaults": {
                "id_origin": null, "id_status": null, "id_owner": null, "id_office": null,
                "id_city": null,
            },
            "strict": false,
            "mapping": {},
            "answer": null,
            "phone_region": "RU",
            "redirect_url": null,
            "honeypot": "",
            "limits": {"per_second": 2000, "burst": 4000, "per_address_per_minute": 0},
            "auto_convert": true,
            "accept_get": false,
            "from_preset": [
                "answer", "phone_region", "honeypot", "limits.per_second", "limits.burst",
                "limits.per_address_per_minute", "auto_convert", "accept_get",
            ],
            "revision": 1,
        })
    );
    let got = app.api.get(&address(&source)).await.expect(200);
    assert_eq!(got.json(), source);
    assert_eq!(got.headers["etag"], "\"1\"");
    let headers = [("If-None-Match", "\"1\"")];
    let at = address(&source);
    let again = app.api.send(Method::GET, &at, &headers, None);
    again.await.unwrap().expect(304);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_can_be_set_is_kept_and_shown() {
    let app = TestApp::start().await;
    let settings = json!({
        "name": "Лендинг",
        "active": false,
        "defaults": {
            "id_origin": 8, "id_status": 3, "id_owner": 1, "id_office": 2, "id_city": 4,
        },
        "strict": true,
        "mapping": {"Ваше имя": "name", "form.tel": "phone"},
        "answer": {"status": 202, "content_type": "text/plain", "body": "принято"},
        "phone_region": "KZ",
        "redirect_url": "https://example.com/thanks",
        "honeypot": "website",
        "limits": {"per_second": 5, "burst": 10, "per_address_per_minute": 7},
        "auto_convert": false,
        "accept_get": true,
    });
    let mut body = settings.clone();
    body["type"] = json!("tilda");
    let source = app.api.post(SOURCES, body).await.expect(201).json();
    assert_eq!(source["type"], "tilda");
    assert_eq!(source["from_preset"], json!([]));
    for (key, value) in settings.as_object().unwrap() {
        assert_eq!(&source[key], value, "{key}");
    }
    assert_eq!(app.api.get(&address(&source)).await.json(), source);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_and_sent_back_changes_nothing() {
    let app = TestApp::start().await;
    for preset in ["webhook", "tilda", "roistat"] {
        let body = json!({"type": preset, "name": preset, "mapping": {"a": "name"}});
        let source = app.api.post(SOURCES, body).await.expect(201).json();
        let same = app
            .api
            .patch(&address(&source), source.clone())
            .await
            .expect(200);
        assert_eq!(same.json(), source);
        assert_eq!(same.headers["etag"], "\"1\"");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_merged_and_null_goes_back_to_the_preset() {
    let app = TestApp::start().await;
    let body = json!({
        "type": "tilda", "name": "a", "mapping": {"x": "name", "y": "phone"},
        "defaults": {"id_origin": 8, "id_status": 3}, "limits": {"burst": 9},
    });
    let source = app.api.post(SOURCES, body).await.expect(201).json();
    let preset_answer = source["answer"].clone();
    assert_eq!(preset_answer["body"], "ok");
    let changed = app
        .api
        .patch(
            &address(&source),
            json!({
                "name": "b",
                "mapping": {"x": null, "z": "email"},
                "defaults": {"id_origin": null, "id_city": 5},
                "limits": {"per_second": 3, "burst": null},
                "answer": {"status": 200, "content_type": "text/plain", "body": "да"},
                "honeypot": "",
            }),
        )
        .await
        .expect(200);
    assert_eq!(changed.headers["etag"], "\"2\"");
    let changed = changed.json();
    assert_eq!(changed["name"], "b");
    assert_eq!(changed["mapping"], json!({"y": "phone", "z": "email"}));
    assert_eq!(changed["defaults"]["id_origin"], Value::Null);
    assert_eq!(changed["defaults"]["id_status"], 3);
    assert_eq!(changed["defaults"]["id_city"], 5);
    assert_eq!(changed["limits"]["per_second"], 3);
    assert_eq!(changed["limits"]["burst"], 4000);
    assert_eq!(changed["answer"]["body"], "да");
    assert_eq!(changed["honeypot"], "");
    let own = |source: &Value, key: &str| {
        !source["from_preset"]
            .as_array()
            .unwrap()
            .contains(&json!(key))
    };
    for key in ["answer", "honeypot", "limits.per_second"] {
        assert!(own(&changed, key), "{key}");
    }
    assert!(!own(&changed, "limits.burst"));

    let nulls = json!({
        "mapping": null, "defaults": null, "limits": null, "answer": null, "honeypot": null,
        "strict": null, "active": null, "redirect_url": null,
    });
    let reset = app
        .api
        .patch(&address(&source), nulls)
        .await
        .expect(200)
        .json();
    assert_eq!(reset["answer"], preset_answer);
    assert_eq!(reset["mapping"], json!({}));
    assert_eq!(reset["defaults"]["id_status"], Value::Null);
    assert_eq!(reset["limits"]["per_second"], 2000);
    assert!(!reset["honeypot"].as_str().unwrap().is_empty());
    assert!(!own(&reset, "answer") && !own(&reset, "honeypot"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_counts_at_the_url_at_once() {
    let app = TestApp::start().await;
    let body = json!({"type": "webhook", "name": "a"});
    let source = app.api.post(SOURCES, body).await.expect(201).json();
    let path = path_of(&source);
    let lead = json!({"phone": "79998888888"});
    app.post(&path, &lead).await.expect(201);
    let off = json!({"active": false});
    app.api.patch(&address(&source), off).await.expect(200);
    app.post(&path, &lead).await.expect(404);
    let on = json!({"active": true, "auto_convert": false});
    app.api.patch(&address(&source), on).await.expect(200);
    app.post(&path, &lead).await.expect(201);
    let waiting = app.api.get("/api/v1/leads?state=new").await.json();
    assert_eq!(waiting["items"].as_array().unwrap().len(), 1);

    let rotated = app
        .api
        .post(&format!("{}/rotate-token", address(&source)), json!({}))
        .await
        .expect(200);
    assert_eq!(rotated.headers["etag"], "\"4\"");
    let rotated = rotated.json();
    assert_ne!(rotated["token"], source["token"]);
    app.post(&path, &lead).await.expect(404);
    app.post(&path_of(&rotated), &lead).await.expect(201);

    app.api.delete(&address(&source)).await.expect(204);
    app.post(&path_of(&rotated), &lead).await.expect(404);
    app.api.get(&address(&source)).await.expect(404);
    app.api.delete(&address(&source)).await.expect(404);
    let leads = app.api.get("/api/v1/leads").await.json();
    assert_eq!(leads["items"].as_array().unwrap().len(), 3, "leads stay");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeats_with_a_key_are_answered_again() {
    let app = TestApp::start().await;
    let body = json!({"type": "webhook", "name": "a"});
    let headers = [("Idempotency-Key", "k1")];
    let send = |path: &str, body: Value| {
        let (api, path) = (app.api.clone(), path.to_owned());
        async move {
            let answer = api.send(Method::POST, &path, &headers, Some(&body)).await;
            answer.unwrap()
        }
    };
    let first = send(SOURCES, body.clone()).await.expect(201);
    let second = send(SOURCES, body).await.expect(201);
    assert_eq!(first.body, second.body);
    assert_eq!(second.headers["idempotency-replayed"], "true");
    assert_eq!(app.count_rows("sources").await, 1);
    let other = send(SOURCES, json!({"type": "webhook", "name": "b"})).await;
    assert_eq!(problem_code(&other.expect(422)), "idempotency_key_reused");

    let rotate = format!("{}/rotate-token", address(&first.json()));
    let headers = [("Idempotency-Key", "k2")];
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let answer = app.api.send(Method::POST, &rotate, &headers, None).await;
        tokens.push(answer.unwrap().expect(200).json()["token"].clone());
    }
    assert_eq!(tokens[0], tokens[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_condition_refuses() {
    let app = TestApp::start().await;
    let body = json!({"type": "webhook", "name": "a"});
    let source = app.api.post(SOURCES, body).await.expect(201).json();
    let rotate = format!("{}/rotate-token", address(&source));
    for (method, path) in [
        (Method::PATCH, address(&source)),
        (Method::DELETE, address(&source)),
        (Method::POST, rotate),
    ] {
        let body = json!({});
        let headers = [("If-Match", "\"2\"")];
        let answer = app.api.send(method, &path, &headers, Some(&body)).await;
        assert_eq!(
            problem_code(&answer.unwrap().expect(412)),
            "precondition_failed"
        );
    }
    assert_eq!(app.api.get(&address(&source)).await.json(), source);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_narrowed_and_paged() {
    let app = TestApp::start().await;
    for (preset, name, active) in [
        ("webhook", "a", true),
        ("tilda", "b", true),
        ("webhook", "c", false),
        ("roistat", "d", true),
    ] {
        let body = json!({"type": preset, "name": name, "active": active});
        app.api.post(SOURCES, body).await.expect(201);
    }
    let names = |query: &str| {
        let (api, path) = (app.api.clone(), format!("{SOURCES}{query}"));
        async move {
            let page = api.get(&path).await.expect(200).json();
            let items = page["items"].as_array().unwrap().iter();
            items
                .map(|item| item["name"].as_str().unwrap().to_owned())
                .collect::<String>()
        }
    };
    assert_eq!(names("").await, "dcba");
    assert_eq!(names("?type=webhook").await, "ca");
    assert_eq!(names("?type=webhook&type=tilda").await, "cba");
    assert_eq!(names("?active=true").await, "dba");
    assert_eq!(names("?active=false&type=webhook").await, "c");
    assert_eq!(names("?created_from=2100-01-01T00:00:00Z").await, "");
    assert_eq!(names("?limit=2").await, "dc");
    let page = app.api.get(&format!("{SOURCES}?limit=2")).await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(names(&format!("?limit=2&cursor={cursor}")).await, "ba");
    for query in ["?type=bitrix", "?active=maybe", "?kind=webhook", "?limit=0"] {
        let refused = app.api.get(&format!("{SOURCES}{query}")).await.expect(400);
        assert_eq!(problem_code(&refused), "invalid_query", "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_only_reads_sees_no_url() {
    let app = TestApp::start().await;
    let body = json!({"type": "webhook", "name": "a"});
    let source = app.api.post(SOURCES, body).await.expect(201).json();
    let reader = app.api_with(&[Scope::LeadsRead]);
    let shown = reader.get(&address(&source)).await.expect(200);
    let token = source["token"].as_str().unwrap();
    assert_eq!(shown.json()["token"], "***");
    assert!(!String::from_utf8_lossy(&shown.body).contains(token));
    let list = reader.get(SOURCES).await.expect(200);
    assert!(!String::from_utf8_lossy(&list.body).contains(token));
    for refused in [
        reader.post(SOURCES, json!({})).await,
        reader.patch(&address(&source), json!({})).await,
        reader.delete(&address(&source)).await,
        app.api_with(&[Scope::RecordsWrite]).get(SOURCES).await,
    ] {
        assert_eq!(problem_code(&refused.expect(403)), "forbidden");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_only_keys_may_be_sent_back_only() {
    let app = TestApp::start().await;
    let body = json!({"type": "webhook", "name": "a"});
    let source = app.api.post(SOURCES, body).await.expect(201).json();
    let refused = app
        .api
        .patch(
            &address(&source),
            json!({"id": source["id"], "token": "mine", "type": "tilda", "revision": 7}),
        )
        .await
        .expect(422);
    assert_eq!(
        errors(&refused),
        [
            ("/token".to_owned(), "read_only".to_owned()),
            ("/revision".to_owned(), "read_only".to_owned()),
            ("/type".to_owned(), "read_only".to_owned()),
        ]
    );
}
