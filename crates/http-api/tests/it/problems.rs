//! Whatever goes wrong is answered as problem+json.

use actix_web::test::TestRequest;
use http_api::Scope;

use crate::app::TestApi;

#[actix_web::test]
async fn unknown_addresses_are_404() {
    let api = TestApi::new();
    for uri in [
        "/",
        "/nowhere",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nowhere",
        "/api/v1/notes/1/2",
        "/api/v2/notes",
    ] {
        let answer = api.send(TestRequest::get().uri(uri)).await;
        assert_eq!(
            (answer.status, answer.problem_code()),
            (404, "not_found"),
            "{uri}"
        );
        assert!(answer.header("x-request-id").is_some());
    }
}

#[actix_web::test]
async fn an_id_that_is_no_number_is_404() {
    let api = TestApi::new();
    for id in ["abc", "1.5", "99999999999999999999", "%00", "1%2F2"] {
        let request = TestRequest::get().uri(&format!("/api/v1/notes/{id}"));
        let answer = api.send_as(&[Scope::RecordsRead], request).await;
        assert_eq!(
            (answer.status, answer.problem_code()),
            (404, "not_found"),
            "{id}"
        );
    }
}

#[actix_web::test]
async fn another_method_is_405_and_says_which() {
    let api = TestApi::new();
    let answer = api.send(TestRequest::delete().uri("/api/v1/notes")).await;
    assert_eq!(
        (answer.status, answer.problem_code()),
        (405, "method_not_allowed")
    );
    let mut allowed: Vec<&str> = answer.header("allow").unwrap().split(", ").collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "POST"]);
    assert!(answer.body["detail"].as_str().unwrap().contains("POST"));
}

#[actix_web::test]
async fn errors_of_the_framework_are_problems_too() {
    let api = TestApi::new();
    for (body, kind) in [("{", "application/json"), ("[1]", "text/plain")] {
        let request = TestRequest::post()
            .uri("/api/v1/typed")
            .insert_header(("content-type", kind))
            .set_payload(body);
        let answer = api.send(request).await;
        assert!((400..500).contains(&answer.status), "{}", answer.status);
        answer.problem_code();
    }
}

#[actix_web::test]
async fn our_own_failures_show_nothing() {
    let api = TestApi::new();
    let answer = api.send(TestRequest::get().uri("/api/v1/fail")).await;
    assert_eq!((answer.status, answer.problem_code()), (500, "internal"));
    assert!(!answer.text.contains("secret"));
    let answer = api.send(TestRequest::get().uri("/api/v1/away")).await;
    assert_eq!((answer.status, answer.problem_code()), (503, "unavailable"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(!answer.text.contains("secret"));
}

#[actix_web::test]
async fn a_panic_is_a_500() {
    let api = TestApi::new();
    let answer = api.send(TestRequest::get().uri("/api/v1/panic")).await;
    assert_eq!((answer.status, answer.problem_code()), (500, "internal"));
    assert!(!answer.text.contains("on purpose"));
    let metrics = api.send(TestRequest::get().uri("/metrics")).await;
    assert!(
        metrics.text.contains("status=\"5xx\"} 1"),
        "{}",
        metrics.text
    );
}
