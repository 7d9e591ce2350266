//! Roles that start before their servers do.

use std::process::Stdio;

use test_support::{FaultProxy, wait_until};

use super::site::{Role, Site, keys, without_servers};
use crate::process::DEADLINE;

#[tokio::test]
async fn a_role_without_servers_lives_waits_and_says_what_is_missing() {
    let home = keys().await;
    for role in ["entity-service", "intake-service", "delivery-worker"] {
        let mut command = without_servers(home.path(), role);
        let log_path = home.path().join("log");
        let log = std::fs::File::create(&log_path).unwrap();
        command.stderr(Stdio::from(log));
        let started = Role::start(command).await;
        wait_until(DEADLINE, || async {
            started.status("/healthz").await == 200
        })
        .await;
        assert_eq!(started.status("/readyz").await, 503);
        for path in ["/api/v1/orders", "/in/token"] {
            let answer = started.api("").get(path).await;
            assert_eq!(answer.status.as_u16(), 503, "{path}");
            assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
        }

        let log = || std::fs::read_to_string(&log_path).unwrap();
        wait_until(DEADLINE, || async { log().contains("127.0.0.1:1") }).await;
        assert!(started.stop().await.success());
        let log = log();
        assert!(!log.contains("hush"), "{log}");
        // The same reason is told once, not at every attempt.
        assert_eq!(log.matches("waiting for the").count(), 1, "{log}");
    }
}

#[tokio::test]
async fn a_role_goes_on_by_itself_once_its_servers_are_there() {
    let Some(site) = Site::prepare().await else {
        return;
    };
    let address = |url: &str| {
        let (_, rest) = url.rsplit_once('@').or(url.split_once("://")).unwrap();
        rest.split('/').next().unwrap().parse().unwrap()
    };
    let database = FaultProxy::start(address(&site.entity_url)).await;
    let broker = FaultProxy::start(address(&site.broker_url)).await;
    database.refuse();
    broker.refuse();
    let through = |url: &str, proxy: &FaultProxy| {
        url.replace(&address(url).to_string(), &proxy.address().to_string())
    };
    let mut command = site.command(&["entity-service", "--http", "127.0.0.1:0"]);
    command
        .env(
            "DEALWIRE__ENTITY_SERVICE__DATABASE_URL",
            through(&site.entity_url, &database),
        )
        .env("DEALWIRE__BROKER__URL", through(&site.broker_url, &broker));
    let entity = Role::start(command).await;
    wait_until(DEADLINE, || async {
        entity.status("/api/v1/orders").await == 503
    })
    .await;

    // With its database it takes changes; the broker may come later.
    database.pass().await;
    wait_until(DEADLINE, || async {
        entity.status("/api/v1/orders").await == 401
    })
    .await;
    let api = entity.api(&site.token().await);
    let order = serde_json::json!({"name": "ahead of the broker"});
    api.post("/api/v1/orders", order).await.expect(201);
    assert_eq!(entity.status("/readyz").await, 503);

    broker.pass().await;
    entity.until_ready().await;
    let worker = site.start("delivery-worker").await;
    worker.until_ready().await;
    assert!(entity.stop().await.success());
    assert!(worker.stop().await.success());
}

#[tokio::test]
async fn a_wrong_password_is_told_and_never_shown() {
    let home = keys().await;
    let Some(site) = Site::prepare().await else {
        return;
    };
    let (_, place) = site.broker_url.rsplit_once('@').unwrap();
    let mut command = site.command(&["delivery-worker", "--http", "127.0.0.1:0"]);
    let log_path = home.path().join("log");
    command
        .env(
            "DEALWIRE__BROKER__URL",
            format!("amqp://guest:hush@{place}"),
        )
        .stderr(Stdio::from(std::fs::File::create(&log_path).unwrap()));
    let worker = Role::start(command).await;
    let log = || std::fs::read_to_string(&log_path).unwrap();
    wait_until(DEADLINE, || async { worker.status("/readyz").await == 503 }).await;
    wait_until(DEADLINE, || async { log().contains("ACCESS_REFUSED") }).await;
    assert!(worker.stop().await.success());
    let log = log();
    assert!(!log.contains("hush"), "{log}");
}
