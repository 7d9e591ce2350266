//! The road that events travel between services: bytes in, bytes out.
//!
//! A service says what exists with a [`Topology`], publishes through a [`Publisher`] and takes
//! batches from a [`Consumer`]. Which broker carries them is decided once, in the wiring, by the
//! variant of [`Broker`]; everything else sees one surface and one set of promises:
//!
//! - **Nothing counts as published before its [`Confirmation`] says so.** A message that no queue
//!   wants is not published: it comes back as [`PublishError::Unroutable`].
//! - **Nothing leaves a queue before it is acked.** A [`Batch`] that is dropped, because of an
//!   error, a panic or a cancelled task, goes back to the queue; its messages come again with
//!   [`IncomingMessage::redelivered`] set. Delivery is at least once: consumers dedupe by
//!   `message_id`.
//! - **Messages of one publisher reach one queue in the order in which they were published.** A
//!   consumer that is alone on its queue sees that order.
//! - **A slow consumer slows its publishers down** and costs no unbounded memory: awaiting
//!   [`Publisher::publish`] waits for room, counted in messages and in bytes.
//!
//! The in-process broker keeps nothing on a disk. It confirms a message when *every* queue that the
//! message went to has seen it acked, so the producer's outbox row stays the durable copy until the
//! consumers have committed theirs (DESIGN 4).
//!
//! RabbitMQ confirms when the queues have the message on disk. It sends consumers messages ahead, as
//! many as their prefetch, and a batch that is dropped gives back all of them: the channel is closed
//! and opened again. Connections are kept for ever; a lost one shows as `ConnectionLost`, once, and
//! the next call waits for the new one.
//!
//! ```
//! use broker::{Broker, InProcessLimits, OutgoingMessage, Queue, Topology};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let broker = Broker::in_process(InProcessLimits::default());
//! broker
//!     .declare(&Topology {
//!         exchange: "shop".into(),
//!         queues: vec![Queue {
//!             name: "billing".into(),
//!             bindings: vec!["order.*".into()],
//!             max_length: None,
//!             delivery_limit: None,
//!         }],
//!     })
//!     .await?;
//!
//! let publisher = broker.publisher("shop").await?;
//! let confirmation = publisher
//!     .publish(OutgoingMessage {
//!         routing_key: "order.add".into(),
//!         message_id: "1".into(),
//!         message_type: "order.add".into(),
//!         seq: Some(1),
//!         traceparent: None,
//!         body: b"a new order".as_slice().into(),
//!     })
//!     .await?;
//!
//! let mut consumer = broker.consumer("billing", 100).await?;
//! let batch = consumer.receive(100, 1 << 20).await?;
//! assert_eq!(batch.messages()[0].body, b"a new order".as_slice());
//! // … commit, then:
//! consumer.ack(batch).await?;
//! confirmation.await?;
//! # Ok(())
//! # }
//! ```

mod broker;
mod consumer;
mod error;
mod in_process;
mod message;
mod publisher;
mod rabbitmq;
mod supervisor;
mod topology;
mod window;

pub use broker::{Broker, QueueDepth};
pub use consumer::{Batch, Consumer};
pub use error::{BrokerTrouble, ConsumeError, DeclareError, PublishError};
pub use in_process::{InProcess, InProcessLimits};
pub use message::{IncomingMessage, OutgoingMessage};
pub use publisher::{Confirmation, Publisher};
pub use rabbitmq::{InvalidBrokerUrl, RabbitMq, RabbitMqConfig};
pub use supervisor::supervise;
pub use topology::{Queue, Topology};
