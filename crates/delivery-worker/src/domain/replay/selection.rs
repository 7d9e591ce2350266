//! What a job is to send again, as it is stored with the job: keys are only ever
//! added, each with a default.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::delivery::DeliveryState;

/// What a job is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Selection {
    /// Events of a span of time, for one webhook, as deliveries of their own.
    Replay(ReplaySelection),
    /// Deliveries that are there, under their own ids.
    Retry(RetrySelection),
}

/// Events to be sent to one webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReplaySelection {
    /// Events of this moment or later, microseconds.
    pub(crate) since_us: i64,
    /// Events before this moment, microseconds.
    pub(crate) until_us: i64,
    /// Events of these types; of all if there is none.
    #[serde(default)]
    pub(crate) events: Vec<String>,
    /// What became of them before.
    #[serde(default)]
    pub(crate) state: ReplayedState,
    /// Whether revisions go to an ordered webhook that are older than one that it
    /// has.
    #[serde(default)]
    pub(crate) force: bool,
}

/// Which events a replay takes, by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum ReplayedState {
    /// All that fire the webhook as it is set now.
    #[default]
    Any,
    /// Those that fire it as it is set now, were never queued for it, and were brought by no job.
    Missing,
    /// Those whose delivery to it came to this end.
    Ended(DeliveryState),
}

impl ReplayedState {
    /// What is stored for [`Self::Any`]; callers leave it out.
    const ANY: &str = "any";
    /// The name of [`Self::Missing`], on the wire as well.
    pub(crate) const MISSING: &str = "missing";

    /// What callers may send, by name. What is pending is sent anyway, and what was
    /// dropped is of a webhook that is no more.
    pub(crate) fn names() -> Vec<(&'static str, Self)> {
        DeliveryState::ALL
            .into_iter()
            .filter(|state| !matches!(state, DeliveryState::Pending | DeliveryState::Dropped))
            .map(|state| (state.as_str(), Self::Ended(state)))
            .chain([(Self::MISSING, Self::Missing)])
            .collect()
    }

    /// The name that callers see; `None` for all.
    pub(crate) fn wire_name(self) -> Option<&'static str> {
        match self {
            Self::Any => None,
            Self::Missing => Some(Self::MISSING),
            Self::Ended(state) => Some(state.as_str()),
        }
    }
}

impl From<ReplayedState> for String {
    fn from(state: ReplayedState) -> Self {
        state.wire_name().unwrap_or(ReplayedState::ANY).to_owned()
    }
}

impl TryFrom<String> for ReplayedState {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match name.as_str() {
            Self::ANY => Ok(Self::Any),
            Self::MISSING => Ok(Self::Missing),
            ended => DeliveryState::parse(ended)
                .map(Self::Ended)
                .ok_or_else(|| format!("{name:?} is not a state")),
        }
    }
}

/// Deliveries to be made due again. An empty list of values filters nothing; the
/// webhooks are written down apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RetrySelection {
    /// Of these webhooks; shown, and not looked at again.
    #[serde(default)]
    pub(crate) webhook_ids: Vec<i64>,
    /// Of webhooks of this kind; the same.
    #[serde(default)]
    pub(crate) kinds: Vec<String>,
    /// In these states.
    pub(crate) states: Vec<String>,
    /// Of this kind of record.
    #[serde(default)]
    pub(crate) component: Option<String>,
    /// Of these records.
    #[serde(default)]
    pub(crate) record_ids: Vec<i64>,
    /// Of events of these types.
    #[serde(default)]
    pub(crate) events: Vec<String>,
    /// Of this event.
    #[serde(default)]
    pub(crate) event_id: Option<Uuid>,
    /// For these reasons.
    #[serde(default)]
    pub(crate) origins: Vec<String>,
    /// Made at this moment or later, microseconds.
    #[serde(default)]
    pub(crate) created_from_us: Option<i64>,
    /// Made before this moment, microseconds.
    #[serde(default)]
    pub(crate) created_to_us: Option<i64>,
    /// Whether those go again that were delivered, and old revisions to an ordered
    /// webhook.
    #[serde(default)]
    pub(crate) force: bool,
}

impl Selection {
    /// Whether the caller takes responsibility for what is old or was delivered.
    pub(crate) fn force(&self) -> bool {
        match self {
            Self::Replay(selection) => selection.force,
            Self::Retry(selection) => selection.force,
        }
    }

    /// The name of its kind.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Replay(_) => "replay",
            Self::Retry(_) => "retry",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selections_survive_storage() {
        let mut all = vec![Selection::Retry(RetrySelection {
            states: vec!["failed".to_owned()],
            event_id: Some(Uuid::nil()),
            ..RetrySelection::default()
        })];
        let states = ReplayedState::names().into_iter().map(|(_, state)| state);
        for state in states.chain([ReplayedState::Any]) {
            all.push(Selection::Replay(ReplaySelection {
                since_us: 1,
                until_us: 2,
                events: vec!["order.add".to_owned()],
                state,
                force: true,
            }));
        }
        for selection in all {
            let stored = serde_json::to_value(&selection).unwrap();
            assert_eq!(
                serde_json::from_value::<Selection>(stored).unwrap(),
                selection
            );
        }
    }

    #[test]
    fn what_an_earlier_version_stored_is_read() {
        let stored = json!({"kind": "replay", "since_us": 1, "until_us": 2});
        let Selection::Replay(selection) = serde_json::from_value(stored).unwrap() else {
            panic!("it is a replay");
        };
        assert_eq!(selection.state, ReplayedState::Any);
        let stored = json!({"kind": "retry", "states": []});
        assert!(serde_json::from_value::<Selection>(stored).is_ok());
    }

    #[test]
    fn pending_and_dropped_are_no_states_to_replay() {
        let names: Vec<_> = ReplayedState::names()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(
            names,
            ["delivered", "failed", "skipped", "expired", "missing"]
        );
    }
}
