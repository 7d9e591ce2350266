//! The same key again.

use actix_web::Responder;
use actix_web::body::to_bytes;
use actix_web::test::TestRequest;
use http_api::{ApiError, IdempotencyKey};
use idempotency::{Answer, Outcome};
use serde_json::{Value, json};

use crate::fixture::{App, WorkError, caller, make_note};

const NOTES: &str = "/api/v1/notes";

async fn shown(answer: Answer) -> (u16, Vec<(String, String)>, Value) {
    let response = answer.respond_to(&TestRequest::default().to_http_request());
    let status = response.status().as_u16();
    let mut headers: Vec<(String, String)> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    let body = to_bytes(response.into_body()).await.unwrap();
    (status, headers, serde_json::from_slice(&body).unwrap())
}

#[actix_web::test]
async fn a_repeat_gets_the_answer_of_the_first() {
    let app = App::start().await;
    let first = app.post(1, NOTES, Some("k"), 1).await.unwrap();
    assert!(!first.is_replayed());
    app.post(1, NOTES, Some("other"), 1).await.unwrap();
    let again = app.post(1, NOTES, Some("k"), 1).await.unwrap();
    assert!(again.is_replayed());
    assert_eq!(again.body(), first.body());
    assert_eq!(app.notes().await, 2);

    let (status, mut headers, body) = shown(again).await;
    let (first_status, first_headers, first_body) = shown(first).await;
    assert_eq!((status, &body), (201, &json!({"id": 1, "name": "Заказ"})));
    assert_eq!((first_status, first_body), (status, body));
    headers.retain(|header| header.0 != "idempotency-replayed" || header.1 != "true");
    assert_eq!(headers, first_headers);
    assert_eq!(
        first_headers,
        [
            ("content-type", "application/json"),
            ("etag", "\"1\""),
            ("location", "/api/v1/notes/1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

#[actix_web::test]
async fn without_a_key_nothing_is_kept() {
    let app = App::start().await;
    for _ in 0..2 {
        assert!(!app.post(1, NOTES, None, 1).await.unwrap().is_replayed());
    }
    assert_eq!(app.notes().await, 2);
    let keys = app
        .count("SELECT count(*) AS count FROM idempotency_keys")
        .await;
    assert_eq!(keys, 0);
}

#[actix_web::test]
async fn another_request_with_the_key_is_refused() {
    let app = App::start().await;
    app.post(1, NOTES, Some("k"), 1).await.unwrap();
    for (path, body) in [(NOTES, 2), ("/api/v1/orders", 1)] {
        assert!(matches!(
            app.post(1, path, Some("k"), body).await,
            Err(WorkError::Refused(ApiError::IdempotencyMismatch))
        ));
    }
    assert_eq!(app.notes().await, 1);
}

#[actix_web::test]
async fn accounts_do_not_share_keys() {
    let app = App::start().await;
    app.post(1, NOTES, Some("k"), 1).await.unwrap();
    let other = app.post(2, NOTES, Some("k"), 1).await.unwrap();
    assert!(!other.is_replayed());
    assert_eq!(app.notes().await, 2);
}

#[actix_web::test]
async fn a_failure_is_not_kept_and_leaves_nothing() {
    let app = App::start().await;
    let failed = app
        .request(NOTES, Some("k"))
        .await
        .run(&app.database, &caller(1), [1; 32], |conn| {
            make_note(conn)?;
            Err(WorkError::Refused(ApiError::NotFound))
        })
        .await;
    assert!(matches!(
        failed,
        Err(WorkError::Refused(ApiError::NotFound))
    ));
    assert_eq!(app.notes().await, 0);
    let done = app.post(1, NOTES, Some("k"), 1).await.unwrap();
    assert!(!done.is_replayed());
    assert_eq!(app.notes().await, 1);
}

#[actix_web::test]
async fn a_request_in_flight_holds_its_key() {
    let app = App::start().await;
    let key = IdempotencyKey::parse("k").unwrap();
    let guard = app.in_flight.begin(1, &key).unwrap();
    assert!(matches!(
        app.post(1, NOTES, Some("k"), 1).await,
        Err(WorkError::Refused(ApiError::IdempotencyInFlight))
    ));
    drop(guard);
    app.post(1, NOTES, Some("k"), 1).await.unwrap();
    drop(app.in_flight.begin(1, &key).unwrap());
    assert_eq!(app.notes().await, 1);
}

#[actix_web::test]
async fn two_processes_do_the_work_once() {
    let app = App::start().await;
    // Sets of keys in flight of their own, as in replicas of one service.
    let mut requests = Vec::new();
    for _ in 0..8 {
        let request = App::request_of_replica(NOTES, "k").await;
        let database = app.database.clone();
        requests.push(async move {
            request
                .run(&database, &caller(1), [1; 32], make_note)
                .await
                .unwrap()
        });
    }
    let answers = futures_util::future::join_all(requests).await;
    assert_eq!(app.notes().await, 1);
    let fresh = answers
        .iter()
        .filter(|answer| !answer.is_replayed())
        .count();
    assert_eq!(fresh, 1);
    for answer in &answers {
        assert_eq!(answer.body(), answers[0].body());
    }
}

#[actix_web::test]
async fn what_must_not_be_stored_is_answered_once() {
    let app = App::start().await;
    let mut outcomes = Vec::new();
    for _ in 0..2 {
        let outcome = app
            .request(NOTES, Some("k"))
            .await
            .run_with(&app.database, &caller(1), [1; 32], |conn| {
                Ok::<_, WorkError>((make_note(conn)?, "whsec_x"))
            })
            .await
            .unwrap();
        outcomes.push(outcome);
    }
    assert!(matches!(outcomes[0], Outcome::Done(_, "whsec_x")));
    assert!(matches!(outcomes[1], Outcome::Repeated(_)));
}
