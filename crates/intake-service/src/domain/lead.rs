//! A lead: someone who wants something, as one request to an inbound URL told it.

use contacts::{Email, Phone};
use events::{ClientId, LeadId, OrderId, Timestamp};
use serde_json::{Map, Value};

use super::source::SourceId;

/// The text fields of S1 that say where a lead came from, in S1's order.
pub(crate) const MARK_KEYS: [&str; 20] = [
    "utmSource",
    "utmMedium",
    "utmCampaign",
    "utmContent",
    "utmTerm",
    "utmReferrer",
    "openstatService",
    "openstatCampaign",
    "openstatAd",
    "openstatSource",
    "from",
    "yclid",
    "ymclid",
    "ymClientId",
    "gclid",
    "yqrid",
    "fbclid",
    "roistatId",
    "referrer",
    "ip",
];

/// The most of a mark: addresses of pages and ids of clicks are longer than names in the wild.
pub(crate) const MAX_MARK_CHARS: usize = 2_048;

/// The names that S1 gives to what is sent, in S1's order.
pub(crate) fn sent_keys() -> impl Iterator<Item = &'static str> {
    let plain = [
        "name",
        "phone",
        "email",
        "userIdOwner",
        "sourceId",
        "remoteId",
        "locationUnitId",
        "locationCityId",
        "funnelStageId",
        "cost",
    ];
    plain.into_iter().chain(MARK_KEYS)
}

/// What a request said, read and checked, before it is a lead.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct LeadDraft {
    /// Up to 255 characters.
    pub(crate) name: Option<String>,
    /// At least one of phone and email is there.
    pub(crate) phone: Option<Phone>,
    /// At least one of phone and email is there.
    pub(crate) email: Option<Email>,
    /// S1 `userIdOwner`.
    pub(crate) owner_id: Option<i64>,
    /// S1 `sourceId`: the advertising source, an entry of the directory `origin`. Falls back to the
    /// source's default.
    pub(crate) origin_id: Option<i64>,
    /// By which the sender knows the lead; one per source.
    pub(crate) remote_id: Option<RemoteId>,
    /// S1 `locationUnitId`.
    pub(crate) office_id: Option<i64>,
    /// S1 `locationCityId`.
    pub(crate) city_id: Option<i64>,
    /// S1 `funnelStageId`.
    pub(crate) stage_id: Option<i64>,
    /// S1 `cost`, in whole units of the account's currency.
    pub(crate) cost: Option<i64>,
    /// Values of [`MARK_KEYS`].
    pub(crate) marks: Marks,
    /// What was sent besides, and what could not be taken where it belongs.
    pub(crate) extra: Map<String, Value>,
    /// Sentences for the manager.
    pub(crate) warnings: Vec<String>,
}

/// The sender's own id of a lead, in the spelling by which repeats are known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RemoteId(pub(crate) String);

impl RemoteId {
    /// As S1 answers it: an integer where it is written as one of at most 18 digits (WIRE 2).
    pub(crate) fn to_json(&self) -> Value {
        let digits = self.0.strip_prefix('-').unwrap_or(&self.0);
        let is_number = self.0 == "0"
            || ((1..=18).contains(&digits.len())
                && !digits.starts_with('0')
                && digits.bytes().all(|byte| byte.is_ascii_digit()));
        match self.0.parse::<i64>() {
            Ok(number) if is_number => Value::from(number),
            _ => Value::from(self.0.clone()),
        }
    }
}

/// Where a lead came from, by S1's keys.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Marks(Vec<(&'static str, String)>);

/// How far a lead has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeadState {
    /// Waits for a manager, in the inbox.
    New,
    /// On its way to become a client and an order.
    Converting,
    /// A client and an order were made of it.
    Converted,
    /// A manager does not want it.
    Rejected,
}

/// A lead as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lead {
    pub(crate) id: LeadId,
    pub(crate) source_id: SourceId,
    /// The request that brought it; gone after the time that requests are kept.
    pub(crate) request_id: Option<i64>,
    pub(crate) state: LeadState,
    /// The lowest lead with the same phone or email when this one came (WIRE 2).
    pub(crate) first_id: Option<LeadId>,
    /// How many other leads there were with the same phone or email when this one came.
    pub(crate) other_count: i64,
    pub(crate) name: Option<String>,
    /// As sent.
    pub(crate) phone: Option<String>,
    /// As answered: no `+`.
    pub(crate) phone_digits: Option<String>,
    /// As compared: E.164.
    pub(crate) phone_normalized: Option<String>,
    /// As sent.
    pub(crate) email: Option<String>,
    /// As compared.
    pub(crate) email_normalized: Option<String>,
    pub(crate) owner_id: Option<i64>,
    pub(crate) origin_id: Option<i64>,
    pub(crate) remote_id: Option<RemoteId>,
    pub(crate) office_id: Option<i64>,
    pub(crate) city_id: Option<i64>,
    pub(crate) stage_id: Option<i64>,
    pub(crate) cost: Option<i64>,
    pub(crate) marks: Marks,
    pub(crate) extra: Map<String, Value>,
    pub(crate) warnings: Vec<String>,
    pub(crate) reject_reason: Option<String>,
    pub(crate) client_id: Option<ClientId>,
    pub(crate) order_id: Option<OrderId>,
    pub(crate) revision: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Marks {
    /// The value of one of [`MARK_KEYS`].
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let found = self.0.iter().find(|(name, _)| *name == key);
        found.map(|(_, value)| value.as_str())
    }

    /// Sets one; a key that is none of [`MARK_KEYS`] is nobody's mark and is not set.
    pub(crate) fn set(&mut self, key: &str, value: String) {
        let Some(key) = MARK_KEYS.into_iter().find(|known| *known == key) else {
            return;
        };
        match self.0.iter_mut().find(|(name, _)| *name == key) {
            Some((_, held)) => *held = value,
            None => self.0.push((key, value)),
        }
    }

    /// Takes one away.
    pub(crate) fn remove(&mut self, key: &str) {
        self.0.retain(|(name, _)| *name != key);
    }

    /// All that are set, in S1's order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        MARK_KEYS
            .into_iter()
            .filter_map(|key| self.get(key).map(|value| (key, value)))
    }

    /// As they are kept.
    pub(crate) fn to_json(&self) -> Value {
        let pairs = self
            .iter()
            .map(|(key, value)| (key.to_owned(), value.into()));
        Value::Object(pairs.collect())
    }

    /// From what was kept.
    pub(crate) fn from_json(stored: &Value) -> Self {
        let mut marks = Self::default();
        for (key, value) in stored.as_object().into_iter().flatten() {
            if let Some(text) = value.as_str() {
                marks.set(key, text.to_owned());
            }
        }
        marks
    }
}

impl Lead {
    /// Notes that something of it changes now.
    pub(crate) fn touch(&mut self, now: Timestamp) {
        self.revision += 1;
        self.updated_at = now.max(self.updated_at);
    }
}

impl LeadState {
    /// All of them, in the order that a lead goes through them.
    pub(crate) const ALL: [Self; 4] =
        [Self::New, Self::Converting, Self::Converted, Self::Rejected];

    /// From the name on the wire and in the database.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// The name on the wire and in the database.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Converting => "converting",
            Self::Converted => "converted",
            Self::Rejected => "rejected",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn remote_ids_that_are_numbers_are_answered_as_numbers() {
        for (kept, answered) in [
            ("0", json!(0)),
            ("42", json!(42)),
            ("-7", json!(-7)),
            ("123456789012345678", json!(123_456_789_012_345_678_i64)),
            ("1234567890123456789", json!("1234567890123456789")),
            ("007", json!("007")),
            ("-0", json!("-0")),
            ("-", json!("-")),
            ("467251:8442970", json!("467251:8442970")),
            ("", json!("")),
        ] {
            assert_eq!(RemoteId(kept.to_owned()).to_json(), answered, "{kept}");
        }
    }

    #[test]
    fn marks_come_out_in_the_order_of_s1() {
        let mut marks = Marks::default();
        marks.set("ip", "1.2.3.4".to_owned());
        marks.set("utmSource", "a".to_owned());
        marks.set("utmSource", "b".to_owned());
        marks.set("unknown", "c".to_owned());
        let seen: Vec<_> = marks.iter().collect();
        assert_eq!(seen, [("utmSource", "b"), ("ip", "1.2.3.4")]);
        assert_eq!(Marks::from_json(&marks.to_json()).iter().count(), 2);
    }
}
