//! The OpenAPI document of this service's resources.

use utoipa::OpenApi;

use crate::api;

#[derive(OpenApi)]
#[openapi(paths(
    api::webhooks::list::list_webhooks,
    api::webhooks::create::create_webhook,
    api::webhooks::get::get_webhook,
    api::webhooks::update::update_webhook,
    api::webhooks::delete::delete_webhook,
    api::webhooks::test::test_webhook,
    api::preview::preview_webhook,
    api::explain::get::explain_webhook,
    api::triggers::list::list_triggers,
    api::triggers::create::create_trigger,
    api::triggers::get::get_trigger,
    api::triggers::update::update_trigger,
    api::triggers::delete::delete_trigger,
    api::triggers::test::test_trigger,
    api::preview::preview_trigger,
    api::explain::get::explain_trigger,
    api::deliveries::list::list_deliveries,
    api::deliveries::get::get_delivery,
    api::deliveries::retry::retry_delivery,
))]
struct Document;

/// All resources, with paths relative to `/api/v1`.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
