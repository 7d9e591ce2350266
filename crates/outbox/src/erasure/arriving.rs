//! Requests as they come from the broker.

use std::sync::Arc;
use std::time::Duration;

use broker::{Broker, ConsumeError, Consumer, IncomingMessage};
use database::{Connection, DatabaseError, Outage, write_halving};
use events::{AccountId, Change, Decoded, Event, EventId, PersonErased};

use super::{Erasures, request};
use crate::inbox;
use crate::parked::{NewParked, park};

/// Messages and bytes of one batch; requests are few and small.
const MAX_MESSAGES: u16 = 64;
const MAX_BYTES: usize = 1024 * 1024;
/// How long to wait before a database that failed is tried again.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);

/// A request, and its message to be parked if it cannot be kept.
#[derive(Debug)]
struct Arrival {
    event_id: EventId,
    account_id: AccountId,
    person: PersonErased,
    place: usize,
}

/// Takes requests in until the broker fails.
pub(super) async fn take_in(
    erasures: &Erasures,
    broker: &Broker,
    queue: &'static str,
) -> Result<(), ConsumeError> {
    let mut consumer = broker.consumer(queue, MAX_MESSAGES).await?;
    loop {
        take_batch(erasures, queue, &mut consumer).await?;
    }
}

async fn take_batch(
    erasures: &Erasures,
    queue: &'static str,
    consumer: &mut Consumer,
) -> Result<(), ConsumeError> {
    let batch = consumer.receive(MAX_MESSAGES.into(), MAX_BYTES).await?;
    let mut arrivals = Vec::new();
    let mut unreadable = Vec::new();
    for (place, message) in batch.messages().iter().enumerate() {
        match Event::decode(&message.body) {
            Ok(Decoded::Event(event)) => {
                if let Change::PersonErased(person) = event.change {
                    arrivals.push(Arrival {
                        event_id: event.id,
                        account_id: event.account_id,
                        person,
                        place,
                    });
                }
            }
            Ok(Decoded::Unknown) => {}
            Err(error) => unreadable.push(parked(queue, message, &error.to_string())),
        }
    }
    let outage = Outage::new("requests to forget people cannot be kept; they wait");
    let arrivals = Arc::new(arrivals);
    while let Err(error) = keep(
        erasures,
        queue,
        &arrivals,
        batch.messages(),
        unreadable.clone(),
    )
    .await
    {
        outage.failed(&error);
        tokio::time::sleep(FAILURE_PAUSE).await;
    }
    outage.over();
    consumer.ack(batch).await?;
    erasures.wake();
    Ok(())
}

async fn keep(
    erasures: &Erasures,
    queue: &'static str,
    arrivals: &Arc<Vec<Arrival>>,
    messages: &[IncomingMessage],
    mut to_park: Vec<NewParked>,
) -> Result<(), DatabaseError> {
    let halved = write_halving(
        &erasures.database,
        Arc::clone(arrivals),
        insert,
        DatabaseError::is_retryable,
    )
    .await?;
    for (place, error) in halved.guilty {
        let message = arrivals.get(place).and_then(|it| messages.get(it.place));
        to_park.extend(message.map(|message| parked(queue, message, &error.to_string())));
    }
    if to_park.is_empty() {
        return Ok(());
    }
    erasures
        .database
        .write(move |conn| to_park.iter().try_for_each(|message| park(conn, message)))
        .await
}

fn insert(conn: &mut Connection<'_>, part: &[Arrival]) -> Result<(), DatabaseError> {
    for arrival in part {
        if inbox::accept(conn, arrival.event_id)? {
            request(conn, arrival.event_id, arrival.account_id, &arrival.person)?;
        }
    }
    Ok(())
}

fn parked(queue: &str, message: &IncomingMessage, reason: &str) -> NewParked {
    tracing::error!(
        queue,
        message = message.message_id,
        reason,
        "a message is parked"
    );
    NewParked::of(queue, message, reason)
}
