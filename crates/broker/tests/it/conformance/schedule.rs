//! Any schedule of publishes, receives, acks and drops loses nothing, repeats nothing that was
//! acked, and confirms exactly what every queue has seen acked.

use std::collections::{BTreeMap, BTreeSet};

use broker::{Batch, Confirmation, ConsumeError, Consumer, InProcessLimits, Publisher};
use futures_util::FutureExt;
use proptest::prelude::*;

use crate::fixture::{
    Fixture, Started, ack, brokers_that_confirm_on_ack, consumer, ids, publisher, queue,
    sized_message, take, within,
};

const LIMITS: InProcessLimits = InProcessLimits {
    max_messages: 6,
    max_bytes: 100,
};
/// The queue of each consumer: two compete on the first.
const QUEUE_OF: [usize; 3] = [0, 0, 1];
const QUEUES: [&str; 2] = ["all", "orders"];

#[derive(Debug, Clone)]
enum Move {
    /// `order.add` goes to both queues, `task.add` to the first alone.
    Publish {
        to_both: bool,
        body_bytes: usize,
    },
    Receive {
        consumer: usize,
        max_messages: usize,
        max_bytes: usize,
    },
    Ack(usize),
    DropBatch(usize),
    ReplaceConsumer(usize),
}

fn any_move() -> impl Strategy<Value = Move> {
    let consumer = 0..QUEUE_OF.len();
    prop_oneof![
        4 => (any::<bool>(), prop_oneof![9 => 0..40_usize, 1 => 90..150_usize])
            .prop_map(|(to_both, body_bytes)| Move::Publish { to_both, body_bytes }),
        4 => (consumer.clone(), 1..4_usize, 0..60_usize).prop_map(
            |(consumer, max_messages, max_bytes)| Move::Receive { consumer, max_messages, max_bytes }
        ),
        3 => consumer.clone().prop_map(Move::Ack),
        1 => consumer.clone().prop_map(Move::DropBatch),
        1 => consumer.prop_map(Move::ReplaceConsumer),
    ]
}

/// What the queues must hold, kept as plain sets of message numbers.
#[derive(Debug, Default)]
struct Model {
    body_bytes: Vec<usize>,
    /// Per queue: waiting, and handed out at least once.
    ready: [BTreeSet<usize>; 2],
    seen: [BTreeSet<usize>; 2],
    /// Per consumer.
    held: [Vec<usize>; 3],
    /// How many acks are missing per message.
    owed: BTreeMap<usize, usize>,
}

impl Model {
    fn has_room(&self, queue: usize, body_bytes: usize) -> bool {
        let holders = (0..QUEUE_OF.len()).filter(|consumer| QUEUE_OF[*consumer] == queue);
        let inside: Vec<usize> = holders
            .flat_map(|consumer| self.held[consumer].iter())
            .chain(&self.ready[queue])
            .copied()
            .collect();
        let limit = LIMITS.max_bytes as usize;
        let used: usize = inside
            .iter()
            .map(|number| self.body_bytes[*number].min(limit))
            .sum();
        inside.len() < LIMITS.max_messages as usize && used + body_bytes.min(limit) <= limit
    }

    fn expected_batch(&self, queue: usize, max_messages: usize, max_bytes: usize) -> Vec<usize> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        for number in self.ready[queue].iter().take(max_messages) {
            bytes += self.body_bytes[*number];
            if !batch.is_empty() && bytes > max_bytes {
                break;
            }
            batch.push(*number);
        }
        batch
    }

    fn give_back(&mut self, consumer: usize) {
        let held = std::mem::take(&mut self.held[consumer]);
        self.ready[QUEUE_OF[consumer]].extend(held);
    }
}

struct Run {
    broker: Started,
    publisher: Publisher,
    consumers: Vec<Consumer>,
    batches: [Option<Batch>; 3],
    pending: BTreeMap<usize, Confirmation>,
    model: Model,
}

impl Run {
    async fn start(fixture: Fixture) -> Self {
        let broker = fixture.start_with(LIMITS).await;
        let queues = [queue(QUEUES[0], &["#"]), queue(QUEUES[1], &["order.*"])];
        let publisher = publisher(&broker, queues).await;
        let mut consumers = Vec::new();
        for queue in QUEUE_OF {
            consumers.push(consumer(&broker, QUEUES[queue]).await);
        }
        Self {
            broker,
            publisher,
            consumers,
            batches: Default::default(),
            pending: BTreeMap::new(),
            model: Model::default(),
        }
    }

    async fn make(&mut self, next: Move) {
        match next {
            Move::Publish {
                to_both,
                body_bytes,
            } => self.publish(to_both, body_bytes),
            Move::Receive {
                consumer,
                max_messages,
                max_bytes,
            } => {
                self.receive(consumer, max_messages, max_bytes);
            }
            Move::Ack(consumer) => self.ack(consumer).await,
            Move::DropBatch(consumer) => {
                self.batches[consumer] = None;
                self.model.give_back(consumer);
            }
            Move::ReplaceConsumer(at) => {
                self.consumers[at] = consumer(&self.broker, QUEUES[QUEUE_OF[at]]).await;
                self.model.give_back(at);
            }
        }
        self.check_confirmations();
    }

    fn publish(&mut self, to_both: bool, body_bytes: usize) {
        let (key, queues) = if to_both {
            ("order.add", 0..2)
        } else {
            ("task.add", 0..1)
        };
        let number = self.model.body_bytes.len();
        let sent = self
            .publisher
            .publish(sized_message(key, number, body_bytes))
            .now_or_never();
        if !queues
            .clone()
            .all(|queue| self.model.has_room(queue, body_bytes))
        {
            assert!(sent.is_none(), "there was no room for {number}");
            return;
        }
        let confirmation = sent.expect("there was room").unwrap();
        self.pending.insert(number, confirmation);
        self.model.body_bytes.push(body_bytes);
        self.model.owed.insert(number, queues.len());
        for queue in queues {
            self.model.ready[queue].insert(number);
        }
    }

    fn receive(&mut self, at: usize, max_messages: usize, max_bytes: usize) {
        let queue = QUEUE_OF[at];
        let received = self.consumers[at]
            .receive(max_messages, max_bytes)
            .now_or_never();
        if !self.model.held[at].is_empty() {
            assert!(
                matches!(received, Some(Err(ConsumeError::BatchOutstanding))),
                "{received:?}"
            );
            return;
        }
        let expected = self.model.expected_batch(queue, max_messages, max_bytes);
        if expected.is_empty() {
            assert!(received.is_none(), "nothing was there: {received:?}");
            return;
        }
        let batch = received.expect("messages were there").unwrap();
        let got: Vec<(String, bool)> = batch
            .messages()
            .iter()
            .map(|message| (message.message_id.clone(), message.redelivered))
            .collect();
        let wanted: Vec<(String, bool)> = expected
            .iter()
            .map(|number| (number.to_string(), self.model.seen[queue].contains(number)))
            .collect();
        assert_eq!(got, wanted);
        for number in &expected {
            self.model.ready[queue].remove(number);
            self.model.seen[queue].insert(*number);
        }
        self.model.held[at] = expected;
        self.batches[at] = Some(batch);
    }

    async fn ack(&mut self, at: usize) {
        // A batch whose consumer was replaced is nobody's: its messages went back already.
        let Some(batch) = self.batches[at].take() else {
            return;
        };
        if self.model.held[at].is_empty() {
            let refused = within(self.consumers[at].ack(batch)).await.unwrap_err();
            assert!(matches!(refused, ConsumeError::ForeignBatch), "{refused:?}");
            return;
        }
        ack(&mut self.consumers[at], batch).await;
        for number in std::mem::take(&mut self.model.held[at]) {
            *self.model.owed.get_mut(&number).unwrap() -= 1;
        }
    }

    fn check_confirmations(&mut self) {
        let owed = &self.model.owed;
        self.pending
            .retain(|number, confirmation| match confirmation.now_or_never() {
                Some(outcome) => {
                    outcome.unwrap();
                    assert_eq!(owed[number], 0, "{number} was confirmed too early");
                    false
                }
                None => {
                    assert_ne!(owed[number], 0, "{number} was not confirmed");
                    true
                }
            });
    }

    /// Gives everything back and takes what is left: exactly what was never acked, in order.
    async fn finish(mut self) {
        self.batches = Default::default();
        for at in 0..QUEUE_OF.len() {
            self.model.give_back(at);
        }
        for (at, queue) in [(0, 0), (2, 1)] {
            let left: Vec<String> = self.model.ready[queue]
                .iter()
                .map(ToString::to_string)
                .collect();
            assert_eq!(take(&mut self.consumers[at], left.len()).await, left);
            let extra = self.consumers[at].receive(1, 1).now_or_never();
            assert!(
                extra.is_none(),
                "more was left: {:?}",
                extra.map(|batch| ids(&batch.unwrap()))
            );
        }
        for (_, confirmation) in self.pending {
            within(confirmation).await.unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_schedule_loses_nothing_and_confirms_exactly_what_was_acked(
        moves in proptest::collection::vec(any_move(), 1..80),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            for fixture in brokers_that_confirm_on_ack() {
                let mut run = Run::start(fixture).await;
                for next in moves.clone() {
                    run.make(next).await;
                }
                run.finish().await;
            }
        });
    }
}
