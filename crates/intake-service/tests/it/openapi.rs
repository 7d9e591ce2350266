//! The document names every route, and records key by key.

use std::collections::BTreeSet;

use http_api::operations;
use intake_service::Service;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::leads::{get, inbox, post_lead};

#[test]
fn every_route_is_documented() {
    let document = Service::openapi();
    let mut found: Vec<(String, &str)> = operations(&document)
        .into_iter()
        .map(|(path, method, operation)| {
            assert!(operation.summary.is_some(), "{method} {path}");
            assert!(
                operation.responses.responses.contains_key("401"),
                "{method} {path}"
            );
            (path, method)
        })
        .collect();
    found.sort();
    let expected = [
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
