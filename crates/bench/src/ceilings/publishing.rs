//! Messages into a quorum queue, each confirmed.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::ensure;
use bytes::Bytes;
use lapin::options::{
    BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Confirmation, Connection, ConnectionProperties};
use rig::Servers;

use super::Done;

const VHOST: &str = "ceiling";

const QUEUE: &str = "ceiling";

/// Messages that may wait for their confirmation at the same time.
const WINDOW: usize = 500;

/// AMQP's number for messages that are kept on disk.
const PERSISTENT: u8 = 2;

const TIME: Duration = Duration::from_secs(3);

/// Persistent messages that are confirmed over one connection.
pub(super) async fn publish(servers: &Servers, body: &Bytes) -> anyhow::Result<Done> {
    servers.create_vhost(VHOST).await?;
    let url = servers.vhost(VHOST);
    let connection = Connection::connect(&url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await?;
    let mut quorum = FieldTable::default();
    quorum.insert(
        "x-queue-type".into(),
        AMQPValue::LongString("quorum".into()),
    );
    let durable = QueueDeclareOptions::durable();
    channel.queue_declare(QUEUE.into(), durable, quorum).await?;

    let properties = BasicProperties::default().with_delivery_mode(PERSISTENT);
    let mut waiting = VecDeque::with_capacity(WINDOW);
    let mut count = 0;
    let started = Instant::now();
    loop {
        let is_over = started.elapsed() > TIME;
        if is_over && waiting.is_empty() {
            break;
        }
        if !is_over {
            let options = BasicPublishOptions::default();
            let publishing =
                channel.basic_publish("".into(), QUEUE.into(), options, body, properties.clone());
            waiting.push_back(publishing.await?);
        }
        if (is_over || waiting.len() == WINDOW)
            && let Some(first) = waiting.pop_front()
        {
            let confirmation = first.await?;
            ensure!(
                matches!(confirmation, Confirmation::Ack(None)),
                "RabbitMQ refused a message"
            );
            count += 1;
        }
    }
    let took = started.elapsed();
    channel
        .queue_delete(QUEUE.into(), QueueDeleteOptions::default())
        .await?;
    connection.close(200, "done".into()).await?;
    Ok(Done { count, took })
}
