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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use contacts::{Email, Phone, Region};
    use events::{AccountId, Timestamp};
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::domain::lead::{LeadDraft, RemoteId};
    use crate::domain::request::RawRequest;
    use crate::domain::source::{Source, SourceId, SourceSettings};
    use crate::preset::Preset;
    use crate::taking::Verdict;

    fn source(id: i64, account: i64) -> Arc<Source> {
        Arc::new(Source {
            id: SourceId(id),
            account_id: AccountId(account),
            preset: Preset::parse("webhook").unwrap(),
            name: "site".to_owned(),
            token: id.to_string(),
            active: true,
            settings: SourceSettings::default(),
            revision: 1,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        })
    }

    /// Small numbers, so that they meet.
    type Drawn = (i64, Option<u8>, Option<u8>, Option<u8>, Option<u8>);

    fn arrival((account, phone, email, remote_id, click): Drawn) -> Arrival {
        let phone = phone.map(|n| format!("+7800555353{n}"));
        let draft = LeadDraft {
            phone: phone.and_then(|phone| Phone::parse(&phone, Region::default())),
            email: email.map(|n| Email::parse(&format!("p{n}@site.ru")).unwrap()),
            remote_id: remote_id.map(|n| RemoteId(n.to_string())),
            ..LeadDraft::default()
        };
        Arrival {
            source: source(account * 10, account),
            request: RawRequest {
                received_at: Timestamp(0),
                method: "POST".to_owned(),
                remote_address: String::new(),
                content_type: None,
                query: Vec::new(),
                headers: Value::Null,
                body: Vec::new(),
                body_bytes: 0,
                correlation_id: String::new(),
                traceparent: String::new(),
            },
            verdict: Verdict::Lead {
                draft: Box::new(draft),
                fingerprint: click.map(|n| [n; 32]),
            },
            replay: None,
        }
    }

    /// The same, by going through all earlier leads for each.
    fn one_by_one(drawn: &[Drawn]) -> Vec<Plan> {
        let mut made: Vec<(i64, Drawn)> = Vec::new();
        let mut plans = Vec::new();
        for (id, new) in (1..).zip(drawn) {
            let same = |own: Option<u8>, other: Option<u8>| own.is_some() && own == other;
            let of_account = || made.iter().filter(|(_, old)| old.0 == new.0);
            let repeat = of_account().find(|(_, old)| same(old.3, new.3));
            let click = of_account().find(|(_, old)| same(old.4, new.4));
            let others: Vec<i64> = of_account()
                .filter(|(_, old)| same(old.1, new.1) || same(old.2, new.2))
                .map(|(id, _)| *id)
                .collect();
            plans.push(match (repeat, click) {
                (Some((lead, _)), _) => Plan::Repeat(*lead),
                (None, Some((lead, _))) => Plan::DoubleClick(*lead),
                (None, None) => {
                    made.push((id, *new));
                    Plan::New {
                        id,
                        first_id: others.first().copied(),
                        other_count: i64::try_from(others.len()).unwrap(),
                    }
                }
            });
        }
        plans
    }

    fn drawn() -> impl Strategy<Value = Drawn> {
        let few = || proptest::option::of(0_u8..4);
        let rare = || proptest::option::weighted(0.3, 0_u8..6);
        (1_i64..3, few(), few(), rare(), rare())
    }

    proptest! {
        #[test]
        fn a_batch_comes_out_as_one_after_the_other(
            drawn in proptest::collection::vec(drawn(), 0..40),
        ) {
            let arrivals: Vec<Arrival> = drawn.iter().copied().map(arrival).collect();
            let found = vec![Found::default(); arrivals.len()];
            let ids: Vec<i64> = (1..).take(arrivals.len()).collect();
            prop_assert_eq!(plan(&arrivals, &found, &ids), one_by_one(&drawn));
        }
    }

    #[test]
    fn what_the_tables_say_comes_first() {
        let same = (1, Some(1), None, None, None);
        let arrivals = [arrival(same), arrival(same)];
        let found = Found {
            first_id: Some(7),
            other_count: 3,
            ..Found::default()
        };
        let plans = plan(&arrivals, &[found; 2], &[20, 21]);
        let new = |id, other_count| Plan::New {
            id,
            first_id: Some(7),
            other_count,
        };
        assert_eq!(plans, [new(20, 3), new(21, 4)]);
    }
}
