//! A webhook as its manager knows it: what was set, what may be set, and in what
//! state it is (WIRE 1, WIRE 5).

use std::fmt;

use events::Timestamp;

use super::filter::FilterPatch;
use super::trigger::TriggerPatch;
use super::webhook::{EventSwitches, OwnHeader, StoredFormat, WebhookId, WebhookSettings};
use crate::headers::{CustomHeaders, HeaderError};
use crate::render::BodyFormat;

/// The most webhooks and triggers together that one account has.
pub(crate) const MAX_WEBHOOKS: i64 = 10_000;
/// The longest name, in characters.
pub(crate) const MAX_NAME_CHARS: usize = 255;
/// Deliveries of one webhook that may be in flight at once, over all workers.
pub(crate) const CONCURRENCY: std::ops::RangeInclusive<i64> = 1..=64;
/// Requests to one webhook that may begin within a second, over all workers.
pub(crate) const RATE_PER_SECOND: std::ops::RangeInclusive<i64> = 1..=1_000;
/// The most attempts that a webhook's own retry schedule may ask for.
pub(crate) const MAX_ATTEMPTS: usize = 20;
/// A delay of a retry schedule, in seconds: up to two days.
pub(crate) const RETRY_DELAY_S: std::ops::RangeInclusive<u32> = 0..=2 * 86_400;

/// Why a webhook cannot be active: its stage, or each that its filter names, is gone.
pub(crate) const STAGE_DELETED: &str = "stage_deleted";
/// The same of each pipeline that its filter names, where it names no stages.
pub(crate) const PIPELINE_DELETED: &str = "pipeline_deleted";

/// Everything that a manager sets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WebhookConfig {
    /// What it is called in lists.
    pub(crate) name: String,
    /// Whether it is switched on.
    pub(crate) active: bool,
    /// The rest, which delivering needs.
    pub(crate) settings: WebhookSettings,
}

/// A change to a configuration: `None` keeps what is there.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct WebhookPatch {
    /// A new name.
    pub(crate) name: Option<String>,
    /// A new URL, in normal form.
    pub(crate) url: Option<String>,
    /// A new format.
    pub(crate) format: Option<BodyFormat>,
    /// New switches of a webhook, in place of all the old.
    pub(crate) events: Option<EventSwitches>,
    /// What happens to the filter.
    pub(crate) filter: FilterPatch,
    /// What happens to that which makes a trigger; nothing to a webhook.
    pub(crate) trigger: TriggerPatch,
    /// On or off.
    pub(crate) active: Option<bool>,
    /// Strict or not.
    pub(crate) strict_body: Option<bool>,
    /// What happens to own headers.
    pub(crate) headers: HeadersPatch,
    /// A cap of its own, or `Some(None)` for the operator's.
    pub(crate) max_concurrency: Option<Option<u32>>,
    /// A limit of its own, or `Some(None)` for none.
    pub(crate) rate_per_second: Option<Option<u32>>,
    /// In the order of revisions or not.
    pub(crate) ordered: Option<bool>,
    /// Only the latest or not.
    pub(crate) latest_only: Option<bool>,
    /// A second signature or not.
    pub(crate) ed25519: Option<bool>,
    /// A schedule of its own, or `Some(None)` for the general one.
    pub(crate) retry_schedule_seconds: Option<Option<Vec<u32>>>,
    /// Whether 4xx ends a delivery.
    pub(crate) stop_on_4xx: Option<bool>,
}

/// What a merge patch does to own headers.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) enum HeadersPatch {
    /// Nothing.
    #[default]
    Keep,
    /// All go.
    Clear,
    /// By name, in any case: a value sets, `None` removes.
    Merge(Vec<(String, Option<String>)>),
}

impl fmt::Debug for HeadersPatch {
    /// Values are often credentials, so they stay out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep => f.write_str("Keep"),
            Self::Clear => f.write_str("Clear"),
            Self::Merge(entries) => f
                .debug_set()
                .entries(entries.iter().map(|(name, _)| name))
                .finish(),
        }
    }
}

impl HeadersPatch {
    /// Puts the patch into `headers`; one that stays keeps its place.
    fn apply(self, headers: &mut Vec<OwnHeader>) {
        match self {
            Self::Keep => {}
            Self::Clear => headers.clear(),
            Self::Merge(entries) => {
                for (name, value) in entries {
                    merge_header(headers, name, value);
                }
            }
        }
    }
}

fn merge_header(headers: &mut Vec<OwnHeader>, name: String, value: Option<String>) {
    let place = headers
        .iter()
        .position(|known| known.name.eq_ignore_ascii_case(&name));
    match (place, value) {
        (Some(place), Some(value)) => headers[place] = OwnHeader { name, value },
        (Some(place), None) => {
            headers.remove(place);
        }
        (None, Some(value)) => headers.push(OwnHeader { name, value }),
        (None, None) => {}
    }
}

impl WebhookConfig {
    /// How many requests may be under way at once, where the operator allows
    /// this many to a webhook that names no number.
    pub(crate) fn concurrency(&self, usual: u32) -> u32 {
        self.settings.max_concurrency.unwrap_or(usual)
    }

    /// The configuration after `patch`.
    #[must_use]
    pub(crate) fn merged(&self, patch: WebhookPatch) -> Self {
        let mut merged = self.clone();
        set(&mut merged.name, patch.name);
        set(&mut merged.active, patch.active);
        let settings = &mut merged.settings;
        set(&mut settings.url, patch.url);
        set(&mut settings.format, patch.format.map(StoredFormat));
        set(&mut settings.events, patch.events);
        set(&mut settings.strict_body, patch.strict_body);
        set(&mut settings.max_concurrency, patch.max_concurrency);
        set(&mut settings.rate_per_second, patch.rate_per_second);
        set(&mut settings.ordered, patch.ordered);
        set(&mut settings.latest_only, patch.latest_only);
        set(&mut settings.ed25519, patch.ed25519);
        set(
            &mut settings.retry_schedule_seconds,
            patch.retry_schedule_seconds,
        );
        set(&mut settings.stop_on_4xx, patch.stop_on_4xx);
        patch.headers.apply(&mut settings.headers);
        patch.filter.apply(&mut settings.filter);
        if let Some(trigger) = &mut settings.trigger {
            patch.trigger.apply(trigger);
            settings.events = trigger.event.switches();
        }
        merged
    }
}

fn set<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}

/// Own headers ready to be sent, or everything that is wrong with them.
pub(crate) fn parse_headers(headers: &[OwnHeader]) -> Result<CustomHeaders, Vec<HeaderError>> {
    CustomHeaders::parse(
        headers
            .iter()
            .map(|header| (header.name.as_str(), header.value.as_str())),
    )
}

/// A webhook, but for its secret.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Webhook {
    /// Its id.
    pub(crate) id: WebhookId,
    /// What was set last.
    pub(crate) config: WebhookConfig,
    /// The version of the settings, from 1.
    pub(crate) settings_version: i64,
    /// Grows by one with each change that the API shows, from 1.
    pub(crate) revision: i64,
    /// What became of it.
    pub(crate) standing: Standing,
    /// Why it cannot be switched on as it is. Whoever switched it off: a person may have, before
    /// there was such a reason.
    pub(crate) inactive_reason: Option<String>,
    /// What signs its callbacks, as far as everybody may know.
    pub(crate) public_keys: PublicKeys,
    /// When it was created.
    pub(crate) created_at: Timestamp,
    /// When it was last changed.
    pub(crate) updated_at: Timestamp,
}

impl Webhook {
    /// What is left of [`Self::inactive_reason`] with another configuration, one that was admitted:
    /// stages that are chosen exist.
    pub(crate) fn reason_after(&self, config: &WebhookConfig) -> Option<&str> {
        let is_over = config.active || !config.settings.has_places_of(&self.config.settings);
        self.inactive_reason.as_deref().filter(|_| !is_over)
    }
}

/// What is known of a webhook's keys to those who read it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PublicKeys {
    /// The public one of the ed25519 keys, `whpk_` and base64, if it ever had any.
    pub(crate) current: Option<String>,
    /// Until when earlier secrets sign as well, and the public keys beside them.
    pub(crate) previous: Vec<(Timestamp, Option<String>)>,
}

/// What became of a webhook, apart from what was set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Standing {
    /// Since when it is disabled.
    pub(crate) disabled_at: Option<Timestamp>,
    /// Why.
    pub(crate) disabled_reason: Option<String>,
    /// Since when its deliveries wait because a person asked for it.
    pub(crate) paused_at: Option<Timestamp>,
    /// Until when its deliveries wait because the receiver asked for it.
    pub(crate) paused_until: Option<Timestamp>,
    /// Until when its deliveries wait because too many failed in a row. In the
    /// past while one at a time is tried; none once something arrived.
    pub(crate) open_until: Option<Timestamp>,
    /// How many requests failed since something arrived.
    pub(crate) failures_in_a_row: i64,
}

impl Standing {
    /// Whether deliveries wait because of a pause.
    pub(crate) fn is_paused(&self, now: Timestamp) -> bool {
        self.paused_at.is_some() || self.paused_until.is_some_and(|until| until > now)
    }

    /// Whether there is something that a person ends by resuming it, over or not.
    pub(crate) fn is_resumable(&self) -> bool {
        self.paused_at.is_some() || self.paused_until.is_some() || self.open_until.is_some()
    }
}

/// A webhook's state in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum WebhookState {
    /// Events fire it and deliveries go out.
    Active,
    /// It is switched off, by a manager or because its stage is gone: events do
    /// not fire it.
    Inactive,
    /// Deliveries wait until a moment, or until somebody resumes it.
    Paused,
    /// Too many failed in a row: deliveries wait until a moment, then one at a
    /// time is tried until one arrives.
    Failing,
    /// Deliveries wait until a manager switches it on again.
    Disabled,
}

impl WebhookState {
    /// All of them by wire name.
    pub(crate) const NAMES: [(&str, Self); 5] = [
        ("active", Self::Active),
        ("inactive", Self::Inactive),
        ("paused", Self::Paused),
        ("failing", Self::Failing),
        ("disabled", Self::Disabled),
    ];

    /// The one word. Being disabled comes first: somebody has to act on it.
    pub(crate) fn of(active: bool, standing: &Standing, now: Timestamp) -> Self {
        if standing.disabled_at.is_some() {
            Self::Disabled
        } else if !active {
            Self::Inactive
        } else if standing.is_paused(now) {
            Self::Paused
        } else if standing.open_until.is_some() {
            Self::Failing
        } else {
            Self::Active
        }
    }

    /// The wire name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Paused => "paused",
            Self::Failing => "failing",
            Self::Disabled => "disabled",
        }
    }
}

#[cfg(test)]
mod tests;
