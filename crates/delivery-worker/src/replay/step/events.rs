//! Replaying: events of a span of time, as new deliveries.

use std::collections::HashMap;

use ::events::{Decoded, Event, EventId};
use database::{Connection, DatabaseError};

use super::order::Revisions;
use super::{LOOKED_AT, Looked, READ_AT_ONCE, Terms};
use crate::domain::delivery::{DeliveryId, Origin};
use crate::domain::replay::{ReplaySelection, ReplayedState};
use crate::matching::{Occasion, fires};
use crate::registry::Webhook;
use crate::replay::time_prefix::end_of;
use crate::store::replays::candidates::{
    EventCandidate, KnownDeliveries, hold_bodies, list_deliveries_behind, list_events,
    list_events_behind, list_known,
};
use crate::store::replays::queue::queue_events;

/// Looks at what comes next and queues what is meant.
pub(super) fn queue(
    conn: &mut Connection<'_>,
    terms: Terms<'_>,
    selection: &ReplaySelection,
) -> Result<Looked, DatabaseError> {
    let found = match selection.state {
        ReplayedState::Any | ReplayedState::Missing => find_events(conn, terms, selection)?,
        ReplayedState::Ended(_) => find_delivered(conn, terms, selection)?,
    };
    let mut looked = Looked::default();
    let mut places = found.places.as_slice();
    while !places.is_empty() && looked.queued < terms.room {
        let (part, rest) = places.split_at(places.len().min(READ_AT_ONCE));
        let taken = queue_part(conn, terms, selection, part, &mut looked)?;
        if taken < part.len() {
            return Ok(looked);
        }
        places = rest;
    }
    if places.is_empty() {
        // What comes behind the last one that is meant was looked at as well.
        looked.position = found.last.or(looked.position);
        looked.is_end = found.is_end;
    }
    Ok(looked)
}

/// What comes next.
struct Found {
    /// Events that may be meant, each with its place in what was looked through.
    places: Vec<(Vec<u8>, EventCandidate)>,
    /// The last place that was looked at.
    last: Option<Vec<u8>>,
    is_end: bool,
}

/// Out of all events.
fn find_events(
    conn: &mut Connection<'_>,
    terms: Terms<'_>,
    selection: &ReplaySelection,
) -> Result<Found, DatabaseError> {
    let locked = terms.locked;
    let end = end_of(selection.until_us);
    let rows = list_events_behind(conn, &locked.position, &end, LOOKED_AT)?;
    Ok(Found {
        last: rows.last().map(|event| event.event_id.clone()),
        is_end: i64::try_from(rows.len()).is_ok_and(|count| count < LOOKED_AT),
        places: rows
            .into_iter()
            .filter(|event| event.account_id == locked.job.account_id && !event.is_made_up())
            .filter(|event| is_of_type(selection, &event.event_type))
            .map(|event| (event.event_id.clone(), event))
            .collect(),
    })
}

/// Out of what was delivered to the webhook, or failed.
fn find_delivered(
    conn: &mut Connection<'_>,
    terms: Terms<'_>,
    selection: &ReplaySelection,
) -> Result<Found, DatabaseError> {
    let account_id = terms.locked.account_id();
    let end = end_of(selection.until_us);
    let position = &terms.locked.position;
    let webhook = terms.lane.webhook;
    let rows = list_deliveries_behind(conn, account_id, webhook, position, Some(&end), LOOKED_AT)?;
    let state = selection.state.wire_name();
    let meant: Vec<_> = rows
        .iter()
        .filter(|row| row.origin == Origin::Event.as_str() && Some(row.state.as_str()) == state)
        .filter(|row| is_of_type(selection, &row.event_type))
        .filter_map(|row| Some((row.id.clone(), row.event_id.as_deref()?)))
        .collect();
    let ids: Vec<&[u8]> = meant.iter().map(|(_, event_id)| *event_id).collect();
    let events = list_events(conn, account_id, &ids)?;
    Ok(Found {
        places: meant
            .into_iter()
            .filter_map(|(id, event_id)| Some((id, events.get(event_id)?.clone())))
            .collect(),
        last: rows.last().map(|row| row.id.clone()),
        is_end: i64::try_from(rows.len()).is_ok_and(|count| count < LOOKED_AT),
    })
}

fn is_of_type(selection: &ReplaySelection, event_type: &str) -> bool {
    selection.events.is_empty() || selection.events.iter().any(|name| name == event_type)
}

/// Queues what is meant of a part, as far as there is room; returns how many of it
/// were looked at.
fn queue_part(
    conn: &mut Connection<'_>,
    terms: Terms<'_>,
    selection: &ReplaySelection,
    part: &[(Vec<u8>, EventCandidate)],
    looked: &mut Looked,
) -> Result<usize, DatabaseError> {
    let content = Content::hold(conn, terms, part)?;
    let mut chosen: Vec<&EventCandidate> = Vec::new();
    let mut taken = 0;
    for (place, event) in part {
        let fate = content.judge(terms.webhook, selection, event);
        if fate == Fate::Queue && looked.queued == terms.room {
            break;
        }
        match fate {
            Fate::Queue => {
                chosen.push(event);
                looked.queued += 1;
            }
            Fate::Skip => looked.skipped += 1,
            Fate::NotMeant => {}
        }
        looked.examined += 1;
        looked.position = Some(place.clone());
        taken += 1;
    }
    let account_id = terms.locked.account_id();
    queue_events(
        conn,
        account_id,
        terms.lane,
        &chosen,
        terms.expire_after_us,
        terms.now_us,
    )?;
    Ok(taken)
}

/// What becomes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Queue,
    /// It is meant and cannot be sent, or is not to be.
    Skip,
    NotMeant,
}

/// What is known of a part of the events.
struct Content {
    bodies: HashMap<Vec<u8>, Vec<u8>>,
    /// As they are now that their bodies are held.
    events: HashMap<Vec<u8>, EventCandidate>,
    known: KnownDeliveries,
    revisions: Revisions,
}

impl Content {
    fn hold(
        conn: &mut Connection<'_>,
        terms: Terms<'_>,
        part: &[(Vec<u8>, EventCandidate)],
    ) -> Result<Self, DatabaseError> {
        let account_id = terms.locked.account_id();
        let webhook = terms.lane.webhook;
        let ids: Vec<&[u8]> = part.iter().map(|(_, it)| it.event_id.as_slice()).collect();
        let bodies = hold_bodies(conn, &ids)?;
        let events = list_events(conn, account_id, &ids)?;
        let range = |id: Option<&&[u8]>| {
            let id = id.and_then(|id| EventId::from_bytes(id));
            id.map(DeliveryId::range_of_event)
        };
        let (first, last) = (range(ids.iter().min()), range(ids.iter().max()));
        let known = match (first, last) {
            (Some((first, _)), Some((_, last))) => {
                let (first, last) = (first.as_bytes(), last.as_bytes());
                list_known(conn, account_id, webhook, first, last)?
            }
            _ => KnownDeliveries::default(),
        };
        let records = part
            .iter()
            .map(|(_, it)| (it.component.as_str(), it.record_id));
        let revisions = Revisions::read(conn, terms.newest_only, account_id, webhook, records)?;
        Ok(Self {
            bodies,
            events,
            known,
            revisions,
        })
    }

    fn judge(
        &self,
        webhook: &Webhook,
        selection: &ReplaySelection,
        event: &EventCandidate,
    ) -> Fate {
        let id = &event.event_id;
        // Nothing else than a record's event has a body, and those fire nothing.
        let Some(body) = self.bodies.get(id) else {
            return match selection.state {
                ReplayedState::Ended(_) => Fate::Skip,
                _ => Fate::NotMeant,
            };
        };
        let is_erased = self.events.get(id).is_none_or(EventCandidate::is_erased);
        let is_meant = match selection.state {
            ReplayedState::Missing if self.known.not_missing.contains(id) => false,
            // What an erased event said cannot be matched any more.
            ReplayedState::Any | ReplayedState::Missing if !is_erased => is_fired(webhook, body),
            _ => true,
        };
        if !is_meant {
            return Fate::NotMeant;
        }
        let is_old = self
            .revisions
            .have_newer(&event.component, event.record_id, event.revision);
        if is_erased || event.is_made_up() || self.known.pending.contains(id) || is_old {
            return Fate::Skip;
        }
        Fate::Queue
    }
}

/// Whether an event fires the webhook as it is set now.
fn is_fired(webhook: &Webhook, body: &[u8]) -> bool {
    match Event::decode(body) {
        Ok(Decoded::Event(event)) => {
            Occasion::of(&event).is_some_and(|occasion| fires(webhook.subject(), &occasion))
        }
        Ok(Decoded::Unknown) | Err(_) => false,
    }
}
