//! The brokers under test, and the few moves that every test makes.

use std::ops::Deref;
use std::time::Duration;

use broker::{
    Batch, Broker, Confirmation, Consumer, InProcessLimits, OutgoingMessage, Publisher, Queue,
    Topology,
};
use bytes::Bytes;
use test_support::TestBroker;

/// How long anything that must happen may take. Never waited out by a test that passes.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Enough for every test that does not try the limits themselves.
pub(crate) const MANY: usize = 10_000;
pub(crate) const MANY_BYTES: usize = 64 << 20;

const EXCHANGE: &str = "test.events";

/// A kind of broker; each test starts an empty one of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fixture {
    InProcess,
    /// On the server that `TEST_AMQP_URL` names.
    RabbitMq,
}

/// A broker with what keeps it for the test.
#[derive(Debug)]
pub(crate) struct Started {
    _home: TestBroker,
    broker: Broker,
}

impl Deref for Started {
    type Target = Broker;

    fn deref(&self) -> &Broker {
        &self.broker
    }
}

/// Every kind of broker.
pub(crate) fn brokers() -> Vec<Fixture> {
    let mut all = vec![Fixture::InProcess];
    if std::env::var_os("TEST_AMQP_URL").is_some() {
        all.push(Fixture::RabbitMq);
    }
    all
}

/// A RabbitMQ for what only one can do, if there is one to test on.
pub(crate) async fn rabbitmq() -> Option<TestBroker> {
    if brokers().contains(&Fixture::RabbitMq) {
        Some(TestBroker::start().await)
    } else {
        None
    }
}

/// The kinds whose confirmation means "acked by every queue's consumer", and whose windows
/// therefore stay full until consumers ack.
pub(crate) fn brokers_that_confirm_on_ack() -> Vec<Fixture> {
    brokers()
        .into_iter()
        .filter(|fixture| *fixture == Fixture::InProcess)
        .collect()
}

impl Fixture {
    /// Whether a consumer holds nothing that it has not asked for, and whatever goes back takes its
    /// old place. RabbitMQ sends messages ahead, to each consumer in turn, and puts back what a
    /// channel held before what it has not handed out yet, channel by channel as they end.
    pub(crate) fn hands_out_only_what_is_asked_for(self) -> bool {
        self == Self::InProcess
    }

    pub(crate) async fn start(self) -> Started {
        self.start_with(InProcessLimits::default()).await
    }

    /// Starts a broker; in process, its queues hold at most this much.
    pub(crate) async fn start_with(self, limits: InProcessLimits) -> Started {
        let home = match self {
            Self::InProcess => TestBroker::in_process(limits),
            Self::RabbitMq => TestBroker::start().await,
        };
        let broker = home.broker();
        Started {
            _home: home,
            broker,
        }
    }
}

/// Waits for what must happen, and fails the test if it does not.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(DEADLINE, future)
        .await
        .expect("nothing happened before the deadline")
}

pub(crate) fn queue(name: &str, bindings: &[&str]) -> Queue {
    Queue {
        name: name.to_owned(),
        bindings: bindings
            .iter()
            .map(|binding| (*binding).to_owned())
            .collect(),
        max_length: None,
        delivery_limit: None,
    }
}

pub(crate) fn topology(queues: impl IntoIterator<Item = Queue>) -> Topology {
    Topology {
        exchange: EXCHANGE.to_owned(),
        queues: queues.into_iter().collect(),
    }
}

/// Declares the queues and opens a publisher to them.
pub(crate) async fn publisher(
    broker: &Broker,
    queues: impl IntoIterator<Item = Queue>,
) -> Publisher {
    within(broker.declare(&topology(queues))).await.unwrap();
    within(broker.publisher(EXCHANGE)).await.unwrap()
}

pub(crate) async fn consumer(broker: &Broker, queue: &str) -> Consumer {
    consumer_of(broker, queue, 0).await
}

/// A consumer that holds no more than this, asked for or not.
pub(crate) async fn consumer_of(broker: &Broker, queue: &str, prefetch: u16) -> Consumer {
    within(broker.consumer(queue, prefetch)).await.unwrap()
}

/// Waits until the broker is as a test wants it.
pub(crate) async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    within(async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

pub(crate) fn message(routing_key: &str, id: impl ToString) -> OutgoingMessage {
    sized_message(routing_key, id, 10)
}

pub(crate) fn sized_message(
    routing_key: &str,
    id: impl ToString,
    body_bytes: usize,
) -> OutgoingMessage {
    OutgoingMessage {
        routing_key: routing_key.to_owned(),
        message_id: id.to_string(),
        message_type: "test".to_owned(),
        seq: None,
        traceparent: None,
        body: Bytes::from(vec![b'x'; body_bytes]),
    }
}

pub(crate) async fn publish(publisher: &Publisher, message: OutgoingMessage) -> Confirmation {
    within(publisher.publish(message)).await.unwrap()
}

/// Publishes messages named by their number, in order.
pub(crate) async fn publish_numbered(
    publisher: &Publisher,
    routing_key: &str,
    numbers: impl IntoIterator<Item = usize>,
) -> Vec<Confirmation> {
    let mut confirmations = Vec::new();
    for number in numbers {
        confirmations.push(publish(publisher, message(routing_key, number)).await);
    }
    confirmations
}

pub(crate) async fn receive(consumer: &mut Consumer, max_messages: usize) -> Batch {
    within(consumer.receive(max_messages, MANY_BYTES))
        .await
        .unwrap()
}

pub(crate) async fn ack(consumer: &mut Consumer, batch: Batch) {
    within(consumer.ack(batch)).await.unwrap();
}

pub(crate) fn ids(batch: &Batch) -> Vec<String> {
    batch
        .messages()
        .iter()
        .map(|message| message.message_id.clone())
        .collect()
}

pub(crate) fn numbered(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers
        .into_iter()
        .map(|number| number.to_string())
        .collect()
}

/// Receives and acks until `count` messages have come, and returns their ids in order.
pub(crate) async fn take(consumer: &mut Consumer, count: usize) -> Vec<String> {
    let mut taken = Vec::new();
    while taken.len() < count {
        let batch = receive(consumer, count - taken.len()).await;
        taken.extend(ids(&batch));
        ack(consumer, batch).await;
    }
    taken
}
