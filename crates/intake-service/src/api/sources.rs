//! `/sources`: where leads come in, one inbound URL each.

mod address;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
mod redirect;
pub(crate) mod rotate_token;
mod samples;
mod settings;
mod token;
pub(crate) mod update;

pub(crate) use create::create_source;
pub(crate) use delete::delete_source;
pub(crate) use get::get_source;
pub(crate) use list::list_sources;
pub(crate) use rotate_token::rotate_token;
pub(crate) use update::update_source;

pub(crate) use address::InboundBase;

use std::collections::BTreeMap;

use http_api::{Caller, Scope};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::source::{Answer, Limits, Source};
use samples::Samples;

/// What stands for the token where the caller may not see it.
const MASK: &str = "***";

/// The most sources that one account has.
const MAX_SOURCES: i64 = 10_000;

/// The keys that the server sets.
const READ_ONLY_KEYS: [&str; 8] = [
    "id",
    "url",
    "token",
    "samples",
    "from_preset",
    "revision",
    "created_at",
    "updated_at",
];

/// A source to create. Where null or nothing is sent, the preset's value holds.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct CreateSourceRequest {
    /// Which sender it is made for: `webhook` for those that follow the documented format, or a
    /// preset.
    #[schema(example = "webhook")]
    r#type: String,
    /// What managers call it, 1 to 255 characters.
    #[schema(example = "Сайт")]
    name: String,
    /// Whether it takes leads; true unless given. Otherwise its URL answers 404.
    active: Option<bool>,
    /// What a lead gets that says nothing of it.
    defaults: Option<DefaultsBody>,
    /// Whether a bad value in any field is refused (422) instead of kept in `extra`; false unless
    /// given.
    strict: Option<bool>,
    /// The sender's own names, or dotted paths into nested bodies, to the documented names; 100 at
    /// most. In a change they are merged by name, null removes.
    #[schema(example = json!({"Ваше имя": "name"}))]
    mapping: Option<BTreeMap<String, Option<String>>>,
    /// What is answered when all is well, instead of the lead.
    answer: Option<AnswerBody>,
    /// Two letters of ISO 3166: the country of phones without a country code; `RU` unless given.
    #[schema(example = "RU")]
    phone_region: Option<String>,
    /// Where a browser is sent on (303) when all is well: `http://` or `https://`, without user
    /// name and password, at most 2048 characters.
    redirect_url: Option<String>,
    /// A field that people do not see and leave blank; what fills it is spam. Empty: none.
    honeypot: Option<String>,
    /// How fast requests may come.
    limits: Option<LimitsRequest>,
    /// Whether leads become clients and orders by themselves (true unless given), or wait in the
    /// inbox for `POST /leads/{id}/convert`.
    auto_convert: Option<bool>,
    /// Whether `GET` with a query brings a lead as well.
    accept_get: Option<bool>,
}

/// What shall change of a source (RFC 7396); null means as the preset says, or none.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct UpdateSourceRequest {
    /// 1 to 255 characters.
    name: Option<String>,
    /// Whether it takes leads; true unless given. Otherwise its URL answers 404.
    active: Option<bool>,
    /// What a lead gets that says nothing of it.
    defaults: Option<DefaultsBody>,
    /// Whether a bad value in any field is refused (422) instead of kept in `extra`; false unless
    /// given.
    strict: Option<bool>,
    /// The sender's own names, or dotted paths into nested bodies, to the documented names; 100 at
    /// most. In a change they are merged by name, null removes.
    #[schema(example = json!({"Ваше имя": "name"}))]
    mapping: Option<BTreeMap<String, Option<String>>>,
    /// What is answered when all is well, instead of the lead.
    answer: Option<AnswerBody>,
    /// Two letters of ISO 3166: the country of phones without a country code; `RU` unless given.
    #[schema(example = "RU")]
    phone_region: Option<String>,
    /// Where a browser is sent on (303) when all is well: `http://` or `https://`, without user
    /// name and password, at most 2048 characters.
    redirect_url: Option<String>,
    /// A field that people do not see and leave blank; what fills it is spam. Empty: none.
    honeypot: Option<String>,
    /// How fast requests may come.
    limits: Option<LimitsRequest>,
    /// Whether leads become clients and orders by themselves (true unless given), or wait in the
    /// inbox for `POST /leads/{id}/convert`.
    auto_convert: Option<bool>,
    /// Whether `GET` with a query brings a lead as well.
    accept_get: Option<bool>,
}

/// Limits to set; 0: no limit.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct LimitsRequest {
    /// Requests per second to the URL, up to 100000.
    per_second: Option<u32>,
    /// How many may come at once before `per_second` counts, 1 to 100000.
    burst: Option<u32>,
    /// Requests per minute from one address, up to 100000.
    per_address_per_minute: Option<u32>,
}

/// What a lead gets that says nothing of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct DefaultsBody {
    /// Entry of the directory `origin`; the lead's `sourceId`.
    id_origin: Option<i64>,
    /// Stage that the order starts in; the lead's `funnelStageId`.
    id_status: Option<i64>,
    /// Responsible employee; the lead's `userIdOwner`.
    id_owner: Option<i64>,
    /// Entry of the directory `office`; the lead's `locationUnitId`.
    id_office: Option<i64>,
    /// Entry of the directory `city`; the lead's `locationCityId`.
    id_city: Option<i64>,
}

/// An answer of the source's own.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AnswerBody {
    /// 200 to 299.
    #[schema(example = 200)]
    status: u16,
    /// Up to 255 characters.
    #[schema(example = "text/plain; charset=utf-8")]
    content_type: String,
    /// Up to 4 KiB.
    #[schema(example = "ok")]
    body: String,
}

impl From<Answer> for AnswerBody {
    fn from(answer: Answer) -> Self {
        Self {
            status: answer.status,
            content_type: answer.content_type,
            body: answer.body,
        }
    }
}

/// How fast requests may come; 0: no limit.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct LimitsBody {
    /// Requests per second to the URL.
    per_second: u32,
    /// How many may come at once before `per_second` counts.
    burst: u32,
    /// Requests per minute from one address.
    per_address_per_minute: u32,
}

impl From<Limits> for LimitsBody {
    fn from(limits: Limits) -> Self {
        Self {
            per_second: limits.per_second,
            burst: limits.burst,
            per_address_per_minute: limits.per_address_per_minute,
        }
    }
}

/// A source. Every setting is shown as it holds; `from_preset` names those that nobody set.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct SourceResponse {
    /// Its id.
    id: i64,
    /// Which sender it is made for.
    r#type: &'static str,
    /// What managers call it.
    name: String,
    /// Whether it takes leads.
    active: bool,
    /// Where senders post leads to. It lets anybody post, so a token without `leads:write` sees
    /// `***` in place of its secret part.
    #[schema(example = "https://in.example.com/in/Zk3vT0Wq6y1m9s8xJc2bLg")]
    url: String,
    /// The secret part of `url`.
    token: String,
    /// What a lead gets that says nothing of it.
    defaults: DefaultsBody,
    /// Whether a bad value in any field is refused (422).
    strict: bool,
    /// The sender's own names to the documented names.
    mapping: BTreeMap<String, String>,
    /// What is answered when all is well; null: the lead, as documented.
    answer: Option<AnswerBody>,
    /// The country of phones without a country code.
    phone_region: String,
    /// Where a browser is sent on when all is well.
    redirect_url: Option<String>,
    /// A field that people leave blank; empty: none.
    honeypot: String,
    /// How fast requests may come.
    limits: LimitsBody,
    /// Whether leads become clients and orders by themselves.
    auto_convert: bool,
    /// Whether `GET` with a query brings a lead as well.
    accept_get: bool,
    /// The settings that are as the preset says, such as `limits.burst`. One that is sent back as
    /// it was read stays the preset's; null makes it the preset's again.
    #[schema(value_type = Vec<String>)]
    from_preset: Vec<&'static str>,
    /// How to try it.
    samples: Samples,
    /// Grows by one with each change; the `ETag`.
    revision: i64,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// RFC 3339.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl SourceResponse {
    fn new(source: &Source, base: &InboundBase, caller: &Caller) -> Self {
        let token = if caller.scopes.permits(Scope::LeadsWrite) {
            &source.token
        } else {
            MASK
        };
        let url = base.url_of(token);
        let effective = source.effective();
        let defaults = &source.settings.defaults;
        Self {
            id: source.id.0,
            r#type: source.preset.name,
            name: source.name.clone(),
            active: source.active,
            token: token.to_owned(),
            defaults: DefaultsBody {
                id_origin: defaults.origin_id,
                id_status: defaults.stage_id,
                id_owner: defaults.owner_id,
                id_office: defaults.office_id,
                id_city: defaults.city_id,
            },
            strict: source.settings.strict,
            mapping: source.settings.mapping.clone(),
            phone_region: effective.phone_region.to_string(),
            redirect_url: source.settings.redirect_url.clone(),
            limits: effective.limits.into(),
            auto_convert: effective.auto_convert,
            accept_get: effective.accept_get,
            from_preset: source.names_of_preset(),
            samples: Samples::of(&url, source.preset.name, &effective),
            url,
            answer: effective.answer.map(AnswerBody::from),
            honeypot: effective.honeypot,
            revision: source.revision,
            created_at: source.created_at.to_rfc3339(),
            updated_at: source.updated_at.to_rfc3339(),
        }
    }
}
