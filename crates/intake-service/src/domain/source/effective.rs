//! What holds for a source: what its manager set, else what its preset says.

use contacts::Region;

use super::{Answer, Source};

/// What holds for a source.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Effective {
    /// `None`: S1's body.
    pub(crate) answer: Option<Answer>,
    /// Whether `GET` with a query brings a lead as well.
    pub(crate) accept_get: bool,
    /// A field that people leave blank; empty: none.
    pub(crate) honeypot: String,
    pub(crate) limits: Limits,
    pub(crate) auto_convert: bool,
    pub(crate) phone_region: Region,
}

/// How fast requests may come; 0: no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Requests per second to the URL, from all senders.
    pub(crate) per_second: u32,
    /// How many may come at once before `per_second` counts.
    pub(crate) burst: u32,
    /// Requests per minute from one address.
    pub(crate) per_address_per_minute: u32,
}

impl Source {
    /// What holds for it.
    pub(crate) fn effective(&self) -> Effective {
        let own = &self.settings;
        let preset = self.preset;
        Effective {
            answer: own.answer.clone().or_else(|| preset.answer()),
            accept_get: own.accept_get.unwrap_or(preset.accept_get),
            honeypot: own
                .honeypot
                .clone()
                .unwrap_or_else(|| preset.honeypot.to_owned()),
            limits: Limits {
                per_second: own.limits.per_second.unwrap_or(preset.limits.per_second),
                burst: own.limits.burst.unwrap_or(preset.limits.burst),
                per_address_per_minute: own
                    .limits
                    .per_address_per_minute
                    .unwrap_or(preset.limits.per_address_per_minute),
            },
            auto_convert: own.auto_convert.unwrap_or(true),
            phone_region: own
                .phone_region
                .as_deref()
                .and_then(Region::parse)
                .unwrap_or_default(),
        }
    }

    /// The settings that are as the preset says, by their names on the wire.
    pub(crate) fn names_of_preset(&self) -> Vec<&'static str> {
        let own = &self.settings;
        [
            ("answer", own.answer.is_none()),
            ("phone_region", own.phone_region.is_none()),
            ("honeypot", own.honeypot.is_none()),
            ("limits.per_second", own.limits.per_second.is_none()),
            ("limits.burst", own.limits.burst.is_none()),
            (
                "limits.per_address_per_minute",
                own.limits.per_address_per_minute.is_none(),
            ),
            ("auto_convert", own.auto_convert.is_none()),
            ("accept_get", own.accept_get.is_none()),
        ]
        .into_iter()
        .filter_map(|(name, is_preset)| is_preset.then_some(name))
        .collect()
    }
}
