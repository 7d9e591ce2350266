//! What a batch fires, and the places in the lanes for what can start at once.

use broker::IncomingMessage;
use events::Event;

use super::arrival::{Arrival, PlannedDelivery};
use crate::domain::delivery::DeliveryId;
use crate::engine::{Engine, HeldEvent, micros};
use crate::lease::Identity;
use crate::matching::record_of;
use crate::registry::Snapshot;

/// How many events are matched before other work on this thread has its turn.
const MATCHED_IN_A_ROW: usize = 100;

/// A message that is an event.
pub(super) struct DecodedMessage {
    pub(super) event: HeldEvent,
    pub(super) place: usize,
}

/// A batch that was matched.
pub(super) struct Plan {
    /// By this version of the settings.
    pub(super) config_version: i64,
    /// Whose the places in the lanes are; without it there are none.
    pub(super) identity: Option<Identity>,
    pub(super) arrivals: Vec<Arrival>,
}

/// Matches every event, by one version of the settings, and keeps places in
/// the lanes that can start at once.
///
/// The lanes are locked only when all is matched: what an account has must not hold
/// up the deliveries of others.
pub(super) async fn plan(
    engine: &Engine,
    messages: &[IncomingMessage],
    decoded: &[DecodedMessage],
) -> Plan {
    let accounts = decoded.iter().map(|message| message.event.account_id);
    let snapshot = engine.registry.snapshot(accounts);
    let mut arrivals = match_all(&snapshot, messages, decoded).await;
    // Who was to wait between this and storing would have to give the places back.
    let identity = reserve(engine, &mut arrivals);
    Plan {
        config_version: snapshot.version(),
        identity,
        arrivals,
    }
}

/// What each event fires; no place is kept yet.
async fn match_all(
    snapshot: &Snapshot,
    messages: &[IncomingMessage],
    decoded: &[DecodedMessage],
) -> Vec<Arrival> {
    let mut arrivals = Vec::with_capacity(decoded.len());
    for chunk in decoded.chunks(MATCHED_IN_A_ROW) {
        if !arrivals.is_empty() {
            tokio::task::yield_now().await;
        }
        for DecodedMessage { event, place } in chunk {
            let Some(message) = messages.get(*place) else {
                continue;
            };
            arrivals.push(Arrival {
                event: event.clone(),
                body: message.body.clone(),
                seq: message.seq.and_then(|seq| i64::try_from(seq).ok()),
                record: record_of(&event.change),
                in_order: snapshot.in_order(event.account_id),
                deliveries: deliveries(snapshot, event),
                place: *place,
            });
        }
    }
    arrivals
}

fn deliveries(snapshot: &Snapshot, event: &Event) -> Vec<PlannedDelivery> {
    let fired = snapshot.fired(event).into_iter();
    fired
        .map(|webhook| PlannedDelivery {
            id: DeliveryId::of_event(event.id, webhook.id),
            webhook: webhook.id,
            pause_us: webhook
                .plan
                .as_ref()
                .map_or(0, |plan| micros(plan.retry.first_pause())),
            keeping: webhook.keeping(),
            has_place: false,
        })
        .collect()
}

/// Keeps a place for each delivery that can start at once; whose they are.
fn reserve(engine: &Engine, arrivals: &mut [Arrival]) -> Option<Identity> {
    let identity = engine.lease.identity()?;
    if engine.lease.covers_a_request_under(identity.number) {
        let now_us = engine.time.now_us();
        let mut lanes = engine.lanes();
        let planned = arrivals
            .iter_mut()
            .flat_map(|arrival| &mut arrival.deliveries)
            // Whether it has its turn is seen when it is claimed.
            .filter(|planned| planned.pause_us == 0 && planned.keeping.is_none());
        for planned in planned {
            planned.has_place = lanes.reserve(planned.webhook, now_us);
        }
    }
    Some(identity)
}

#[cfg(test)]
mod tests {
    use std::future::{Future, poll_fn};
    use std::pin::pin;

    use super::*;
    use crate::engine::BodyBudget;
    use crate::matching::samples::{OrderEdit, order, stage};

    #[tokio::test]
    async fn others_have_their_turn_while_a_long_batch_is_matched() {
        const EVENTS: usize = 1_000;
        let bodies = BodyBudget::new(0);
        let decoded: Vec<_> = (0..EVENTS)
            .map(|place| DecodedMessage {
                event: bodies.hold(OrderEdit::from(order(stage(12, "Новый"))).added(), 0),
                place,
            })
            .collect();
        let message = IncomingMessage {
            routing_key: "order.add".to_owned(),
            message_id: String::new(),
            message_type: String::new(),
            seq: None,
            traceparent: None,
            body: bytes::Bytes::new(),
            redelivered: false,
        };
        let messages = vec![message; EVENTS];
        let snapshot = Snapshot::default();

        let mut turns = 0;
        let mut matching = pin!(match_all(&snapshot, &messages, &decoded));
        let arrivals = poll_fn(|cx| {
            turns += 1;
            matching.as_mut().poll(cx)
        })
        .await;
        assert_eq!(arrivals.len(), EVENTS);
        let places = arrivals.iter().map(|arrival| arrival.place);
        assert!(places.eq(0..EVENTS));
        assert!((10..=50).contains(&turns), "{turns}");
    }
}
