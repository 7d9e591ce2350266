//! How many queries a list takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use database::Connection;
use diesel::connection::{Connection as _, InstrumentationEvent};
use serde_json::json;
use test_support::TestDatabase;

use super::*;
use crate::domain::webhook_record::WebhookConfig;
use crate::secret::SealedKeys;
use crate::store::webhook_records::insert_webhook;

const ACCOUNT: AccountId = AccountId(1);

fn list(limit: i64) -> WebhookList {
    WebhookList {
        kind: WebhookKind::Webhook,
        active: None,
        stages: Vec::new(),
        pipelines: Vec::new(),
        fired_by: FiredBy::Switches(Vec::new()),
        states: Vec::new(),
        created: TimeRange::default(),
        updated: TimeRange::default(),
        page: PageRequest {
            limit,
            before_id: None,
        },
    }
}

fn count_queries(conn: &mut Connection<'_>) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let count_starts = move |event: InstrumentationEvent<'_>| {
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    };
    on_backend!(conn, |c| c.set_instrumentation(count_starts));
    count
}

#[tokio::test]
async fn a_batch_that_is_not_full_is_the_last() {
    let home = TestDatabase::start().await;
    let database = home.open(vec![crate::MIGRATIONS]).await;
    let settings = json!({"url": "http://a/", "format": "form", "events": ["order.add"]});
    let config = WebhookConfig {
        name: "n".to_owned(),
        active: true,
        settings: serde_json::from_value(settings).unwrap(),
    };
    let insert = move |conn: &mut Connection<'_>| {
        for _ in 0..3 {
            insert_webhook(conn, ACCOUNT, &config, Timestamp(1), |_| {
                Ok::<_, DatabaseError>(SealedKeys::default())
            })?;
        }
        Ok::<_, DatabaseError>(())
    };
    database.write(insert).await.unwrap();

    let read = |limit| {
        database.read(move |conn| {
            let count = count_queries(conn);
            let found = list_webhooks(conn, ACCOUNT, &list(limit), Timestamp(2))?;
            Ok::<_, DatabaseError>((found.len(), count.load(Ordering::Relaxed)))
        })
    };
    assert_eq!(read(50).await.unwrap(), (3, 1));
    assert_eq!(read(2).await.unwrap(), (3, 1));
    assert_eq!(read(1).await.unwrap(), (2, 1));
}
