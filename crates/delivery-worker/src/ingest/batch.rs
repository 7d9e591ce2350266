//! One batch: decode, match, reserve, store, start.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use broker::IncomingMessage;
use database::{DatabaseError, write_halving};
use events::{Decoded, Event};
use outbox::parked::{NewParked, park};
use outbox::queue::DELIVERY_EVENTS;

use telemetry::traces;
use tracing::field::Empty;
use tracing::{Span, info_span};

use super::arrival::{Arrival, PlannedDelivery};
use super::plan::{DecodedMessage, Plan, plan};
use crate::dispatch::{Job, pump};
use crate::engine::Engine;
use crate::store::ingest::{IngestError, IngestTerms, Ingested, insert_arrivals};

/// Stores a batch of messages; all of them may be acked when this returns.
pub(super) async fn take_in(
    engine: &Arc<Engine>,
    messages: &[IncomingMessage],
) -> Result<(), DatabaseError> {
    let mut parked = Vec::new();
    let decoded = decode(engine, messages, &mut parked);
    // Each ends when its event is stored.
    let spans: Vec<Span> = decoded
        .iter()
        .map(|it| span_of(&it.event, messages.get(it.place)))
        .collect();
    loop {
        let plan = plan(engine, messages, &decoded).await;
        match store(engine, plan, messages, &mut parked).await {
            Ok(()) => break,
            Err(IngestError::Stale) => engine.load().await?,
            Err(IngestError::Database(error)) => return Err(error),
        }
    }
    drop(spans);
    pump(engine);
    if parked.is_empty() {
        return Ok(());
    }
    engine.metrics.count_parked(parked.len());
    engine
        .database
        .write(move |conn| parked.iter().try_for_each(|message| park(conn, message)))
        .await
}

fn span_of(event: &Event, message: Option<&IncomingMessage>) -> Span {
    let published = message.and_then(|it| it.traceparent.as_deref());
    traces::under(published.unwrap_or(&event.cause.traceparent), || {
        info_span!(
            target: traces::TARGET,
            "take in",
            otel.kind = "consumer",
            trace_id = Empty,
            messaging.destination.name = DELIVERY_EVENTS,
            messaging.message.id = %event.id,
            event_type = event.change.event_type(),
        )
    })
}

/// The events of a batch, each once: a repeat may come right behind the first.
fn decode(
    engine: &Engine,
    messages: &[IncomingMessage],
    parked: &mut Vec<NewParked>,
) -> Vec<DecodedMessage> {
    let mut decoded = Vec::with_capacity(messages.len());
    let mut seen = HashSet::with_capacity(messages.len());
    for (place, message) in messages.iter().enumerate() {
        match Event::decode(&message.body) {
            Ok(Decoded::Event(event)) if seen.insert(event.id) => decoded.push(DecodedMessage {
                event: engine.bodies.hold(event, message.body.len()),
                place,
            }),
            Ok(Decoded::Event(_)) => engine.metrics.count_events(0, 1),
            // Of a kind that a newer version added: none of ours.
            Ok(Decoded::Unknown) => {}
            Err(error) => {
                tracing::error!(
                    message = message.message_id, %error,
                    "a message is not an event and is parked"
                );
                parked.push(NewParked::of(DELIVERY_EVENTS, message, error.to_string()));
            }
        }
    }
    decoded
}

async fn store(
    engine: &Engine,
    plan: Plan,
    messages: &[IncomingMessage],
    parked: &mut Vec<NewParked>,
) -> Result<(), IngestError> {
    let Plan {
        config_version,
        identity,
        arrivals,
    } = plan;
    if arrivals.is_empty() {
        return Ok(());
    }
    let (worker, lease) = identity.map_or((Vec::new(), 0), |it| (it.worker, it.number));
    let terms = IngestTerms {
        worker,
        config_version,
        expire_after_us: engine.expire_after_us(),
    };
    let arrivals = Arc::new(arrivals);
    let part_written = Arc::new(AtomicBool::new(false));
    let written = Arc::clone(&part_written);
    let halved = write_halving(
        &engine.database,
        Arc::clone(&arrivals),
        move |conn, part: &[Arrival]| {
            let ingested = insert_arrivals(conn, &terms, part)?;
            written.store(true, Ordering::Relaxed);
            Ok(ingested)
        },
        IngestError::is_not_theirs,
    )
    .await;
    let halved = match halved {
        Ok(halved) => halved,
        Err(error) => {
            give_places_back(engine, &arrivals);
            // A part may have been stored all the same: one whose commit is uncertain, or one
            // before the part that failed. That it changed webhooks makes the next one fail.
            let is_uncertain = match &error {
                IngestError::Database(error) => !matches!(error, DatabaseError::Conflict(_)),
                IngestError::Stale => false,
            };
            if (is_uncertain || part_written.load(Ordering::Relaxed))
                && arrivals.iter().any(Arrival::has_places)
            {
                engine.doubt("the commit of a batch of events is uncertain");
            }
            return Err(error);
        }
    };
    for (place, error) in &halved.guilty {
        let Some(arrival) = arrivals.get(*place) else {
            continue;
        };
        give_places_back(engine, std::slice::from_ref(arrival));
        tracing::error!(event = %arrival.event.id, %error, "an event cannot be stored and is parked");
        if let Some(message) = messages.get(arrival.place) {
            parked.push(NewParked::of(DELIVERY_EVENTS, message, error.to_string()));
        }
    }
    let guilty: Vec<usize> = halved.guilty.iter().map(|(place, _)| *place).collect();
    start(engine, lease, &arrivals, &guilty, &halved.written);
    Ok(())
}

fn give_places_back(engine: &Engine, arrivals: &[Arrival]) {
    let mut lanes = engine.lanes();
    for planned in arrivals.iter().flat_map(|arrival| &arrival.deliveries) {
        if planned.has_place {
            lanes.cancel_reservation(planned.webhook);
        }
    }
}

/// Puts what was claimed with its insert into the places kept for it, and
/// tells the lanes of the rest.
fn start(
    engine: &Engine,
    lease: u64,
    arrivals: &[Arrival],
    guilty: &[usize],
    written: &[Ingested],
) {
    let is_new = |arrival: &Arrival| {
        written
            .iter()
            .find(|part| part.new_events.contains(arrival.event.id.as_bytes()))
    };
    let mut lanes = engine.lanes();
    let mut refused = Vec::new();
    let (mut new, mut repeated) = (0, 0);
    let mut left_over = false;
    for (place, arrival) in arrivals.iter().enumerate() {
        if guilty.contains(&place) {
            continue;
        }
        let Some(part) = is_new(arrival) else {
            repeated += 1;
            for planned in arrival
                .deliveries
                .iter()
                .filter(|planned| planned.has_place)
            {
                lanes.cancel_reservation(planned.webhook);
            }
            continue;
        };
        new += 1;
        for planned in &arrival.deliveries {
            let due_us = part.now_us.saturating_add(planned.pause_us);
            if planned.is_claimed(arrival.record, &part.not_claimed) {
                let job = job(engine, lease, arrival, planned, due_us);
                let kept = lanes.fill_reservation(planned.webhook, arrival.record, job, due_us);
                refused.extend(kept);
                continue;
            }
            if planned.has_place {
                lanes.cancel_reservation(planned.webhook);
            }
            lanes.note_due(planned.webhook, due_us);
            left_over |= planned.pause_us == 0;
        }
    }
    for part in written {
        for &webhook in &part.freed {
            lanes.note_due(webhook, part.now_us);
            left_over = true;
        }
    }
    engine.release(&mut lanes, refused);
    drop(lanes);
    if left_over {
        engine.tell_others();
    }
    if written.iter().any(|part| part.changed_webhooks) {
        engine.webhooks_changed();
    }
    if let Some(part) = written.last() {
        engine.time.set(part.now_us);
    }
    engine.metrics.count_events(new, repeated);
    engine.claim_wake.notify_one();
}

fn job(
    engine: &Engine,
    lease: u64,
    arrival: &Arrival,
    planned: &PlannedDelivery,
    due_us: i64,
) -> Job {
    Job {
        delivery: planned.id,
        webhook: planned.webhook,
        event_id: arrival.event.id,
        record: arrival.record,
        lease,
        claim_no: 1,
        attempts: 0,
        is_replay: false,
        due_at_us: due_us,
        expires_at_us: due_us.saturating_add(engine.expire_after_us()),
        sends_as_add: false,
        event: engine.bodies.has_room().then(|| arrival.event.clone()),
    }
}
