//! A change to what a manager set of a source (RFC 7396).

use std::collections::BTreeMap;

use http_api::Presence;

use super::{Answer, LeadDefaults, LimitSettings, Source, SourceSettings};

/// What shall change; what is absent stays. Null takes a value of the source's own away, so that
/// the preset's holds again.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SourcePatch {
    pub(crate) name: Option<String>,
    pub(crate) active: Option<bool>,
    pub(crate) strict: Option<bool>,
    pub(crate) auto_convert: Presence<bool>,
    pub(crate) accept_get: Presence<bool>,
    pub(crate) phone_region: Presence<String>,
    pub(crate) redirect_url: Presence<String>,
    pub(crate) honeypot: Presence<String>,
    pub(crate) answer: Presence<Answer>,
    pub(crate) defaults: Presence<DefaultsPatch>,
    pub(crate) limits: Presence<LimitsPatch>,
    /// By name: a value sets, `None` removes.
    pub(crate) mapping: Presence<Vec<(String, Option<String>)>>,
}

/// A change of [`LeadDefaults`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DefaultsPatch {
    pub(crate) origin_id: Presence<i64>,
    pub(crate) stage_id: Presence<i64>,
    pub(crate) owner_id: Presence<i64>,
    pub(crate) office_id: Presence<i64>,
    pub(crate) city_id: Presence<i64>,
}

/// A change of [`LimitSettings`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LimitsPatch {
    pub(crate) per_second: Presence<u32>,
    pub(crate) burst: Presence<u32>,
    pub(crate) per_address_per_minute: Presence<u32>,
}

impl SourcePatch {
    /// Merges the patch into `source`. A value that the preset has already stays the preset's, so
    /// that a body which is read and sent back changes nothing.
    pub(crate) fn merge_into(self, source: &mut Source) {
        if let Some(name) = self.name {
            source.name = name;
        }
        if let Some(active) = self.active {
            source.active = active;
        }
        let shown = source.effective();
        let settings = &mut source.settings;
        if let Some(strict) = self.strict {
            settings.strict = strict;
        }
        let region = shown.phone_region.to_string();
        own(
            &mut settings.auto_convert,
            self.auto_convert,
            &shown.auto_convert,
        );
        own(&mut settings.accept_get, self.accept_get, &shown.accept_get);
        own(&mut settings.phone_region, self.phone_region, &region);
        self.redirect_url
            .merge_into_option(&mut settings.redirect_url);
        own(&mut settings.honeypot, self.honeypot, &shown.honeypot);
        match (self.answer, shown.answer) {
            (answer, Some(shown)) => own(&mut settings.answer, answer, &shown),
            (answer, None) => answer.merge_into_option(&mut settings.answer),
        }
        merge_defaults(settings, self.defaults);
        merge_limits(&mut settings.limits, self.limits, &shown.limits);
        merge_mapping(&mut settings.mapping, self.mapping);
    }
}

fn own<T: PartialEq>(target: &mut Option<T>, sent: Presence<T>, shown: &T) {
    match sent {
        Presence::Value(value) if target.is_none() && value == *shown => {}
        sent => sent.merge_into_option(target),
    }
}

fn merge_defaults(settings: &mut SourceSettings, patch: Presence<DefaultsPatch>) {
    let defaults = &mut settings.defaults;
    match patch {
        Presence::Absent => {}
        Presence::Null => *defaults = LeadDefaults::default(),
        Presence::Value(patch) => {
            patch.origin_id.merge_into_option(&mut defaults.origin_id);
            patch.stage_id.merge_into_option(&mut defaults.stage_id);
            patch.owner_id.merge_into_option(&mut defaults.owner_id);
            patch.office_id.merge_into_option(&mut defaults.office_id);
            patch.city_id.merge_into_option(&mut defaults.city_id);
        }
    }
}

fn merge_limits(limits: &mut LimitSettings, patch: Presence<LimitsPatch>, shown: &super::Limits) {
    match patch {
        Presence::Absent => {}
        Presence::Null => *limits = LimitSettings::default(),
        Presence::Value(patch) => {
            own(&mut limits.per_second, patch.per_second, &shown.per_second);
            own(&mut limits.burst, patch.burst, &shown.burst);
            own(
                &mut limits.per_address_per_minute,
                patch.per_address_per_minute,
                &shown.per_address_per_minute,
            );
        }
    }
}

fn merge_mapping(
    mapping: &mut BTreeMap<String, String>,
    patch: Presence<Vec<(String, Option<String>)>>,
) {
    match patch {
        Presence::Absent => {}
        Presence::Null => mapping.clear(),
        Presence::Value(entries) => {
            for (name, target) in entries {
                match target {
                    Some(target) => mapping.insert(name, target),
                    None => mapping.remove(&name),
                };
            }
        }
    }
}
