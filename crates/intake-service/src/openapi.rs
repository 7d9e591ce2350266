//! The OpenAPI document of this service's resources.

use utoipa::OpenApi;

use crate::{api, inbound};

#[derive(OpenApi)]
#[openapi(
    paths(
        api::sources::list::list_sources,
        api::sources::create::create_source,
        api::sources::get::get_source,
        api::sources::update::update_source,
        api::sources::delete::delete_source,
        api::sources::rotate_token::rotate_token,
        api::requests::list::list_requests,
        api::requests::get::get_request,
        api::requests::replay::replay_request,
        api::leads::list::list_leads,
        api::leads::get::get_lead,
        api::leads::update::update_lead,
        api::leads::delete::delete_lead,
        api::leads::convert::convert_lead,
        api::leads::reject::reject_lead,
        api::leads::reopen::reopen_lead,
        api::leads::erase::erase_person,
        inbound::document::post_lead,
        inbound::document::get_lead,
        inbound::document::head,
        inbound::document::options,
    ),
    components(schemas(
        inbound::document::TakenLeadResponse,
        inbound::document::TakenLead,
        inbound::document::InboundErrors,
    ))
)]
struct Document;

/// All resources, with paths relative to `/api/v1`, and the inbound URL.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    inbound::document::place(&mut document);
    document
}
