//! When the database refuses, or is away.

use std::net::SocketAddr;

use database::DatabaseConfig;
use futures_util::future::join_all;
use serde_json::{Value, json};
use test_support::{FaultProxy, wait_until};

use crate::app::{DEADLINE, Setup, TestApp};

#[tokio::test]
async fn a_lead_that_cannot_be_written_leaves_its_request() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    app.refuse_leads("NEW.name = 'poison'", "no such luck")
        .await;
    let bodies: Vec<Value> = (0..40)
        .map(|n| {
            let name = if n % 10 == 7 { "poison" } else { "fine" };
            json!({"name": name, "phone": format!("+7999{n:07}")})
        })
        .collect();
    let answers = join_all(bodies.iter().map(|body| app.post(&source.path, body))).await;
    for (body, answer) in bodies.iter().zip(&answers) {
        if body["name"] == "poison" {
            assert_eq!(answer.status, 202);
            assert_eq!(answer.json(), json!({"data": null}));
        } else {
            assert_eq!(answer.status, 201, "{body}");
            assert_eq!(answer.json()["data"]["name"], "fine");
            assert_eq!(
                answer.json()["data"]["phone"].as_str().unwrap(),
                body["phone"].as_str().unwrap().trim_start_matches('+')
            );
        }
    }
    assert_eq!(app.count_rows("leads").await, 36);
    assert_eq!(app.count_rows("outbox_events").await, 36);
    assert_eq!(app.count_rows("intake_requests").await, 40);
    assert_eq!(app.count_rows("intake_bodies").await, 40);
    let failed = "SELECT count(*) AS number FROM intake_requests \
                  WHERE outcome = 'failed' AND status = 202 AND lead_id IS NULL";
    assert_eq!(app.number(failed).await, 4);
}

#[tokio::test]
async fn a_full_disk_is_told_and_keeps_nothing_half() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    let why = match app.database.backend() {
        database::Backend::Sqlite => "database or disk is full",
        database::Backend::Postgres => "No space left on device",
    };
    app.refuse_leads("1 = 1", why).await;
    let answer = app
        .post(&source.path, &json!({"phone": "88005553535"}))
        .await
        .expect(503);
    assert!(
        answer.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse::<u32>()
            .unwrap()
            > 0
    );
    assert_eq!(
        answer.json(),
        json!({"errors": {"request": ["Сервис временно недоступен; повторите запрос позже."]}})
    );
    for table in ["leads", "intake_requests", "intake_bodies", "outbox_events"] {
        assert_eq!(app.count_rows(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn while_the_server_is_away_senders_are_asked_to_come_again() {
    let mut setup = Setup::new().await;
    // A file cannot be away.
    let DatabaseConfig::Postgres { url, connections } = setup.database_config() else {
        return;
    };
    let upstream = address(&url);
    let proxy = FaultProxy::start(upstream).await;
    let url = url.replace(&upstream.to_string(), &proxy.address().to_string());
    setup.database = Some(DatabaseConfig::Postgres { url, connections });
    let app = TestApp::start_on(setup).await;
    let source = app.webhook_source().await;
    let body = json!({"phone": "88005553535", "remoteId": 1});
    app.post(&source.path, &json!({"phone": "88005553535"}))
        .await
        .expect(201);
    proxy.refuse();
    for _ in 0..3 {
        let answer = app.post(&source.path, &body).await.expect(503);
        assert!(answer.headers.contains_key("retry-after"));
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
    }
    proxy.pass().await;
    wait_until(DEADLINE, || async {
        matches!(
            app.post(&source.path, &body).await.status.as_u16(),
            200 | 201
        )
    })
    .await;
    let unmatched = "SELECT count(*) AS number FROM intake_requests r \
                     WHERE lead_id IS NULL OR NOT EXISTS \
                     (SELECT 1 FROM intake_bodies b WHERE b.request_id = r.id)";
    assert_eq!(app.number(unmatched).await, 0);
    assert_eq!(app.count_rows("leads").await, 2);
    assert_eq!(app.count_rows("outbox_events").await, 2);
}

fn address(url: &str) -> SocketAddr {
    let (_, rest) = url.split_once('@').unwrap();
    rest.split('/').next().unwrap().parse().unwrap()
}
