//! A unit of work that leaves a trace, and requests that ask for it.

use actix_web::FromRequest;
use actix_web::test::TestRequest;
use database::{Connection, Database, DatabaseError, on_backend};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use http_api::{ApiError, Caller, IDEMPOTENCY_KEY, InFlightKeys, ScopeSet};
use idempotency::{Answer, Idempotency, MIGRATIONS};
use serde_json::json;
use test_support::TestDatabase;

#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkError {
    #[error(transparent)]
    Refused(#[from] ApiError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// One service: its database and the keys in flight.
pub(crate) struct App {
    pub(crate) database: Database,
    pub(crate) in_flight: InFlightKeys,
    _home: TestDatabase,
}

impl App {
    pub(crate) async fn start() -> Self {
        let home = TestDatabase::start().await;
        let database = home.open(vec![MIGRATIONS]).await;
        database
            .write(|conn| run_sql(conn, "CREATE TABLE notes (text TEXT NOT NULL)").map(drop))
            .await
            .unwrap();
        Self {
            database,
            in_flight: InFlightKeys::default(),
            _home: home,
        }
    }

    /// What the extractor makes of a POST to `path` with `key`.
    pub(crate) async fn request(&self, path: &str, key: Option<&str>) -> Idempotency {
        extract(path, key, self.in_flight.clone()).await
    }

    /// The same in another process, which has a set of keys in flight of its own.
    pub(crate) async fn request_of_replica(path: &str, key: &str) -> Idempotency {
        extract(path, Some(key), InFlightKeys::default()).await
    }

    /// Sends a POST that makes a note.
    pub(crate) async fn post(
        &self,
        account_id: i64,
        path: &str,
        key: Option<&str>,
        body: u8,
    ) -> Result<Answer, WorkError> {
        self.request(path, key)
            .await
            .run(&self.database, &caller(account_id), [body; 32], make_note)
            .await
    }

    pub(crate) async fn notes(&self) -> i64 {
        self.count("SELECT count(*) AS count FROM notes").await
    }

    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        self.database
            .read(move |conn| {
                let row: Count = on_backend!(conn, |c| diesel::sql_query(query).get_result(c))
                    .map_err(DatabaseError::from)?;
                Ok::<_, DatabaseError>(row.count)
            })
            .await
            .unwrap()
    }
}

async fn extract(path: &str, key: Option<&str>, in_flight: InFlightKeys) -> Idempotency {
    let mut request = TestRequest::post().uri(path).app_data(in_flight);
    if let Some(key) = key {
        request = request.insert_header((IDEMPOTENCY_KEY, key));
    }
    Idempotency::extract(&request.to_http_request())
        .await
        .unwrap()
}

pub(crate) fn caller(account_id: i64) -> Caller {
    Caller {
        account_id,
        token_id: "t".to_owned(),
        scopes: ScopeSet::all(),
    }
}

/// Makes a note and answers with how many there are: no two answers are the same.
pub(crate) fn make_note(conn: &mut Connection<'_>) -> Result<Answer, WorkError> {
    run_sql(conn, "INSERT INTO notes (text) VALUES ('x')")?;
    let row: Count = on_backend!(conn, |c| {
        diesel::sql_query("SELECT count(*) AS count FROM notes").get_result(c)
    })
    .map_err(DatabaseError::from)?;
    let location = format!("/api/v1/notes/{}", row.count);
    Ok(Answer::created(
        location,
        Some(1),
        &json!({"id": row.count, "name": "Заказ"}),
    )?)
}

pub(crate) fn run_sql(conn: &mut Connection<'_>, sql: &str) -> Result<usize, DatabaseError> {
    Ok(on_backend!(conn, |c| diesel::sql_query(sql).execute(c))?)
}
