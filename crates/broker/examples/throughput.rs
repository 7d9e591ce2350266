//! Measures the in-process broker: messages per second through publish, receive, ack and confirm,
//! and how long a publish takes to wake a consumer that waits.
//!
//! `cargo run --release -p broker --example throughput`

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use broker::{Broker, Consumer, InProcessLimits, OutgoingMessage, Publisher, Queue, Topology};
use bytes::Bytes;

const MESSAGES: usize = 1_000_000;
const WAKES: usize = 20_000;
const BODY_BYTES: usize = 500;
const MAX_BATCH: usize = 5_000;
const MAX_BATCH_BYTES: usize = 4 << 20;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    for queues in [1, 2] {
        let (publisher, consumers) = set_up(queues).await?;
        let elapsed = pump(publisher, consumers).await?;
        let rate = MESSAGES as f64 / elapsed.as_secs_f64();
        println!("{MESSAGES} messages of {BODY_BYTES} bytes to {queues} queue(s): {rate:.0}/s");
    }
    let (publisher, mut consumers) = set_up(1).await?;
    let mut wakes = wake(publisher, consumers.remove(0)).await?;
    wakes.sort_unstable();
    println!(
        "wake: p50 {:?}, p99 {:?}",
        wakes[WAKES / 2],
        wakes[WAKES * 99 / 100]
    );
    Ok(())
}

async fn set_up(queues: usize) -> Result<(Publisher, Vec<Consumer>), Failure> {
    let broker = Broker::in_process(InProcessLimits::default());
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
        consumers.push(broker.consumer(&queue.name, 0).await?);
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
async fn pump(publisher: Publisher, consumers: Vec<Consumer>) -> Result<Duration, Failure> {
    let started = Instant::now();
    let tasks: Vec<_> = consumers
        .into_iter()
        .map(|mut consumer| {
            tokio::spawn(async move {
                let mut taken = 0;
                while taken < MESSAGES {
                    let batch = consumer.receive(MAX_BATCH, MAX_BATCH_BYTES).await?;
                    taken += batch.messages().len();
                    consumer.ack(batch).await?;
                }
                Ok::<(), Failure>(())
            })
        })
        .collect();
    let body = Bytes::from(vec![0; BODY_BYTES]);
    let mut unconfirmed = VecDeque::new();
    for number in 0..MESSAGES {
        unconfirmed.push_back(publisher.publish(message(number, &body)).await?);
        if unconfirmed.len() > 20_000
            && let Some(oldest) = unconfirmed.pop_front()
        {
            oldest.await?;
        }
    }
    for confirmation in unconfirmed {
        confirmation.await?;
    }
    for task in tasks {
        task.await??;
    }
    Ok(started.elapsed())
}

/// Times single messages from before the publish to the consumer's next step.
async fn wake(publisher: Publisher, mut consumer: Consumer) -> Result<Vec<Duration>, Failure> {
    let (arrived, mut arrivals) = tokio::sync::mpsc::unbounded_channel();
    let consuming = tokio::spawn(async move {
        for _ in 0..WAKES {
            let batch = consumer.receive(MAX_BATCH, MAX_BATCH_BYTES).await?;
            arrived.send(Instant::now())?;
            consumer.ack(batch).await?;
        }
        Ok::<(), Failure>(())
    });
    let body = Bytes::from(vec![0; BODY_BYTES]);
    let mut wakes = Vec::with_capacity(WAKES);
    for number in 0..WAKES {
        let sent = Instant::now();
        publisher.publish(message(number, &body)).await?.await?;
        let at = arrivals.recv().await.ok_or("the consumer ended early")?;
        wakes.push(at.duration_since(sent));
    }
    consuming.await??;
    Ok(wakes)
}
