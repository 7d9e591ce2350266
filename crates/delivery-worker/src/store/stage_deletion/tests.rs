//! Whose settings are looked at when a stage goes.

use database::Connection;
use events::Timestamp;
use serde_json::json;
use test_support::TestDatabase;

use super::*;
use crate::domain::webhook_record::WebhookConfig;
use crate::secret::SealedKeys;
use crate::store::webhook_records::{delete_webhook, insert_webhook};

const ACCOUNT: AccountId = AccountId(1);

fn insert(conn: &mut Connection<'_>, account_id: AccountId, keys: &Value) -> i64 {
    let mut settings = json!({"url": "http://a/", "format": "form", "events": ["order.add"]});
    for (key, value) in keys.as_object().unwrap() {
        settings[key] = value.clone();
    }
    let config = WebhookConfig {
        name: "n".to_owned(),
        active: true,
        settings: serde_json::from_value(settings).unwrap(),
    };
    let seal = |_| Ok::<_, DatabaseError>(SealedKeys::default());
    let stored = insert_webhook(conn, account_id, &config, Timestamp(1), seal).unwrap();
    stored.webhook.id.0
}

#[tokio::test]
async fn only_settings_that_may_name_stages_are_loaded() {
    let home = TestDatabase::start().await;
    let database = home.open(vec![crate::MIGRATIONS]).await;
    let look = |conn: &mut Connection<'_>| {
        let stages = json!({"filter": {"stages": [12]}});
        let pipelines = json!({"filter": {"pipelines": [1]}});
        let trigger = json!({"trigger": {"stage": 12, "pipeline": 1, "event": "left"}});
        let expected = [
            insert(conn, ACCOUNT, &stages),
            insert(conn, ACCOUNT, &pipelines),
        ];
        insert(conn, ACCOUNT, &json!({}));
        insert(conn, ACCOUNT, &json!({"filter": {"changed": ["price"]}}));
        insert(conn, ACCOUNT, &trigger);
        insert(conn, AccountId(2), &stages);
        let deleted = insert(conn, ACCOUNT, &stages);
        delete_webhook(
            conn,
            ACCOUNT,
            crate::domain::webhook::WebhookId(deleted),
            Timestamp(2),
        )?;
        let off = insert(conn, ACCOUNT, &stages);
        switch_off(conn, &[off], STAGE_DELETED, 1, 2)?;
        let mut loaded: Vec<i64> = list_with_places(conn, ACCOUNT)?
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        loaded.sort_unstable();
        Ok::<_, DatabaseError>((loaded, expected))
    };
    let (loaded, expected) = database.write(look).await.unwrap();
    assert_eq!(loaded, expected);
}
