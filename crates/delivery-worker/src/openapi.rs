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
    api::webhooks::pause::pause_webhook,
    api::webhooks::resume::resume_webhook,
    api::webhooks::test::test_webhook,
    api::webhooks::secret::rotate_webhook_secret,
    api::webhooks::secret::get_webhook_public_key,
    api::preview::preview_webhook,
    api::explain::get::explain_webhook,
    api::triggers::list::list_triggers,
    api::triggers::create::create_trigger,
    api::triggers::get::get_trigger,
    api::triggers::update::update_trigger,
    api::triggers::delete::delete_trigger,
    api::triggers::pause::pause_trigger,
    api::triggers::resume::resume_trigger,
    api::triggers::test::test_trigger,
    api::triggers::secret::rotate_trigger_secret,
    api::triggers::secret::get_trigger_public_key,
    api::preview::preview_trigger,
    api::explain::get::explain_trigger,
    api::deliveries::list::list_deliveries,
    api::deliveries::get::get_delivery,
    api::deliveries::retry::retry_delivery,
    api::replays::retry::retry_deliveries,
    api::replays::create::replay_webhook,
    api::replays::create::replay_trigger,
    api::replays::list::list_replays,
    api::replays::get::get_replay,
    api::replays::cancel::cancel_replay,
))]
struct Document;

/// All resources, with paths relative to `/api/v1`.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
