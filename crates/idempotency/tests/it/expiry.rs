//! Keys go after a day.

use std::time::Duration;

use idempotency::{RETENTION, delete_expired};

use crate::fixture::{App, run_sql};

const NOTES: &str = "/api/v1/notes";

/// Makes every key older by `age`.
async fn grow_older(app: &App, age: Duration) {
    let sql = format!(
        "UPDATE idempotency_keys SET created_at_us = created_at_us - {}",
        age.as_micros()
    );
    app.database
        .write(move |conn| run_sql(conn, &sql))
        .await
        .unwrap();
}

#[actix_web::test]
async fn a_key_is_kept_for_a_day() {
    let app = App::start().await;
    app.post(1, NOTES, Some("k"), 1).await.unwrap();
    grow_older(&app, RETENTION - Duration::from_secs(60)).await;
    assert!(
        app.post(1, NOTES, Some("k"), 1)
            .await
            .unwrap()
            .is_replayed()
    );
    grow_older(&app, Duration::from_secs(120)).await;
    // Another body: an expired key is as good as new, even before it is deleted.
    assert!(
        !app.post(1, NOTES, Some("k"), 2)
            .await
            .unwrap()
            .is_replayed()
    );
    assert!(
        app.post(1, NOTES, Some("k"), 2)
            .await
            .unwrap()
            .is_replayed()
    );
    assert_eq!(app.notes().await, 2);
}

#[actix_web::test]
async fn old_keys_are_deleted_in_batches() {
    let app = App::start().await;
    for key in ["a", "b", "c"] {
        app.post(1, NOTES, Some(key), 1).await.unwrap();
    }
    grow_older(&app, RETENTION + Duration::from_secs(1)).await;
    app.post(1, NOTES, Some("young"), 1).await.unwrap();
    for expected in [2, 1, 0] {
        let deleted = app
            .database
            .write(|conn| delete_expired(conn, 2))
            .await
            .unwrap();
        assert_eq!(deleted, expected);
    }
    let left = app
        .count("SELECT count(*) AS count FROM idempotency_keys")
        .await;
    assert_eq!(left, 1);
    assert!(
        app.post(1, NOTES, Some("young"), 1)
            .await
            .unwrap()
            .is_replayed()
    );
}
