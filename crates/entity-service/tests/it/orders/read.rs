//! Reading one order: entity tags, and addresses of nothing.

use serde_json::json;
use test_support::Method;

use super::{ORDERS, path_of};
use crate::app::{TestApp, problem_code};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_reader_has_already_is_not_sent_again() {
    let app = TestApp::start().await;
    let path = path_of(&app.create_order(json!({"name": "n"})).await);
    for (tag, status) in [
        ("\"1\"", 304),
        ("W/\"1\"", 304),
        ("\"9\", \"1\"", 304),
        ("*", 304),
        ("\"2\"", 200),
    ] {
        let headers = [("If-None-Match", tag)];
        let answer = app.api.send(Method::GET, &path, &headers, None).await;
        let answer = answer.unwrap().expect(status);
        assert_eq!(answer.headers["etag"], "\"1\"");
        assert_eq!(answer.body.is_empty(), status == 304, "{tag}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_of_nothing_are_404() {
    let app = TestApp::start().await;
    for id in ["1", "0", "-1", "x", "1.0", "9223372036854775808", "%00"] {
        let path = format!("{ORDERS}/{id}");
        let answer = app.api.get(&path).await.expect(404);
        assert_eq!(problem_code(&answer), "not_found", "{id}");
        let answer = app.api.patch(&path, json!({})).await.expect(404);
        assert_eq!(problem_code(&answer), "not_found", "{id}");
        let answer = app.api.delete(&path).await.expect(404);
        assert_eq!(problem_code(&answer), "not_found", "{id}");
        let answer = app.api.delete(&format!("{path}/tasks")).await.expect(404);
        assert_eq!(problem_code(&answer), "not_found", "{id}");
    }
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn methods_that_an_address_lacks_are_named() {
    let app = TestApp::start().await;
    let order = app.create_order(json!({"name": "n"})).await;
    for (path, allow) in [
        (ORDERS.to_owned(), ["GET", "POST"].as_slice()),
        (path_of(&order), ["GET", "PATCH", "DELETE"].as_slice()),
        (format!("{}/tasks", path_of(&order)), ["DELETE"].as_slice()),
    ] {
        let answer = app
            .api
            .send(Method::PUT, &path, &[], Some(&json!({})))
            .await;
        let answer = answer.unwrap().expect(405);
        assert_eq!(problem_code(&answer), "method_not_allowed");
        let named = answer.headers["allow"].to_str().unwrap();
        for method in allow {
            assert!(named.contains(method), "{path}: {named}");
        }
    }
}
