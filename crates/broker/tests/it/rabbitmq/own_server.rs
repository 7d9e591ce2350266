//! What concerns a whole server, on one of the test's own.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use broker::{Broker, BrokerTrouble, RabbitMqConfig};
use tokio::process::Command;

use crate::fixture::{
    MANY, MANY_BYTES, consumer, eventually, message, numbered, publish, publish_numbered,
    publisher, queue, rabbitmq, take, within,
};

/// A RabbitMQ that ends with it.
struct OwnServer {
    name: String,
    url: String,
}

impl OwnServer {
    async fn start() -> Self {
        let name = format!("broker-{}", std::process::id() % 1_000_000);
        let mut server = Self {
            name,
            url: String::new(),
        };
        server.infra(&["up"]).await;
        let lines = server.infra(&["env"]).await;
        let url = lines
            .lines()
            .find_map(|line| line.strip_prefix("export TEST_AMQP_URL="))
            .expect("infra names the server");
        url.trim_matches('\'').clone_into(&mut server.url);
        server
    }

    async fn infra(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().await.unwrap();
        assert!(
            output.status.success(),
            "infra {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../scripts/infra");
        let mut command = Command::new(script);
        command
            .args(["--name", &self.name])
            .args(arguments)
            .env_remove("TEST_AMQP_URL")
            .env_remove("TEST_AMQP_MANAGEMENT_URL")
            // No database is wanted: one that the environment names is not started.
            .env("TEST_DATABASE_URL", "none");
        command
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        let mut down = self.command(&["down"]);
        drop(down.as_std_mut().output());
    }
}

/// One server for both, since a server takes seconds to start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_short_of_memory_and_one_that_is_killed_lose_nothing() {
    if rabbitmq().await.is_none() {
        return;
    }
    let server = OwnServer::start().await;
    let config = RabbitMqConfig::parse(&server.url, "conformance").unwrap();
    let broker = Broker::rabbitmq(config);
    let publisher = publisher(&broker, [queue("q", &["#"])]).await;
    let declared = Instant::now();
    memory_alarm(&server, &broker, &publisher).await;
    // A quorum queue that is younger than some seconds may come back empty.
    let age = Duration::from_secs(6).saturating_sub(declared.elapsed());
    tokio::time::sleep(age).await;
    kill(&server, &broker, &publisher).await;
}

async fn memory_alarm(server: &OwnServer, broker: &Broker, publisher: &broker::Publisher) {
    for confirmation in publish_numbered(publisher, "order.add", 0..10).await {
        within(confirmation).await.unwrap();
    }
    server
        .infra(&["rabbitmqctl", "set_vm_memory_high_watermark", "0.000001"])
        .await;
    // The first message after the alarm is what makes the broker say so.
    let mut blocked = publish_numbered(publisher, "order.add", 10..20).await;
    let low = BrokerTrouble::Blocked {
        reason: "low on memory".to_owned(),
    };
    eventually(async || broker.check() == Err(low.clone())).await;
    assert_eq!(
        broker.check().unwrap_err().to_string(),
        "publishing is blocked: low on memory"
    );
    let last = blocked.last_mut().unwrap();
    assert!(futures_util::poll!(last).is_pending());

    // Consuming goes on meanwhile.
    let mut consumer = consumer(broker, "q").await;
    assert_eq!(take(&mut consumer, 10).await, numbered(0..10));

    server
        .infra(&["rabbitmqctl", "set_vm_memory_high_watermark", "0.8"])
        .await;
    for confirmation in blocked {
        within(confirmation).await.unwrap();
    }
    assert_eq!(take(&mut consumer, 10).await, numbered(10..20));
    eventually(async || broker.check().is_ok()).await;
}

async fn kill(server: &OwnServer, broker: &Broker, publisher: &broker::Publisher) {
    for confirmation in publish_numbered(publisher, "order.add", 20..40).await {
        within(confirmation).await.unwrap();
    }
    let mut consumer = consumer(broker, "q").await;
    let batch = within(consumer.receive(MANY, MANY_BYTES)).await.unwrap();
    server.infra(&["kill", "rabbitmq"]).await;
    // Asked over the connection that the batch came over.
    eventually(async || broker.queue_depths().await.is_err()).await;
    let lost = within(consumer.ack(batch)).await.unwrap_err();
    assert!(lost.is_retryable(), "{lost:?}");

    server.infra(&["start", "rabbitmq"]).await;
    assert_eq!(take(&mut consumer, 20).await, numbered(20..40));
    eventually(async || broker.check().is_ok()).await;
    let confirmation = publish(publisher, message("order.add", 40)).await;
    within(confirmation).await.unwrap();
    assert_eq!(take(&mut consumer, 1).await, ["40"]);
}
