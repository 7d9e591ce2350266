//! Bodies, lists and single records over the whole application.

use actix_web::test::TestRequest;
use http_api::{MAX_BODY_BYTES, Scope};
use serde_json::{Value, json};

use crate::app::TestApi;

const WRITE: &[Scope] = &[Scope::RecordsWrite];

fn post(body: impl Into<String>) -> TestRequest {
    TestRequest::post()
        .uri("/api/v1/notes")
        .insert_header(("content-type", "application/json"))
        .set_payload(body.into())
}

#[actix_web::test]
async fn creating_answers_with_where_it_is() {
    let api = TestApi::new();
    let request = post("{\"name\":\"Заказ\"}").insert_header(("x-request-id", "req-1"));
    let answer = api.send_as(WRITE, request).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("location"), Some("/api/v1/notes/1"));
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert_eq!(answer.header("x-request-id"), Some("req-1"));
    assert_eq!(
        answer.body,
        json!({"name": "Заказ", "account_id": 7, "correlation_id": "req-1"})
    );
}

#[actix_web::test]
async fn bad_bodies_are_told_apart() {
    let api = TestApi::new();
    for (body, status, code) in [
        ("{", 400, "malformed_json"),
        ("", 400, "malformed_json"),
        ("[]", 422, "invalid_fields"),
        ("{}", 422, "invalid_fields"),
        ("{\"name\":\"\\u0000\"}", 422, "invalid_fields"),
    ] {
        let answer = api.send_as(WRITE, post(body)).await;
        assert_eq!(
            (answer.status, answer.problem_code()),
            (status, code),
            "{body}"
        );
    }
    let answer = api.send_as(WRITE, post("{\"nmae\":1,\"name\":2}")).await;
    assert_eq!(
        answer.body["errors"],
        json!([
            {"pointer": "/name", "code": "wrong_type", "message": "Send text, not a number."},
            {"pointer": "/nmae", "code": "unknown_field",
             "message": "There is no field \"nmae\"; did you mean \"name\"?"},
        ])
    );
}

#[actix_web::test]
async fn size_and_type_of_a_body_are_bounded() {
    let api = TestApi::new();
    let answer = api
        .send_as(WRITE, post(" ".repeat(MAX_BODY_BYTES + 1)))
        .await;
    assert_eq!(
        (answer.status, answer.problem_code()),
        (413, "payload_too_large")
    );
    let form = TestRequest::post()
        .uri("/api/v1/notes")
        .insert_header(("content-type", "application/x-www-form-urlencoded"))
        .set_payload("name=x");
    let answer = api.send_as(WRITE, form).await;
    assert_eq!(
        (answer.status, answer.problem_code()),
        (415, "unsupported_media_type")
    );
}

#[actix_web::test]
async fn a_list_is_walked_by_its_links() {
    let api = TestApi::new();
    let mut uri = "/api/v1/notes?id_client=5&limit=150".to_owned();
    let mut seen: Vec<i64> = Vec::new();
    loop {
        let answer = api.send_as(WRITE, TestRequest::get().uri(&uri)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let items = answer.body["items"].as_array().unwrap();
        assert!(items.len() <= 150);
        seen.extend(items.iter().filter_map(Value::as_i64));
        match answer.header("link") {
            Some(link) => {
                assert!(link.contains("id_client=5&limit=150&cursor="), "{link}");
                let (next, relation) = link.split_once(">; ").unwrap();
                assert_eq!(relation, "rel=\"next\"");
                uri = next.trim_start_matches('<').to_owned();
            }
            None => {
                assert_eq!(answer.body["next_cursor"], Value::Null);
                break;
            }
        }
    }
    assert_eq!(seen, (1..1000).rev().collect::<Vec<i64>>());
}

#[actix_web::test]
async fn unknown_filters_and_forged_cursors_are_400() {
    let api = TestApi::new();
    for (query, name, code) in [
        ("id_clinet=5", "id_clinet", "unknown_parameter"),
        ("cursor=MTIz", "cursor", "invalid"),
        ("limit=0", "limit", "out_of_range"),
    ] {
        let request = TestRequest::get().uri(&format!("/api/v1/notes?{query}"));
        let answer = api.send_as(WRITE, request).await;
        assert_eq!(
            (answer.status, answer.problem_code()),
            (400, "invalid_query")
        );
        assert_eq!(answer.body["errors"][0]["pointer"], name);
        assert_eq!(answer.body["errors"][0]["code"], code);
    }
}

#[actix_web::test]
async fn a_record_is_not_sent_twice() {
    let api = TestApi::new();
    let get = || TestRequest::get().uri("/api/v1/notes/5");
    let answer = api.send_as(WRITE, get()).await;
    assert_eq!(answer.status, 200);
    let etag = answer.header("etag").unwrap().to_owned();
    let answer = api
        .send_as(WRITE, get().insert_header(("if-none-match", etag.as_str())))
        .await;
    assert_eq!((answer.status, answer.text.as_str()), (304, ""));
    assert_eq!(answer.header("etag"), Some(etag.as_str()));
}
