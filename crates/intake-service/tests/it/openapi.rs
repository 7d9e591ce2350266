//! The document names every route, and records key by key.

use std::collections::BTreeSet;

use http_api::operations;
use intake_service::Service;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::leads::{get, inbox, post_lead};

/// The only path that is not relative to `/api/v1`.
const INBOUND: &str = "/in/{token}";

#[test]
fn every_route_is_documented() {
    let document = Service::openapi();
    let mut found: Vec<(String, &str)> = operations(&document)
        .into_iter()
        .map(|(path, method, operation)| {
            assert!(operation.summary.is_some(), "{method} {path}");
            let is_inbound = path == INBOUND;
            assert_eq!(
                operation.responses.responses.contains_key("401"),
                !is_inbound,
                "{method} {path}"
            );
            (path, method)
        })
        .collect();
    found.sort();
    let expected = [
        (INBOUND, "GET"),
        (INBOUND, "HEAD"),
        (INBOUND, "OPTIONS"),
        (INBOUND, "POST"),
        ("/intake-requests/{id}", "GET"),
        ("/intake-requests/{id}/replay", "POST"),
        ("/leads", "GET"),
        ("/leads/erase", "POST"),
        ("/leads/{id}", "DELETE"),
        ("/leads/{id}", "GET"),
        ("/leads/{id}", "PATCH"),
        ("/leads/{id}/convert", "POST"),
        ("/leads/{id}/reject", "POST"),
        ("/leads/{id}/reopen", "POST"),
        ("/sources", "GET"),
        ("/sources", "POST"),
        ("/sources/{id}", "DELETE"),
        ("/sources/{id}", "GET"),
        ("/sources/{id}", "PATCH"),
        ("/sources/{id}/requests", "GET"),
        ("/sources/{id}/rotate-token", "POST"),
    ]
    .map(|(path, method)| (path.to_owned(), method));
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inbound_url_is_documented_as_it_answers() {
    let app = TestApp::start().await;
    let document = app.api.get("/api/v1/openapi.json").await.expect(200).json();
    let item = &document["paths"][INBOUND];
    assert_eq!(item["servers"][0]["url"], "/");
    for method in ["get", "head", "post", "options"] {
        assert_eq!(item[method]["security"], json!([]), "{method}");
    }
    let post = &item["post"];
    let answers = post["responses"].as_object().unwrap().keys();
    let mut answers: Vec<&str> = answers.map(String::as_str).collect();
    answers.sort_unstable();
    assert_eq!(
        answers,
        [
            "200", "201", "202", "303", "400", "404", "405", "408", "413", "415", "422", "429",
            "503"
        ]
    );
    assert_eq!(post["requestBody"]["content"].as_object().unwrap().len(), 3);
    let sent = documented("SentLead");
    assert_eq!(sent.len(), 30);
    let inbound = inbox(&app).await;
    let body = json!({"phone": "79998888888"});
    let lead = app.post(&inbound.path, &body).await.expect(201).json();
    assert_eq!(documented("TakenLead"), keys(&lead["data"]));
    assert!(sent.is_subset(&documented("TakenLead")));
}

#[test]
fn what_is_referred_to_is_there() {
    let merged = http_api::merge_documents("Dealwire", "1", [Service::openapi()]);
    let document = serde_json::to_value(merged).unwrap();
    let text = document.to_string();
    let mut references: BTreeSet<&str> = BTreeSet::new();
    for rest in text.split("\"$ref\":\"#").skip(1) {
        references.insert(rest.split('"').next().unwrap());
    }
    assert!(references.contains("/components/schemas/TakenLead"));
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}

fn documented(schema: &str) -> BTreeSet<String> {
    let document = serde_json::to_value(Service::openapi()).unwrap();
    let properties = &document["components"]["schemas"][schema]["properties"];
    let keys = properties
        .as_object()
        .map(|all| all.keys().cloned().collect());
    keys.unwrap_or_else(|| panic!("{schema} has no properties: {document}"))
}

fn keys(body: &Value) -> BTreeSet<String> {
    body.as_object().unwrap().keys().cloned().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_are_documented_key_by_key() {
    let app = TestApp::start().await;
    let inbound = inbox(&app).await;
    let lead = post_lead(&app, &inbound, json!({"phone": "79998888888"})).await;
    assert_eq!(documented("LeadResponse"), keys(&get(&app, &lead).await));
    let source = format!("/api/v1/sources/{}", inbound.id);
    let source = get(&app, &source).await;
    assert_eq!(documented("SourceResponse"), keys(&source));
    let mut settable = keys(&source);
    for key in [
        "id",
        "url",
        "token",
        "samples",
        "from_preset",
        "revision",
        "created_at",
        "updated_at",
    ] {
        settable.remove(key);
    }
    assert_eq!(documented("CreateSourceRequest"), settable);
    settable.remove("type");
    assert_eq!(documented("UpdateSourceRequest"), settable);
}
