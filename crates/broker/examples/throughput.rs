//! Measures a broker: messages per second through publish, receive, ack and confirm, and how long a
//! publish takes to wake a consumer that waits. In process, and on the RabbitMQ that `TEST_AMQP_URL`
//! names, if it names one.
//!
//! `cargo run --release -p broker --example throughput`

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use broker::{
    Broker, Confirmation, Consumer, InProcessLimits, OutgoingMessage, Publisher, Queue, Topology,
};
use bytes::Bytes;
use test_support::TestBroker;

const MESSAGES: usize = 1_000_000;
const WAKES: usize = 20_000;
const BODY_BYTES: usize = 500;
const MAX_BATCH: usize = 5_000;
const PREFETCH: u16 = 5_000;
/// Unconfirmed messages while consumers are at work.
const WINDOW: usize = 20_000;
const MAX_BATCH_BYTES: usize = 4 << 20;
/// On RabbitMQ everything is written to a disk.
const RABBITMQ_MESSAGES: usize = 100_000;
const RABBITMQ_WAKES: usize = 1_000;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    println!("in process:");
    for queues in [1, 2] {
        let broker = Broker::in_process(InProcessLimits::default());
        let (publisher, consumers) = set_up(&broker, queues).await?;
        let elapsed = pump(publisher, consumers, MESSAGES).await?;
        report(
            &format!("through {queues} queue(s), acked and confirmed"),
            MESSAGES,
            elapsed,
        );
    }
    let broker = Broker::in_process(InProcessLimits::default());
    let (publisher, mut consumers) = set_up(&broker, 1).await?;
    report_wakes(wake(publisher, consumers.remove(0), WAKES).await?);
    if std::env::var_os("TEST_AMQP_URL").is_some() {
        rabbitmq().await?;
    }
    Ok(())
}

async fn rabbitmq() -> Result<(), Failure> {
    println!("RabbitMQ:");
    let idle = threads();
    let home = TestBroker::start().await;
    let broker = home.broker();
    let (publisher, consumers) = set_up(&broker, 1).await?;
    drop(consumers);
    for window in [1, 50, 500, 5_000] {
        let count = RABBITMQ_MESSAGES.min(window * 1_000);
        let started = Instant::now();
        publish(&publisher, count, window).await?;
        report(
            &format!("published and confirmed, window {window}"),
            count,
            started.elapsed(),
        );
        if window == 1 {
            println!("  {} threads more than without", threads() - idle);
        }
        if window < 5_000 {
            drain(&broker, count).await?;
        }
    }
    let started = Instant::now();
    drain(&broker, RABBITMQ_MESSAGES).await?;
    report("consumed and acked", RABBITMQ_MESSAGES, started.elapsed());

    let consumers = vec![broker.consumer("queue-0", PREFETCH).await?];
    let elapsed = pump(publisher.clone(), consumers, RABBITMQ_MESSAGES).await?;
    report("both at once", RABBITMQ_MESSAGES, elapsed);
    let consumer = broker.consumer("queue-0", PREFETCH).await?;
    report_wakes(wake(publisher, consumer, RABBITMQ_WAKES).await?);
    broker.close().await;
    Ok(())
}

/// Takes what lies in the queue.
async fn drain(broker: &Broker, count: usize) -> Result<(), Failure> {
    let mut consumer = broker.consumer("queue-0", PREFETCH).await?;
    let (mut taken, mut batches) = (0, 0);
    while taken < count {
        let batch = consumer.receive(MAX_BATCH, MAX_BATCH_BYTES).await?;
        taken += batch.messages().len();
        batches += 1;
        consumer.ack(batch).await?;
    }
    println!("  {} messages per batch", taken / batches);
    Ok(())
}

fn report(what: &str, messages: usize, elapsed: Duration) {
    let rate = messages as f64 / elapsed.as_secs_f64();
    println!("  {messages} messages of {BODY_BYTES} bytes {what}: {rate:.0}/s");
}

fn report_wakes(mut wakes: Vec<Duration>) {
    wakes.sort_unstable();
    let count = wakes.len();
    println!(
        "  wake: p50 {:?}, p99 {:?}",
        wakes[count / 2],
        wakes[count * 99 / 100]
    );
}

/// Of this process.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

async fn set_up(broker: &Broker, queues: usize) -> Result<(Publisher, Vec<Consumer>), Failure> {
    let queues: Vec<Queue> = (0..queues)
        .map(|number| Queue {
            name: format!("queue-{number}"),
            bindings: vec!["order.*".into(), "task.*".into(), "client.#".into()],
            max_length: None,
            delivery_limit: None,
        })
        .collect();
    let mut consumers = Vec::new();
    broker
        .declare(&Topology {
            exchange: "bench".into(),
            queues: queues.clone(),
        })
        .await?;
    for queue in &queues {
        consumers.push(broker.consumer(&queue.name, PREFETCH).await?);
    }
    Ok((broker.publisher("bench").await?, consumers))
}

fn message(number: usize, body: &Bytes) -> OutgoingMessage {
    OutgoingMessage {
        routing_key: "order.edit".into(),
        message_id: format!("0190b5c4-8b1e-7a30-9c1f-{number:012}"),
        message_type: "order.edit".into(),
        seq: Some(number as u64),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into()),
        body: body.clone(),
    }
}

/// Sends every message and waits for every confirmation.
async fn pump(
    publisher: Publisher,
    consumers: Vec<Consumer>,
    count: usize,
) -> Result<Duration, Failure> {
    let started = Instant::now();
    let tasks: Vec<_> = consumers
        .into_iter()
        .map(|mut consumer| {
            tokio::spawn(async move {
                let mut taken = 0;
                while taken < count {
                    let batch = consumer.receive(MAX_BATCH, MAX_BATCH_BYTES).await?;
                    taken += batch.messages().len();
                    consumer.ack(batch).await?;
                }
                Ok::<(), Failure>(())
            })
        })
        .collect();
    publish(&publisher, count, WINDOW).await?;
    for task in tasks {
        task.await??;
    }
    Ok(started.elapsed())
}

/// Publishes with at most `window` messages unconfirmed.
async fn publish(publisher: &Publisher, count: usize, window: usize) -> Result<(), Failure> {
    let body = Bytes::from(vec![0; BODY_BYTES]);
    let mut unconfirmed = VecDeque::new();
    for number in 0..count {
        if unconfirmed.len() >= window
            && let Some(oldest) = unconfirmed.pop_front()
        {
            let oldest: Confirmation = oldest;
            oldest.await?;
        }
        unconfirmed.push_back(publisher.publish(message(number, &body)).await?);
    }
    for confirmation in unconfirmed {
        confirmation.await?;
    }
    Ok(())
}

/// Times single messages from before the publish to the consumer's next step.
async fn wake(
    publisher: Publisher,
    mut consumer: Consumer,
    count: usize,
) -> Result<Vec<Duration>, Failure> {
    let (arrived, mut arrivals) = tokio::sync::mpsc::unbounded_channel();
    let consuming = tokio::spawn(async move {
        for _ in 0..count {
            let batch = consumer.receive(MAX_BATCH, MAX_BATCH_BYTES).await?;
            arrived.send(Instant::now())?;
            consumer.ack(batch).await?;
        }
        Ok::<(), Failure>(())
    });
    let body = Bytes::from(vec![0; BODY_BYTES]);
    let mut wakes = Vec::with_capacity(count);
    for number in 0..count {
        let sent = Instant::now();
        publisher.publish(message(number, &body)).await?.await?;
        let at = arrivals.recv().await.ok_or("the consumer ended early")?;
        wakes.push(at.duration_since(sent));
    }
    consuming.await??;
    Ok(wakes)
}
