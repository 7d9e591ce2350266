//! `GET /clients`.

use actix_web::web::Data;
use database::Connection;
use events::{AccountId, ClientSnapshot};
use http_api::{ApiError, Authorized, Page, QueryParams, ReadProblems, RecordsRead, code};
use serde_json::Value;
use utoipa::IntoParams;

use super::{ClientResponse, show};
use crate::domain::client::{normalized_email, normalized_phone};
use crate::domain::stored::Stored;
use crate::state::AppState;
use crate::store::client_fields::list_fields_of_clients;
use crate::store::clients::{self, ClientList};
use crate::store::error::StoreError;

/// What a list of clients can be narrowed by; all but times may be repeated.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query string; QueryParams reads it")]
pub(crate) struct ClientListParams {
    /// In these statuses.
    id_status: Option<Vec<i64>>,
    /// With this phone, in any spelling that means the same number.
    phone: Option<Vec<String>>,
    /// With this email, in any case.
    email: Option<Vec<String>>,
    /// Added at or after this time (RFC 3339 or Unix seconds).
    created_from: Option<String>,
    /// Added before this time.
    created_to: Option<String>,
    /// Last changed at or after this time.
    updated_from: Option<String>,
    /// Last changed before this time.
    updated_to: Option<String>,
    /// 1 to 200; 50 if left out.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Clients, newest first.
#[utoipa::path(
    get,
    path = "/clients",
    tag = "clients",
    params(ClientListParams),
    responses(
        (status = 200, description = "A page of clients", body = Page<ClientResponse>),
        ReadProblems,
    )
)]
pub(crate) async fn list_clients(
    state: Data<AppState>,
    caller: Authorized<RecordsRead>,
    mut query: QueryParams,
) -> Result<Page<Value>, ApiError> {
    let list = ClientList {
        status_ids: query.ids("id_status"),
        phones: read_phones(&mut query),
        emails: read_emails(&mut query),
        created: query.time_range("created"),
        updated: query.time_range("updated"),
        page: query.page(),
    };
    query.finish()?;
    let account_id = AccountId(caller.account_id);
    let page = list.page;
    let found = state
        .read(move |conn| load(conn, account_id, &list))
        .await?;
    Ok(Page::from_rows(
        found,
        &page,
        |client| client.record.id.0,
        |client| show(&client),
    ))
}

fn load(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    list: &ClientList,
) -> Result<Vec<Stored<ClientSnapshot>>, StoreError> {
    let mut found = clients::list_clients(conn, account_id, list)?;
    let ids: Vec<i64> = found.iter().map(|client| client.record.id.0).collect();
    let mut fields = list_fields_of_clients(conn, account_id, &ids)?;
    for client in &mut found {
        client.record.fields = fields.remove(&client.record.id.0).unwrap_or_default();
    }
    Ok(found)
}

fn read_phones(query: &mut QueryParams) -> Vec<String> {
    let phones: Vec<_> = query
        .texts("phone")
        .iter()
        .map(|text| normalized_phone(text))
        .collect();
    if phones.contains(&None) {
        query.error(
            "phone",
            code::INVALID,
            "Send a whole phone number, such as 79998888888.",
        );
    }
    phones.into_iter().flatten().collect()
}

fn read_emails(query: &mut QueryParams) -> Vec<String> {
    let emails: Vec<_> = query
        .texts("email")
        .iter()
        .map(|text| normalized_email(text))
        .collect();
    if emails.contains(&None) {
        query.error("email", code::INVALID, "Send a whole email address.");
    }
    emails.into_iter().flatten().collect()
}
