//! Who is let in.

use actix_web::test::TestRequest;
use http_api::Scope;

use crate::app::{NOW_SECONDS, TestApi};

fn get() -> TestRequest {
    TestRequest::get().uri("/api/v1/notes")
}

#[actix_web::test]
async fn a_request_without_a_token_is_401() {
    let api = TestApi::new();
    let answer = api.send(get()).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.problem_code(), "unauthenticated");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

#[actix_web::test]
async fn expired_and_revoked_tokens_are_401() {
    let api = TestApi::new();
    let expired = api.token_until(&[Scope::RecordsRead], Some(NOW_SECONDS));
    let answer = api
        .send(get().insert_header(("authorization", format!("Bearer {expired}"))))
        .await;
    assert_eq!(answer.status, 401);
    assert!(answer.text.contains("expired"), "{}", answer.text);
    assert!(!answer.text.contains(&expired));
    assert_eq!(
        answer.header("www-authenticate"),
        Some("Bearer error=\"invalid_token\"")
    );

    assert_eq!(api.send_as(&[Scope::RecordsRead], get()).await.status, 200);
    api.verifier.revoke("the-token");
    let answer = api.send_as(&[Scope::RecordsRead], get()).await;
    assert_eq!(answer.status, 401);
    assert!(answer.text.contains("revoked"), "{}", answer.text);
}

#[actix_web::test]
async fn a_token_of_another_installation_is_401() {
    let api = TestApi::new();
    let foreign = TestApi::new().token(&[Scope::RecordsRead]);
    let answer = api
        .send(get().insert_header(("authorization", format!("Bearer {foreign}"))))
        .await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.problem_code(), "unauthenticated");
}

#[actix_web::test]
async fn a_missing_scope_is_403_and_named() {
    let api = TestApi::new();
    for scopes in [
        &[][..],
        &[Scope::AdminWrite, Scope::LeadsWrite, Scope::WebhooksWrite],
    ] {
        let answer = api.send_as(scopes, get()).await;
        assert_eq!(answer.status, 403);
        assert_eq!(answer.problem_code(), "forbidden");
        assert!(answer.text.contains("records:read"), "{}", answer.text);
    }
    assert_eq!(
        api.send_as(&[Scope::RecordsWrite], get()).await.status,
        200,
        "writing includes reading"
    );
    let post = TestRequest::post()
        .uri("/api/v1/notes")
        .set_payload("{\"name\":\"x\"}");
    assert_eq!(api.send_as(&[Scope::RecordsRead], post).await.status, 403);
}

#[actix_web::test]
async fn a_stranger_learns_nothing_of_a_bad_body() {
    let api = TestApi::new();
    let post = TestRequest::post()
        .uri("/api/v1/notes")
        .set_payload("not json");
    assert_eq!(api.send(post).await.status, 401);
}
