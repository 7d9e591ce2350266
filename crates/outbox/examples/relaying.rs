//! How fast the relay carries events from an outbox to a consumer.
//!
//! ```text
//! eval "$(scripts/infra env)"; cargo run --release -p outbox --example relaying
//! ```
//!
//! Without the variables it measures SQLite and the in-process broker.

use std::time::{Duration, Instant};

use events::{
    AccountId, Action, Actor, ActorKind, Change, Event, EventId, PipelineChanged, PipelineId,
    PipelineSnapshot, Timestamp,
};
use outbox::queue::DELIVERY_EVENTS;
use outbox::{MIGRATIONS, Relay, RelayConfig, append, topology};
use test_support::{TestBroker, TestDatabase, wait_until};
use tokio_util::sync::CancellationToken;

const EVENTS: usize = 20_000;
const PER_UNIT: usize = 500;
const ALONE: u32 = 200;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (home, server) = (TestDatabase::start().await, TestBroker::start().await);
    let (database, broker) = (home.open(vec![MIGRATIONS]).await, server.broker());
    broker.declare(&topology()).await?;
    for _ in 0..EVENTS / PER_UNIT {
        database
            .write(|conn| (0..PER_UNIT).try_for_each(|_| append(conn, &event())))
            .await?;
    }

    let mut consumer = broker.consumer(DELIVERY_EVENTS, 5_000).await?;
    let relay = Relay::new(database.clone(), broker, RelayConfig::default());
    let (waker, cancel) = (relay.waker(), CancellationToken::new());
    let started = Instant::now();
    let relaying = tokio::spawn(relay.run(cancel.clone()));
    let mut received = 0;
    while received < EVENTS {
        let batch = consumer.receive(5_000, 4 << 20).await?;
        received += batch.messages().len();
        consumer.ack(batch).await?;
    }
    let each_second = EVENTS as u128 * 1_000_000 / started.elapsed().as_micros();
    println!("a backlog of {EVENTS}: {each_second} events/s");
    wait_until(Duration::from_secs(60), || async {
        let backlog = database.read(outbox::backlog).await;
        backlog.is_ok_and(|backlog| backlog.waiting == 0)
    })
    .await;

    let mut spent = Duration::ZERO;
    for _ in 0..ALONE {
        database.write(|conn| append(conn, &event())).await?;
        let committed = Instant::now();
        waker.wake();
        let batch = consumer.receive(1, 1 << 20).await?;
        spent += committed.elapsed();
        consumer.ack(batch).await?;
    }
    let each = spent / ALONE;
    println!(
        "one alone, from its commit to the consumer: {} us",
        each.as_micros()
    );
    cancel.cancel();
    relaying.await?;
    Ok(())
}

fn event() -> Event {
    let at = Timestamp(1_700_000_000_000_000);
    Event {
        id: EventId::new(at),
        account_id: AccountId(1),
        occurred_at: at,
        actor: Actor {
            kind: ActorKind::System,
            token_id: None,
        },
        cause: events::Cause::default(),
        change: Change::Pipeline(PipelineChanged {
            action: Action::Add,
            revision: 1,
            pipeline: PipelineSnapshot {
                id: PipelineId(1),
                name: "x".repeat(400),
                position: 0,
                stages: Vec::new(),
                created_at: at,
                updated_at: at,
            },
        }),
    }
}
