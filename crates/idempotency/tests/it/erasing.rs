//! Answers that speak of a person who asked to be forgotten.

use database::DatabaseError;
use http_api::ApiError;
use idempotency::{FoundAnswers, find_answers, forget_answers};

use crate::fixture::{App, WorkError};

const NOTES: &str = "/api/v1/notes";

async fn find(app: &App, account_id: i64, after: &'static str, limit: i64) -> FoundAnswers {
    app.database
        .read(move |conn| {
            // The second note's answer alone.
            let matches = |body: &[u8]| body.starts_with(b"{\"id\":2,");
            find_answers(conn, account_id, after, limit, matches)
        })
        .await
        .unwrap()
}

async fn forget(app: &App, account_id: i64, key: &str) -> usize {
    let keys = vec![key.to_owned()];
    app.database
        .write(move |conn| forget_answers(conn, account_id, &keys))
        .await
        .unwrap()
}

#[actix_web::test]
async fn answers_are_found_by_their_bodies_page_by_page() {
    let app = App::start().await;
    for key in ["a", "b", "c"] {
        app.post(1, NOTES, Some(key), 1).await.unwrap();
    }
    app.post(2, NOTES, Some("b"), 1).await.unwrap();

    let found = |keys: &[&str], next: Option<&str>| FoundAnswers {
        keys: keys.iter().map(|&key| key.to_owned()).collect(),
        next: next.map(str::to_owned),
    };
    assert_eq!(find(&app, 1, "", 2).await, found(&["b"], Some("b")));
    assert_eq!(find(&app, 1, "b", 2).await, found(&[], None));
    assert_eq!(find(&app, 1, "", 100).await, found(&["b"], None));
    assert_eq!(find(&app, 2, "", 100).await, found(&[], None));
}

#[actix_web::test]
async fn a_repeat_of_what_was_forgotten_does_nothing_and_is_told_why() {
    let app = App::start().await;
    app.post(1, NOTES, Some("k"), 1).await.unwrap();
    app.post(2, NOTES, Some("k"), 1).await.unwrap();
    assert_eq!(forget(&app, 1, "k").await, 1);

    let WorkError::Refused(ApiError::Conflict { detail }) =
        app.post(1, NOTES, Some("k"), 1).await.unwrap_err()
    else {
        panic!("another refusal");
    };
    assert!(detail.contains("/api/v1/notes/1"), "{detail}");
    assert_eq!(app.notes().await, 2);
    // It is still that request's key, and the other account's answer is untouched.
    assert!(matches!(
        app.post(1, NOTES, Some("k"), 2).await,
        Err(WorkError::Refused(ApiError::IdempotencyMismatch))
    ));
    assert!(
        app.post(2, NOTES, Some("k"), 1)
            .await
            .unwrap()
            .is_replayed()
    );
    assert_eq!(forget(&app, 1, "none").await, 0);
    let kept = app
        .database
        .read(|conn| find_answers(conn, 1, "", 10, |body| !body.is_empty()))
        .await;
    let kept: Result<FoundAnswers, DatabaseError> = kept;
    assert_eq!(kept.unwrap(), FoundAnswers::default());
}
