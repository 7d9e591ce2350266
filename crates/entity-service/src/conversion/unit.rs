//! The transaction that converts several leads.

use std::collections::BTreeMap;

use database::Connection;
use events::{AccountId, Cause, EventId, Timestamp};
use outbox::append_all;
use outbox::inbox::accept_all;

use super::account::AccountWork;
use super::lead::Lead;
use super::metrics::Outcome;
use crate::store::author::Author;
use crate::store::error::StoreError;
use crate::store::matches::lock_names;

/// A lead that shall be converted.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) event_id: EventId,
    pub(super) account_id: AccountId,
    /// Goes on to all that comes of it.
    pub(super) cause: Cause,
    pub(super) lead: Lead,
    /// Which message of the batch it was.
    pub(super) place: usize,
}

/// Converts the leads; returns what became of them, in no order. One that is
/// erased is taken in and not answered.
///
/// Order of locks: first the names of all leads and contacts at once, then rows.
pub(super) fn convert_all(
    conn: &mut Connection<'_>,
    requests: &[Request],
    now: Timestamp,
) -> Result<Vec<Outcome>, StoreError> {
    let names: Vec<String> = requests.iter().flat_map(names_of).collect();
    lock_names(conn, &names)?;
    let ids: Vec<EventId> = requests.iter().map(|request| request.event_id).collect();
    let accepted = accept_all(conn, &ids)?;
    let mut outcomes = vec![Outcome::Redelivered; requests.len() - accepted.len()];
    let mut by_account: BTreeMap<AccountId, Vec<&Request>> = BTreeMap::new();
    for request in requests {
        if !accepted.contains(&request.event_id) {
            continue;
        }
        if request.lead.is_erased() {
            outcomes.push(Outcome::Erased);
        } else {
            let of_account = by_account.entry(request.account_id).or_default();
            of_account.push(request);
        }
    }
    for (account_id, requests) in by_account {
        let leads: Vec<&Lead> = requests.iter().map(|request| &request.lead).collect();
        let mut work = AccountWork::begin(conn, account_id, &leads, now)?;
        for request in requests {
            let author = Author::lead(account_id, request.cause.clone(), now);
            outcomes.push(work.convert(conn, &author, &request.lead)?);
        }
        let events = work.finish(conn)?;
        append_all(conn, &events)?;
    }
    Ok(outcomes)
}

/// What no two transactions may work on at once: the lead, so that it becomes
/// one order, and each contact, so that it becomes one client.
fn names_of(request: &Request) -> Vec<String> {
    let (account_id, lead) = (request.account_id, &request.lead);
    let mut names = vec![format!("lead {account_id} {}", lead.id)];
    for (kind, contact) in [("phone", &lead.phone), ("email", &lead.email)] {
        if let Some(key) = &contact.key {
            names.push(format!("{kind} {account_id} {key}"));
        }
    }
    names
}
