//! One account never sees, changes or learns of anything of another.

use http_api::Scope;
use serde_json::{Value, json};
use test_support::{ApiClient, Method};

use crate::app::TestApp;
use crate::leads::{LEADS, get, inbox, post_lead};
use crate::problems::problem_code;

/// Every address of one source and one lead, with a body that would change something.
fn addresses(source: &str, lead: &str) -> Vec<(Method, String, Option<Value>)> {
    vec![
        (Method::GET, source.to_owned(), None),
        (
            Method::PATCH,
            source.to_owned(),
            Some(json!({"name": "чужое"})),
        ),
        (
            Method::PATCH,
            source.to_owned(),
            Some(json!({"name": 5, "id": 5})),
        ),
        (Method::DELETE, source.to_owned(), None),
        (
            Method::POST,
            format!("{source}/rotate-token"),
            Some(json!({})),
        ),
        (Method::GET, lead.to_owned(), None),
        (
            Method::PATCH,
            lead.to_owned(),
            Some(json!({"name": "чужое"})),
        ),
        (
            Method::PATCH,
            lead.to_owned(),
            Some(json!({"name": 5, "id": 5})),
        ),
        (Method::DELETE, lead.to_owned(), None),
        (Method::POST, format!("{lead}/convert"), Some(json!({}))),
        (
            Method::POST,
            format!("{lead}/reject"),
            Some(json!({"reason": "x"})),
        ),
        (Method::POST, format!("{lead}/reopen"), Some(json!({}))),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_of_another_account_is_not_there() {
    let app = TestApp::start().await;
    let inbound = inbox(&app).await;
    let source = format!("/api/v1/sources/{}", inbound.id);
    let lead = post_lead(&app, &inbound, json!({"phone": "79998888888"})).await;
    let before = (get(&app, &source).await, get(&app, &lead).await);
    let nobodys = addresses("/api/v1/sources/999999", "/api/v1/leads/999999");
    for ((method, path, body), (_, absent, _)) in addresses(&source, &lead).into_iter().zip(nobodys)
    {
        for headers in [
            vec![],
            vec![("If-Match", "\"77\"")],
            vec![("If-None-Match", "\"1\"")],
        ] {
            let call = |path: String| {
                let (method, headers, body) = (method.clone(), headers.clone(), body.clone());
                let api = app.other.clone();
                async move {
                    let answer = api.send(method, &path, &headers, body.as_ref()).await;
                    answer.unwrap().expect(404)
                }
            };
            let (theirs, nobodys) = (call(path.clone()).await, call(absent.clone()).await);
            assert_eq!(problem_code(&theirs), "not_found", "{method} {path}");
            assert_eq!(theirs.body, nobodys.body, "{method} {path}");
            assert!(!theirs.headers.contains_key("etag"));
        }
    }
    assert_eq!((get(&app, &source).await, get(&app, &lead).await), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_of_another_account_are_empty_whatever_is_asked() {
    let app = TestApp::start().await;
    let inbound = inbox(&app).await;
    let body = json!({"phone": "79998888888", "email": "a@b.ru", "remoteId": 7});
    post_lead(&app, &inbound, body).await;
    for path in [
        "/api/v1/sources".to_owned(),
        "/api/v1/sources?type=webhook".to_owned(),
        LEADS.to_owned(),
        format!("{LEADS}?phone=79998888888"),
        format!("{LEADS}?email=a@b.ru"),
        format!("{LEADS}?remoteId=7"),
        format!("{LEADS}?intakeSourceId={}", inbound.id),
        format!("{LEADS}?state=new"),
    ] {
        let count = |api: ApiClient| {
            let path = path.clone();
            async move {
                let page = api.get(&path).await.expect(200).json();
                page["items"].as_array().unwrap().len()
            }
        };
        assert_eq!(count(app.api.clone()).await, 1, "{path}");
        assert_eq!(count(app.other.clone()).await, 0, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leads_of_another_account_are_no_duplicates() {
    let app = TestApp::start().await;
    let mine = inbox(&app).await;
    post_lead(&app, &mine, json!({"phone": "79998888888"})).await;
    let body = json!({"type": "webhook", "name": "b"});
    let source = app
        .other
        .post("/api/v1/sources", body)
        .await
        .expect(201)
        .json();
    let url = source["url"].as_str().unwrap();
    let path = &url[url.find("/in/").unwrap()..];
    let answer = app
        .post(path, &json!({"phone": "79998888888"}))
        .await
        .expect(201);
    assert_eq!(answer.json()["data"]["firstId"], Value::Null);
    assert_eq!(answer.json()["data"]["otherCount"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_does_no_more_than_its_scopes_say() {
    let app = TestApp::start().await;
    let inbound = inbox(&app).await;
    let source = format!("/api/v1/sources/{}", inbound.id);
    let lead = post_lead(&app, &inbound, json!({"phone": "79998888888"})).await;
    let before = (get(&app, &source).await, get(&app, &lead).await);
    let foreign = app.api_with(&[Scope::RecordsWrite, Scope::WebhooksWrite, Scope::AdminWrite]);
    let reader = app.api_with(&[Scope::LeadsRead]);
    for (method, path, body) in addresses(&source, &lead) {
        let answer = foreign
            .send(method.clone(), &path, &[], body.as_ref())
            .await;
        assert_eq!(
            problem_code(&answer.unwrap().expect(403)),
            "forbidden",
            "{method} {path}"
        );
        let answer = reader
            .send(method.clone(), &path, &[], body.as_ref())
            .await
            .unwrap();
        let expected = if method == Method::GET { 200 } else { 403 };
        answer.expect(expected);
    }
    assert_eq!((get(&app, &source).await, get(&app, &lead).await), before);
}
