//! Holds what senders were promised against the leads, orders and clients that are there.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

use super::Promise;
use super::census::{Census, Client, Lead, Order};
use crate::ledger::{Action, Change, Key, Kind, Origin, Record};

/// The outcome of a run's leads. What must be empty holds what was found, in words.
#[derive(Debug, Default)]
pub(crate) struct LeadVerdict {
    /// Leads that are there.
    pub(crate) leads: usize,
    /// Of these, made by tries whose answer was lost, and not known by a `remoteId`.
    pub(crate) extra: usize,
    /// Clients that leads became.
    pub(crate) clients: usize,
    /// Promised, and not there.
    pub(crate) lost: Vec<String>,
    /// There, and made by no try.
    pub(crate) unexpected: Vec<String>,
    /// Without a client or an order, or with one that is not there.
    pub(crate) unconverted: Vec<String>,
    /// An order of no lead, of two, with another lead's marks or another client.
    pub(crate) wrong_orders: Vec<String>,
    /// One phone of two clients, or a client that has not its leads' phone.
    pub(crate) wrong_clients: Vec<String>,
    /// A `firstId` or an `otherCount` that is not what was there before.
    pub(crate) wrong_counts: Vec<String>,
}

impl LeadVerdict {
    /// What was found, by kind.
    pub(crate) fn findings(&self) -> [(&'static str, &[String]); 6] {
        [
            ("leads lost", &self.lost),
            ("leads of no post", &self.unexpected),
            ("leads without client or order", &self.unconverted),
            ("wrong orders of leads", &self.wrong_orders),
            ("wrong clients of leads", &self.wrong_clients),
            ("wrong firstId or otherCount", &self.wrong_counts),
        ]
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_clean(&self) -> bool {
        self.findings().iter().all(|(_, found)| found.is_empty())
    }
}

/// Judges all leads.
pub(crate) fn judge(promises: &[Promise], census: &Census) -> LeadVerdict {
    let clients: HashSet<u64> = census.leads.iter().filter_map(|lead| lead.client).collect();
    let mut verdict = LeadVerdict {
        leads: census.leads.len(),
        clients: clients.len(),
        ..LeadVerdict::default()
    };
    judge_promises(promises, &census.leads, &mut verdict);
    judge_orders(census, &mut verdict);
    judge_clients(census, &mut verdict);
    judge_counts(&census.leads, &mut verdict);
    verdict
}

/// The changes that leads have made: their orders and clients, when they were accepted.
pub(crate) fn changes(promises: &[Promise], census: &Census) -> Vec<Change> {
    let accepted: HashMap<&str, Instant> = promises
        .iter()
        .map(|promise| (promise.mark.as_str(), promise.at))
        .collect();
    let added = |kind, id| Key {
        record: Record { kind, id },
        revision: 1,
        action: Action::Add,
    };
    let mut changes = Vec::new();
    let mut clients: BTreeMap<u64, Instant> = BTreeMap::new();
    for lead in &census.leads {
        // A lead of no post is a finding of its own.
        let Some(&at) = accepted.get(lead.mark.as_str()) else {
            continue;
        };
        if let Some(order) = lead.order {
            changes.push(Change {
                origin: Origin::Lead,
                key: added(Kind::Order, order),
                mark: Some(lead.mark.clone()),
                at,
            });
        }
        if let Some(client) = lead.client {
            let first = clients.entry(client).or_insert(at);
            *first = at.min(*first);
        }
    }
    changes.extend(clients.into_iter().map(|(client, at)| Change {
        origin: Origin::Lead,
        key: added(Kind::Client, client),
        mark: None,
        at,
    }));
    changes
}

fn judge_promises(promises: &[Promise], leads: &[Lead], verdict: &mut LeadVerdict) {
    let mut by_mark: HashMap<&str, Vec<&Lead>> = HashMap::new();
    for lead in leads {
        by_mark.entry(&lead.mark).or_default().push(lead);
    }
    for promise in promises {
        let Promise { mark, lead: id, .. } = promise;
        let of_post = by_mark.remove(mark.as_str()).unwrap_or_default();
        let is_there = match id {
            Some(id) => of_post.iter().any(|lead| lead.id == *id),
            None => !of_post.is_empty(),
        };
        if !is_there {
            verdict.lost.push(format!("{mark}, promised as {id:?}"));
        }
        if let Some(lead) = of_post.iter().find(|lead| lead.phone != promise.phone) {
            let phone = &promise.phone;
            verdict
                .unexpected
                .push(format!("{phone} was posted: {lead:?}"));
        }
        let extra = of_post.len().saturating_sub(1);
        let fair = if promise.has_remote_id {
            0
        } else {
            promise.earlier_tries
        };
        if extra > fair {
            verdict.unexpected.push(format!(
                "{extra} more of {mark}, {fair} at most: {of_post:?}"
            ));
        }
        verdict.extra += extra;
    }
    let unknown = by_mark.into_values().flatten();
    verdict
        .unexpected
        .extend(unknown.map(|lead| format!("{lead:?}")));
}

fn judge_orders(census: &Census, verdict: &mut LeadVerdict) {
    let orders: HashMap<u64, &Order> = census.orders.iter().map(|one| (one.id, one)).collect();
    let mut taken: HashMap<u64, u64> = HashMap::new();
    for lead in &census.leads {
        let order = lead.order.and_then(|id| orders.get(&id));
        let (Some(order), Some(_)) = (order, lead.client) else {
            verdict.unconverted.push(format!("{lead:?}"));
            continue;
        };
        if let Some(other) = taken.insert(order.id, lead.id) {
            let wrong = format!("of the leads {other} and {}: {order:?}", lead.id);
            verdict.wrong_orders.push(wrong);
        }
        if order.mark.as_ref() != Some(&lead.mark) || order.client != lead.client {
            verdict.wrong_orders.push(format!("{order:?} of {lead:?}"));
        }
    }
    for order in &census.orders {
        if order.mark.is_some() && !taken.contains_key(&order.id) {
            verdict.wrong_orders.push(format!("of no lead: {order:?}"));
        }
    }
}

fn judge_clients(census: &Census, verdict: &mut LeadVerdict) {
    let mut by_phone: HashMap<&str, &Client> = HashMap::new();
    for client in census.clients.iter().filter(|one| !one.phone.is_empty()) {
        if let Some(other) = by_phone.insert(national(&client.phone), client) {
            let wrong = format!("one phone: {other:?} and {client:?}");
            verdict.wrong_clients.push(wrong);
        }
    }
    let clients: HashMap<u64, &Client> = census.clients.iter().map(|one| (one.id, one)).collect();
    for lead in &census.leads {
        let Some(id) = lead.client else { continue };
        let client = clients.get(&id);
        if client.is_none_or(|client| national(&client.phone) != national(&lead.phone)) {
            let wrong = format!("{client:?} of {lead:?}");
            verdict.wrong_clients.push(wrong);
        }
    }
}

/// The last ten digits: all spellings that are posted agree in them.
fn national(phone: &str) -> &str {
    &phone[phone.len().saturating_sub(10)..]
}

/// Of the leads with one phone, each counts those before it (WIRE 2); none is deleted.
fn judge_counts(leads: &[Lead], verdict: &mut LeadVerdict) {
    let mut by_phone: HashMap<&str, Vec<&Lead>> = HashMap::new();
    for lead in leads {
        by_phone.entry(&lead.phone).or_default().push(lead);
    }
    for mut group in by_phone.into_values() {
        group.sort_by_key(|lead| lead.id);
        let lowest = group.first().map(|lead| lead.id);
        for (before, lead) in (0..).zip(group) {
            let first = lowest.filter(|_| before > 0);
            if (lead.first, lead.others) != (first, before) {
                verdict
                    .wrong_counts
                    .push(format!("{before} before, the first {first:?}: {lead:?}"));
            }
        }
    }
}

#[cfg(test)]
mod tests;
