//! Which requests of a batch become leads, and what each new lead is told of the others.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use super::Arrival;

/// What the tables say about one arrival, before any of its batch is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The lead of its source that has its `remoteId`.
    pub(crate) repeat: Option<i64>,
    /// The lead that the same request made within the last minute.
    pub(crate) double_click: Option<i64>,
    /// The lowest lead with its phone or email.
    pub(crate) first_id: Option<i64>,
    /// How many leads have its phone or email.
    pub(crate) other_count: i64,
}

/// What is to be done about one arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Keep it in the journal.
    Journal,
    /// Answer the lead that was there, or that an earlier one of the batch makes.
    Repeat(i64),
    /// The same, since it is a double click.
    DoubleClick(i64),
    /// Make a lead.
    New {
        id: i64,
        first_id: Option<i64>,
        other_count: i64,
    },
}

/// Plans a batch as if its requests came one after the other, in its order. `ids` are those that
/// leads may have: one per arrival, rising, all above those in the table with the same contacts.
pub(crate) fn plan(arrivals: &[Arrival], found: &[Found], ids: &[i64]) -> Vec<Plan> {
    let mut seen = Seen::default();
    arrivals
        .iter()
        .zip(found)
        .zip(ids)
        .map(|((arrival, found), id)| seen.plan(arrival, *found, *id))
        .collect()
}

/// What earlier arrivals of a batch made, by what later ones are compared by.
#[derive(Default)]
struct Seen<'a> {
    remote_ids: HashMap<(i64, &'a str), i64>,
    fingerprints: HashMap<(i64, &'a [u8; 32]), i64>,
    phones: HashMap<(i64, &'a str), Vec<i64>>,
    emails: HashMap<(i64, &'a str), Vec<i64>>,
}

impl<'a> Seen<'a> {
    fn plan(&mut self, arrival: &'a Arrival, found: Found, id: i64) -> Plan {
        let Some(draft) = arrival.draft() else {
            return Plan::Journal;
        };
        let source = arrival.source.id.0;
        let remote_id = draft.remote_id.as_ref().map(|id| (source, id.0.as_str()));
        let fingerprint = arrival.fingerprint().map(|print| (source, print));
        if let Some(lead) = found.repeat.or_else(|| look(&self.remote_ids, remote_id)) {
            return Plan::Repeat(lead);
        }
        let double = found.double_click;
        if let Some(lead) = double.or_else(|| look(&self.fingerprints, fingerprint)) {
            return Plan::DoubleClick(lead);
        }
        let account = arrival.source.account_id.0;
        let phone = draft.phone.as_ref().and_then(|phone| phone.e164());
        let email = draft.email.as_ref().map(|email| email.normalized());
        let (phone, email) = (phone.map(|it| (account, it)), email.map(|it| (account, it)));
        let others: BTreeSet<i64> = phone
            .and_then(|key| self.phones.get(&key))
            .into_iter()
            .chain(email.and_then(|key| self.emails.get(&key)))
            .flatten()
            .copied()
            .collect();

        self.remote_ids.extend(remote_id.map(|key| (key, id)));
        self.fingerprints.extend(fingerprint.map(|key| (key, id)));
        if let Some(key) = phone {
            self.phones.entry(key).or_default().push(id);
        }
        if let Some(key) = email {
            self.emails.entry(key).or_default().push(id);
        }
        Plan::New {
            id,
            first_id: found.first_id.or(others.first().copied()),
            other_count: found.other_count + i64::try_from(others.len()).unwrap_or(i64::MAX),
        }
    }
}

fn look<K: Hash + Eq>(seen: &HashMap<K, i64>, key: Option<K>) -> Option<i64> {
    key.and_then(|key| seen.get(&key).copied())
}
