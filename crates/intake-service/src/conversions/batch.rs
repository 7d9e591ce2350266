//! One batch: decode, note on the leads, park what cannot be taken in.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker::IncomingMessage;
use database::{Connection, Database, DatabaseError, write_halving};
use events::{AccountId, Change, Decoded, Event, EventId, LeadConverted, Timestamp};
use outbox::parked::{NewParked, park};
use outbox::queue::INTAKE_CONVERSIONS;

use crate::store::conversions::{ConvertedLead, lock_leads, write_conversions};

/// A conversion, and the message that it came in.
#[derive(Debug)]
struct Conversion {
    event_id: EventId,
    account_id: AccountId,
    converted: LeadConverted,
    place: usize,
}

/// Notes a batch on its leads; all of it may be acked when this returns.
///
/// # Errors
/// Only what may be over when the same is tried again.
pub(super) async fn take_in(
    database: &Database,
    messages: &[IncomingMessage],
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let mut parked = Vec::new();
    let conversions = Arc::new(decode(messages, &mut parked));
    let note = move |conn: &mut Connection<'_>, part: &[Conversion]| note(conn, part, now);
    let halved = write_halving(
        database,
        Arc::clone(&conversions),
        note,
        DatabaseError::is_retryable,
    )
    .await?;
    for (place, error) in halved.guilty {
        let message = conversions.get(place).and_then(|it| messages.get(it.place));
        parked.extend(message.map(|message| parked_message(message, error.to_string())));
    }
    if parked.is_empty() {
        return Ok(());
    }
    database
        .write(move |conn| parked.iter().try_for_each(|message| park(conn, message)))
        .await
}

fn decode(messages: &[IncomingMessage], parked: &mut Vec<NewParked>) -> Vec<Conversion> {
    let mut conversions = Vec::with_capacity(messages.len());
    for (place, message) in messages.iter().enumerate() {
        match Event::decode(&message.body) {
            Ok(Decoded::Event(event)) => {
                if let Change::LeadConverted(converted) = event.change {
                    conversions.push(Conversion {
                        event_id: event.id,
                        account_id: event.account_id,
                        converted,
                        place,
                    });
                }
            }
            // Of a kind that a newer version added: none of ours.
            Ok(Decoded::Unknown) => {}
            Err(error) => parked.push(parked_message(message, error.to_string())),
        }
    }
    conversions
}

fn parked_message(message: &IncomingMessage, reason: String) -> NewParked {
    tracing::error!(
        queue = INTAKE_CONVERSIONS,
        message = message.message_id,
        reason,
        "a message is parked"
    );
    NewParked::of(INTAKE_CONVERSIONS, message, reason)
}

/// One transaction. A lead that is not there any more was erased, and there is nothing to note.
fn note(
    conn: &mut Connection<'_>,
    conversions: &[Conversion],
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let ids: Vec<EventId> = conversions.iter().map(|it| it.event_id).collect();
    let mut new = outbox::inbox::accept_all(conn, &ids)?;
    // Each once, though it may be in the batch twice.
    let new: Vec<&Conversion> = conversions
        .iter()
        .filter(|it| new.remove(&it.event_id))
        .collect();
    let ids: Vec<i64> = new.iter().map(|it| it.converted.lead_id.0).collect();
    let leads = lock_leads(conn, &ids)?;
    let mut leads: BTreeMap<i64, ConvertedLead> =
        leads.into_iter().map(|lead| (lead.id, lead)).collect();
    for it in new {
        if let Some(lead) = leads.get_mut(&it.converted.lead_id.0)
            && lead.account_id == it.account_id.0
        {
            lead.note(&it.converted);
        }
    }
    let changed: Vec<ConvertedLead> = leads
        .into_values()
        .filter(|lead| lead.revisions > 0)
        .collect();
    write_conversions(conn, &changed, now)
}
