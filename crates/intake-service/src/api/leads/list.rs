//! `GET /leads`.

use actix_web::web::Data;
use events::AccountId;
use http_api::{ApiError, Authorized, LeadsRead, Page, QueryParams, ReadProblems, code};
use serde_json::{Map, Value};
use utoipa::IntoParams;

use super::LeadResponse;
use super::contacts::Contact;
use crate::answer::managed_lead_body;
use crate::domain::lead::LeadState;
use crate::state::AppState;
use crate::store::lead_list::{self, LeadList};

/// What a list of leads can be narrowed by; all but times may be repeated.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the query string; QueryParams reads it")]
pub(crate) struct LeadListParams {
    /// With this phone, in any spelling that means the same number.
    phone: Option<Vec<String>>,
    /// With this email, in any case.
    email: Option<Vec<String>>,
    /// `new`, `converting`, `converted` or `rejected`.
    state: Option<Vec<String>>,
    /// That came in by this source.
    intake_source_id: Option<Vec<i64>>,
    /// With this id of the sender's own.
    remote_id: Option<Vec<String>>,
    /// Of this advertising source, an entry of the directory `origin`.
    source_id: Option<Vec<i64>>,
    /// That became this client.
    client_id: Option<Vec<i64>>,
    /// That became this order.
    order_id: Option<Vec<i64>>,
    /// That came at or after this time (RFC 3339 or Unix seconds).
    #[param(rename = "created_from")]
    created_from: Option<String>,
    /// That came before this time.
    #[param(rename = "created_to")]
    created_to: Option<String>,
    /// Last changed at or after this time.
    #[param(rename = "updated_from")]
    updated_from: Option<String>,
    /// Last changed before this time.
    #[param(rename = "updated_to")]
    updated_to: Option<String>,
    /// 1 to 200; 50 if left out.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Leads, newest first.
#[utoipa::path(
    get,
    path = "/leads",
    tag = "leads",
    params(LeadListParams),
    responses(
        (status = 200, description = "A page of leads", body = Page<LeadResponse>),
        ReadProblems,
    )
)]
pub(crate) async fn list_leads(
    state: Data<AppState>,
    caller: Authorized<LeadsRead>,
    mut query: QueryParams,
) -> Result<Page<Map<String, Value>>, ApiError> {
    let states = LeadState::ALL.map(|state| (state.as_str(), state.as_str()));
    let mut list = LeadList {
        phones: Vec::new(),
        emails: Vec::new(),
        states: query.any_of("state", &states),
        source_ids: query.ids("intakeSourceId"),
        remote_ids: query.texts("remoteId"),
        origin_ids: query.ids("sourceId"),
        client_ids: query.ids("clientId"),
        order_ids: query.ids("orderId"),
        created: query.time_range("created"),
        updated: query.time_range("updated"),
        page: query.page(),
    };
    for contact in read_contacts(&mut query) {
        match contact {
            Contact::Phone(e164) => list.phones.push(e164),
            Contact::Email(normalized) => list.emails.push(normalized),
        }
    }
    query.finish()?;
    let (account_id, page) = (AccountId(caller.account_id), list.page);
    let found = state
        .read(move |conn| Ok(lead_list::list_leads(conn, account_id, &list)?))
        .await?;
    Ok(Page::from_rows(
        found,
        &page,
        |lead| lead.id.0,
        |lead| managed_lead_body(&lead),
    ))
}

fn read_contacts(query: &mut QueryParams) -> Vec<Contact> {
    let phones = query.texts("phone");
    let mut contacts: Vec<_> = phones.iter().map(|text| Contact::phone(text)).collect();
    if contacts.contains(&None) {
        query.error(
            "phone",
            code::INVALID,
            "Send a whole phone number, such as 79998888888.",
        );
    }
    let emails = query.texts("email");
    let emails: Vec<_> = emails.iter().map(|text| Contact::email(text)).collect();
    if emails.contains(&None) {
        query.error("email", code::INVALID, "Send a whole email address.");
    }
    contacts.extend(emails);
    contacts.into_iter().flatten().collect()
}
