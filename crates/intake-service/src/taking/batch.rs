//! One transaction: look up, plan, write.

use std::collections::HashMap;

use database::{Connection, DatabaseError};
use events::{AccountId, Actor, ActorKind, Cause, Change, Event, EventId, LeadId};

use super::plan::{Plan, plan};
use super::{Arrival, Kept, Verdict};
use crate::domain::conversion::conversion_request;
use crate::domain::lead::{Lead, LeadDraft, LeadState};
use crate::domain::request::Outcome;
use crate::inbound::Manner;
use crate::store::arrivals::{self, Entry};

/// Writes requests down in the transaction that is open; the result has one for each, in order.
///
/// All of it comes out as if the requests had come one after the other, whoever else writes at the
/// same time: contacts, remote ids and fingerprints are locked before they are looked up.
pub(crate) fn take_batch(
    conn: &mut Connection<'_>,
    arrivals: &[Arrival],
) -> Result<Vec<Kept>, DatabaseError> {
    arrivals::lock(conn, arrivals)?;
    let found = arrivals::look_up(conn, arrivals)?;
    let ids = arrivals::next_ids(conn, arrivals.len())?;
    let plans = plan(arrivals, &found, &ids.leads);

    let mut leads: HashMap<i64, Lead> = HashMap::new();
    let mut new_leads = Vec::new();
    let mut entries = Vec::with_capacity(arrivals.len());
    for ((arrival, plan), request_id) in arrivals.iter().zip(&plans).zip(&ids.requests) {
        let request_id = arrival
            .replay
            .map_or(*request_id, |replay| replay.request_id.0);
        entries.push(entry(arrival, *plan, request_id));
        if let (Plan::New { .. }, Some(draft)) = (plan, arrival.draft()) {
            let lead = new_lead(arrival, draft, *plan, request_id);
            new_leads.push((arrival, lead.id.0));
            leads.insert(lead.id.0, lead);
        }
    }
    let known: Vec<i64> = plans
        .iter()
        .filter_map(|plan| match plan {
            Plan::Repeat(id) | Plan::DoubleClick(id) => Some(*id),
            Plan::Journal | Plan::New { .. } => None,
        })
        .filter(|id| !leads.contains_key(id))
        .collect();
    arrivals::insert_entries(conn, &entries)?;
    let rows: Vec<(AccountId, &Lead)> = new_leads
        .iter()
        .filter_map(|(arrival, id)| Some((arrival.source.account_id, leads.get(id)?)))
        .collect();
    arrivals::insert_leads(conn, &rows)?;
    let events: Vec<Event> = new_leads
        .iter()
        .filter_map(|(arrival, id)| conversion(arrival, leads.get(id)?))
        .collect();
    outbox::append_all(conn, &events)?;
    leads.extend(arrivals::list_leads(conn, &known)?);
    plans.into_iter().map(|plan| kept(plan, &leads)).collect()
}

fn kept(plan: Plan, leads: &HashMap<i64, Lead>) -> Result<Kept, DatabaseError> {
    let lead = |id: &i64| {
        leads
            .get(id)
            .cloned()
            .map(Box::new)
            .ok_or(DatabaseError::NotFound)
    };
    Ok(match &plan {
        Plan::Journal => Kept::Journalled,
        Plan::Repeat(id) | Plan::DoubleClick(id) => Kept::Known(lead(id)?),
        Plan::New { id, .. } => Kept::Taken(lead(id)?),
    })
}

/// What the journal says of it.
fn entry(arrival: &Arrival, plan: Plan, request_id: i64) -> Entry<'_> {
    let (outcome, status, lead_id) = match (&arrival.verdict, plan) {
        (
            Verdict::Journal {
                outcome, status, ..
            },
            _,
        ) => (*outcome, *status, None),
        (Verdict::Lead { .. }, Plan::Repeat(id)) => (Outcome::Repeat, 200, Some(id)),
        (Verdict::Lead { .. }, Plan::DoubleClick(id)) => (Outcome::DoubleClick, 200, Some(id)),
        (Verdict::Lead { .. }, Plan::New { id, .. }) => (Outcome::Lead, 201, Some(id)),
        (Verdict::Lead { .. }, Plan::Journal) => (Outcome::Failed, 202, None),
    };
    let error = match &arrival.verdict {
        Verdict::Journal { error, .. } => error.as_deref(),
        Verdict::Lead { .. } => None,
    };
    let status = match outcome {
        Outcome::Lead | Outcome::Repeat | Outcome::DoubleClick => {
            Manner::of(&arrival.source, &arrival.request).status(status)
        }
        _ => status,
    };
    Entry {
        arrival,
        request_id,
        outcome,
        status,
        error,
        lead_id,
        // What fails through our fault has not been tried.
        replayed_at_us: arrival
            .replay
            .filter(|_| outcome != Outcome::Failed)
            .map(|replay| replay.at.0),
    }
}

fn new_lead(arrival: &Arrival, draft: &LeadDraft, plan: Plan, request_id: i64) -> Lead {
    let (id, first_id, other_count) = match plan {
        Plan::New {
            id,
            first_id,
            other_count,
        } => (id, first_id, other_count),
        Plan::Journal | Plan::Repeat(_) | Plan::DoubleClick(_) => (0, None, 0),
    };
    let source = &arrival.source;
    let at = arrival.request.received_at;
    let (phone, email) = (draft.phone.as_ref(), draft.email.as_ref());
    Lead {
        id: LeadId(id),
        source_id: source.id,
        request_id: Some(request_id),
        state: if source.effective().auto_convert {
            LeadState::Converting
        } else {
            LeadState::New
        },
        first_id: first_id.map(LeadId),
        other_count,
        name: draft.name.clone(),
        phone: phone.map(|phone| phone.raw().to_owned()),
        phone_digits: phone.map(|phone| phone.digits().to_owned()),
        phone_normalized: phone.and_then(|phone| phone.e164()).map(str::to_owned),
        email: email.map(|email| email.as_sent().to_owned()),
        email_normalized: email.map(|email| email.normalized().to_owned()),
        owner_id: draft.owner_id,
        origin_id: draft.origin_id.or(source.settings.defaults.origin_id),
        remote_id: draft.remote_id.clone(),
        office_id: draft.office_id,
        city_id: draft.city_id,
        stage_id: draft.stage_id,
        cost: draft.cost,
        marks: draft.marks.clone(),
        extra: draft.extra.clone(),
        warnings: draft.warnings.clone(),
        reject_reason: None,
        client_id: None,
        order_id: None,
        revision: 1,
        created_at: at,
        updated_at: at,
    }
}

/// The event that asks for a client and an order, if they are due at once.
fn conversion(arrival: &Arrival, lead: &Lead) -> Option<Event> {
    if lead.state != LeadState::Converting {
        return None;
    }
    Some(Event {
        id: EventId::new(lead.created_at),
        account_id: arrival.source.account_id,
        occurred_at: lead.created_at,
        actor: Actor {
            kind: ActorKind::Lead,
            token_id: None,
        },
        cause: Cause {
            correlation_id: arrival.request.correlation_id.clone(),
            traceparent: arrival.request.traceparent.as_str().into(),
        },
        change: Change::LeadConversionRequested(Box::new(conversion_request(
            lead,
            &arrival.source.settings.defaults,
        ))),
    })
}
