//! `/leads`: who came in, and what became of them.

mod contacts;
pub(crate) mod convert;
pub(crate) mod delete;
pub(crate) mod erase;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod reject;
pub(crate) mod reopen;
mod settings;
pub(crate) mod update;

pub(crate) use convert::convert_lead;
pub(crate) use delete::delete_lead;
pub(crate) use erase::erase_person;
pub(crate) use get::get_lead;
pub(crate) use list::list_leads;
pub(crate) use reject::reject_lead;
pub(crate) use reopen::reopen_lead;
pub(crate) use update::update_lead;

use database::Connection;
use events::{AccountId, LeadId};
use http_api::{ApiError, IfMatch, Record};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::answer::managed_lead_body;
use crate::domain::lead::Lead;
use crate::store::error::StoreError;
use crate::store::leads::find_lead;
use crate::store::narrowing::Lock;

/// What shall change of a lead (RFC 7396); null clears. Only a lead that is `new` or `rejected` can
/// be changed: of the others a client and an order exist or are being made, so change those.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct UpdateLeadRequest {
    /// Up to 255 characters.
    name: Option<String>,
    /// In any spelling; a lead keeps a phone or an email.
    #[schema(example = "+7 999 888-88-88")]
    phone: Option<String>,
    /// A valid address.
    email: Option<String>,
    /// Advertising source, an entry of the directory `origin`.
    source_id: Option<i64>,
    /// Responsible employee.
    user_id_owner: Option<i64>,
    /// Entry of the directory `office`.
    location_unit_id: Option<i64>,
    /// Entry of the directory `city`.
    location_city_id: Option<i64>,
    /// Stage that the order shall start in.
    funnel_stage_id: Option<i64>,
    /// Budget, in whole units.
    cost: Option<i64>,
    /// UTM mark; this and the other marks up to 2048 characters.
    utm_source: Option<String>,
    /// UTM mark.
    utm_medium: Option<String>,
    /// UTM mark.
    utm_campaign: Option<String>,
    /// UTM mark.
    utm_content: Option<String>,
    /// UTM mark.
    utm_term: Option<String>,
    /// UTM mark.
    utm_referrer: Option<String>,
    /// Openstat mark.
    openstat_service: Option<String>,
    /// Openstat mark.
    openstat_campaign: Option<String>,
    /// Openstat mark.
    openstat_ad: Option<String>,
    /// Openstat mark.
    openstat_source: Option<String>,
    /// Mark.
    from: Option<String>,
    /// Click or visitor id.
    yclid: Option<String>,
    /// Click or visitor id.
    ymclid: Option<String>,
    /// Click or visitor id.
    ym_client_id: Option<String>,
    /// Click or visitor id.
    gclid: Option<String>,
    /// Click or visitor id.
    yqrid: Option<String>,
    /// Click or visitor id.
    fbclid: Option<String>,
    /// Click or visitor id.
    roistat_id: Option<String>,
    /// Address of the page before.
    referrer: Option<String>,
    /// The visitor's address, as sent.
    ip: Option<String>,
}

/// A lead.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; the module answer writes it")]
pub(crate) struct LeadResponse {
    /// Its id.
    id: i64,
    /// The lowest lead with the same phone or email when this one came; null if it was the first.
    first_id: Option<i64>,
    /// As sent.
    name: Option<String>,
    /// Advertising source, an entry of the directory `origin`.
    source_id: Option<i64>,
    /// The client that it became.
    client_id: Option<i64>,
    /// Digits, the country code first where the number is a whole one.
    phone: Option<String>,
    /// As sent.
    email: Option<String>,
    /// Always null.
    not_answer: Option<i64>,
    /// Always null.
    user_id_create: Option<i64>,
    /// Always null.
    user_id_update: Option<i64>,
    /// When it came, Unix seconds.
    dt_create: i64,
    /// When it last changed, Unix seconds.
    dt_update: i64,
    /// Always null.
    dt_not_answer: Option<i64>,
    /// Office.
    location_unit_id: Option<i64>,
    /// City.
    location_city_id: Option<i64>,
    /// Stage that the order shall start in.
    funnel_stage_id: Option<i64>,
    /// Responsible employee.
    user_id_owner: Option<i64>,
    /// How many other leads had the same phone or email when this one came.
    other_count: i64,
    /// Budget.
    cost: Option<i64>,
    /// The sender's own id: an integer, or text where it is none.
    #[schema(value_type = Option<Value>)]
    remote_id: Option<Value>,
    /// UTM mark.
    utm_source: Option<String>,
    /// UTM mark.
    utm_medium: Option<String>,
    /// UTM mark.
    utm_campaign: Option<String>,
    /// UTM mark.
    utm_content: Option<String>,
    /// UTM mark.
    utm_term: Option<String>,
    /// UTM mark.
    utm_referrer: Option<String>,
    /// Openstat mark.
    openstat_service: Option<String>,
    /// Openstat mark.
    openstat_campaign: Option<String>,
    /// Openstat mark.
    openstat_ad: Option<String>,
    /// Openstat mark.
    openstat_source: Option<String>,
    /// Mark.
    from: Option<String>,
    /// Click or visitor id.
    yclid: Option<String>,
    /// Click or visitor id.
    ymclid: Option<String>,
    /// Click or visitor id.
    ym_client_id: Option<String>,
    /// Click or visitor id.
    gclid: Option<String>,
    /// Click or visitor id.
    yqrid: Option<String>,
    /// Click or visitor id.
    fbclid: Option<String>,
    /// Click or visitor id.
    roistat_id: Option<String>,
    /// Address of the page before.
    referrer: Option<String>,
    /// The visitor's address, as sent.
    ip: Option<String>,
    /// The order that it became.
    order_id: Option<i64>,
    /// `new`: waits in the inbox; `converting`: a client and an order are being made; `converted`;
    /// `rejected`.
    state: String,
    /// Why it was rejected.
    reject_reason: Option<String>,
    /// What was sent besides, and what could not be taken where it belongs.
    #[schema(value_type = Object)]
    extra: Map<String, Value>,
    /// Sentences for the manager.
    warnings: Vec<String>,
    /// The source that it came in by.
    intake_source_id: i64,
    /// The journal's entry of the request that brought it.
    request_id: Option<i64>,
    /// Grows by one with each change; the `ETag`.
    revision: i64,
    /// RFC 3339.
    #[schema(format = DateTime, rename = "created_at")]
    created_at: String,
    /// RFC 3339.
    #[schema(format = DateTime, rename = "updated_at")]
    updated_at: String,
}

/// A lead as managers see it.
type LeadRecord = Record<Map<String, Value>>;

fn show(lead: &Lead) -> LeadRecord {
    Record::new(lead.revision, managed_lead_body(lead))
}

/// The lead, kept from other writers until the transaction ends.
fn lock_lead(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: LeadId,
    if_match: &IfMatch,
) -> Result<Lead, StoreError> {
    let lead = find_lead(conn, account_id, id, Lock::Write)?.ok_or(ApiError::NotFound)?;
    if_match.check(lead.revision)?;
    Ok(lead)
}

fn conflict(detail: &str) -> StoreError {
    StoreError::Refused(ApiError::Conflict {
        detail: detail.to_owned(),
    })
}
