//! A source: one inbound URL, and how what comes in there is read.

mod effective;
mod patch;

use std::collections::BTreeMap;

use events::{AccountId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::preset::Preset;

pub(crate) use effective::{Effective, Limits};
pub(crate) use patch::{DefaultsPatch, LimitsPatch, SourcePatch};

/// A source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SourceId(pub(crate) i64);

/// A source as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Source {
    pub(crate) id: SourceId,
    pub(crate) account_id: AccountId,
    /// Which sender it is made for; on the wire `type`.
    pub(crate) preset: &'static Preset,
    /// What managers call it.
    pub(crate) name: String,
    /// The secret part of its URL: 128 random bits.
    pub(crate) token: String,
    /// Whether it takes leads; if not, its URL is answered 404.
    pub(crate) active: bool,
    pub(crate) settings: SourceSettings,
    pub(crate) revision: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Source {
    /// A source of which nothing is set, before it is kept.
    pub(crate) fn blank(
        account_id: AccountId,
        preset: &'static Preset,
        token: String,
        now: Timestamp,
    ) -> Self {
        Self {
            id: SourceId(0),
            account_id,
            preset,
            name: String::new(),
            token,
            active: true,
            settings: SourceSettings::default(),
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }
}

/// What a manager set; `None` means as the preset has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SourceSettings {
    /// What a lead gets that says nothing of it.
    pub(crate) defaults: LeadDefaults,
    /// Whether a bad value in any field is refused (422) instead of kept beside.
    pub(crate) strict: bool,
    /// The sender's own names (or paths into nested bodies) → keys of S1.
    pub(crate) mapping: BTreeMap<String, String>,
    /// What is answered when all is well, instead of S1's body.
    pub(crate) answer: Option<Answer>,
    /// Two letters of ISO 3166: the country of phones without a country code.
    pub(crate) phone_region: Option<String>,
    /// Where a browser is sent on (303) when all is well.
    pub(crate) redirect_url: Option<String>,
    /// A field that people do not see and leave blank; empty: none.
    pub(crate) honeypot: Option<String>,
    pub(crate) limits: LimitSettings,
    /// Whether leads become clients and orders by themselves, or wait in the inbox.
    pub(crate) auto_convert: Option<bool>,
    /// Whether `GET` with a query brings a lead as well.
    pub(crate) accept_get: Option<bool>,
}

/// What a lead gets that says nothing of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LeadDefaults {
    pub(crate) origin_id: Option<i64>,
    pub(crate) stage_id: Option<i64>,
    pub(crate) owner_id: Option<i64>,
    pub(crate) office_id: Option<i64>,
    pub(crate) city_id: Option<i64>,
}

/// An answer of the source's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// 200 to 299.
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

/// How fast requests may come; `None`: as the preset has it, 0: no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LimitSettings {
    /// Requests per second to the URL, from all senders.
    pub(crate) per_second: Option<u32>,
    /// How many may come at once before `per_second` counts.
    pub(crate) burst: Option<u32>,
    /// Requests per minute from one address.
    pub(crate) per_address_per_minute: Option<u32>,
}
