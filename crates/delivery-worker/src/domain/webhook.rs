//! A webhook's settings, as they are stored version by version.

use std::fmt;

use events::Change;
use serde::{Deserialize, Serialize};

use super::filter::Filter;
use super::trigger::TriggerSettings;
use crate::render::BodyFormat;

/// A webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct WebhookId(pub(crate) i64);

impl fmt::Display for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a person sets, all of it but the name and whether it is active. Stored
/// as JSON: keys are only ever added, each with a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct WebhookSettings {
    /// Where callbacks go, in normal form.
    pub(crate) url: String,
    /// `form`, `json` or `envelope`.
    pub(crate) format: StoredFormat,
    /// Whether flat bodies have exactly the keys that S0 documents.
    #[serde(default)]
    pub(crate) strict_body: bool,
    /// What fires it.
    pub(crate) events: EventSwitches,
    /// Own headers in the order given.
    #[serde(default)]
    pub(crate) headers: Vec<OwnHeader>,
    /// Seconds before each attempt, the first included; the usual schedule if
    /// there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retry_schedule_seconds: Option<Vec<u32>>,
    /// Whether an answer of 4xx ends a delivery.
    #[serde(default)]
    pub(crate) stop_on_4xx: bool,
    /// How many requests may be under way at once; the usual number if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_concurrency: Option<u32>,
    /// How many requests may begin within a second; as many as come if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rate_per_second: Option<u32>,
    /// Whether changes of one record arrive strictly in the order of its
    /// revisions.
    #[serde(default)]
    pub(crate) ordered: bool,
    /// Whether only a record's latest change is kept of those that wait. Never
    /// together with `ordered`, and never of a trigger.
    #[serde(default)]
    pub(crate) latest_only: bool,
    /// Whether callbacks carry a `v1a` signature (ed25519) as well.
    #[serde(default)]
    pub(crate) ed25519: bool,
    /// Which of the events fire it after all.
    #[serde(default)]
    pub(crate) filter: Filter,
    /// What makes it a stage trigger; none of a plain webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trigger: Option<TriggerSettings>,
}

/// A header of the webhook's own.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OwnHeader {
    /// Its name as given.
    pub(crate) name: String,
    /// Its value, a secret.
    pub(crate) value: String,
}

impl fmt::Debug for OwnHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnHeader")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What kind of thing a row of the table of webhooks is. Ids are of one sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum WebhookKind {
    /// Fired by any change that it chose.
    Webhook,
    /// Bound to a pipeline stage.
    Trigger,
}

impl WebhookKind {
    /// As it is stored and shown: `webhook`, `trigger`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Trigger => "trigger",
        }
    }
}

impl WebhookSettings {
    /// Whether they are a trigger's.
    pub(crate) fn kind(&self) -> WebhookKind {
        match self.trigger {
            Some(_) => WebhookKind::Trigger,
            None => WebhookKind::Webhook,
        }
    }

    /// Whether they name the same stages and pipelines as others.
    pub(crate) fn has_places_of(&self, other: &Self) -> bool {
        let stage = |of: &Self| of.trigger.as_ref().map(|trigger| trigger.stage);
        self.filter.stages == other.filter.stages
            && self.filter.pipelines == other.filter.pipelines
            && stage(self) == stage(other)
    }

    /// Whether they name stages or pipelines.
    pub(crate) fn names_stages(&self) -> bool {
        let filter = &self.filter;
        self.trigger.is_some() || !filter.stages.is_empty() || !filter.pipelines.is_empty()
    }
}

/// A body format under its wire name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct StoredFormat(pub(crate) BodyFormat);

impl From<StoredFormat> for String {
    fn from(format: StoredFormat) -> Self {
        format.0.as_str().to_owned()
    }
}

impl TryFrom<String> for StoredFormat {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        BodyFormat::parse(&name)
            .map(Self)
            .ok_or_else(|| format!("{name:?} is not a body format"))
    }
}

/// The nine switches of S0 and `webhook.disabled`, as a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub(crate) struct EventSwitches(u16);

impl EventSwitches {
    /// Their wire names; a switch's place here is its bit.
    pub(crate) const NAMES: [&'static str; 10] = [
        "order.add",
        "order.edit",
        "order.delete",
        "task.add",
        "task.edit",
        "task.delete",
        "client.add",
        "client.edit",
        "client.delete",
        "webhook.disabled",
    ];

    /// The one that no record has: Dealwire disabled another webhook of the account.
    pub(crate) const DISABLED: Self = Self(1 << (Self::NAMES.len() - 1));

    /// The set of these names; the error is the first that is not a switch.
    pub(crate) fn from_names<'a>(
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, &'a str> {
        names.into_iter().try_fold(Self::default(), |set, name| {
            let bit = Self::bit(name).ok_or(name)?;
            Ok(Self(set.0 | bit))
        })
    }

    /// The names in the set, in the order of [`Self::NAMES`].
    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .enumerate()
            .filter(move |(place, _)| self.0 & (1 << place) != 0)
            .map(|(_, name)| name)
    }

    /// The one switch that a change is of; `None` if it fires no webhook.
    /// Deleting all tasks of an order is a `task.delete`.
    pub(crate) fn of(change: &Change) -> Option<Self> {
        Self::bit(change.event_type()).map(Self)
    }

    /// Whether one of `others` is among these.
    pub(crate) fn intersects(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    /// Each switch of the set by itself.
    pub(crate) fn each(self) -> impl Iterator<Item = Self> {
        (0..Self::NAMES.len())
            .map(|place| Self(1 << place))
            .filter(move |one| self.intersects(*one))
    }

    fn bit(name: &str) -> Option<u16> {
        Self::NAMES
            .iter()
            .position(|known| *known == name)
            .map(|place| 1 << place)
    }
}

impl From<EventSwitches> for Vec<String> {
    fn from(switches: EventSwitches) -> Self {
        switches.names().map(str::to_owned).collect()
    }
}

impl TryFrom<Vec<String>> for EventSwitches {
    type Error = String;

    fn try_from(names: Vec<String>) -> Result<Self, String> {
        Self::from_names(names.iter().map(String::as_str))
            .map_err(|name| format!("{name:?} is not an event"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_storage() {
        let settings = WebhookSettings {
            url: "https://example.com/hook".to_owned(),
            format: StoredFormat(BodyFormat::Envelope),
            strict_body: true,
            events: EventSwitches::from_names(["order.add", "client.delete"]).unwrap(),
            headers: vec![OwnHeader {
                name: "X-Key".to_owned(),
                value: "s3cret".to_owned(),
            }],
            retry_schedule_seconds: Some(vec![0, 60]),
            stop_on_4xx: true,
            max_concurrency: Some(4),
            rate_per_second: Some(10),
            ordered: true,
            latest_only: false,
            ed25519: true,
            filter: Filter::default(),
            trigger: None,
        };
        let json = serde_json::to_value(&settings).unwrap();
        assert_eq!(
            json["events"],
            serde_json::json!(["order.add", "client.delete"])
        );
        assert_eq!(
            serde_json::from_value::<WebhookSettings>(json).unwrap(),
            settings
        );
        assert!(!format!("{settings:?}").contains("s3cret"));
    }

    #[test]
    fn keys_that_an_older_version_did_not_write_have_defaults() {
        let settings: WebhookSettings = serde_json::from_str(
            r#"{"url":"http://a/","format":"form","events":["task.edit"],"added_later":1}"#,
        )
        .unwrap();
        assert!(!settings.strict_body && !settings.stop_on_4xx);
        assert!(!settings.ordered && !settings.latest_only && !settings.ed25519);
        assert_eq!(settings.retry_schedule_seconds, None);
        assert_eq!(settings.rate_per_second, None);
    }

    #[test]
    fn the_last_switch_is_that_of_disabled_webhooks() {
        let names: Vec<_> = EventSwitches::DISABLED.names().collect();
        assert_eq!(names, ["webhook.disabled"]);
    }

    #[test]
    fn an_unknown_switch_is_named() {
        assert_eq!(
            EventSwitches::from_names(["order.add", "order.sold"]),
            Err("order.sold")
        );
    }
}
