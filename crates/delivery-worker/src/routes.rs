//! The whole URL map, relative to `/api/v1`.

use actix_web::web::{ServiceConfig, delete, get, patch, post, resource};

use crate::api::{deliveries, explain, preview, replays, triggers, webhooks};

/// Registers every resource of this service.
pub(crate) fn register(app: &mut ServiceConfig) {
    app.service(
        resource("/webhooks")
            .route(get().to(webhooks::list_webhooks))
            .route(post().to(webhooks::create_webhook)),
    )
    .service(
        resource("/webhooks/{id}")
            .route(get().to(webhooks::get_webhook))
            .route(patch().to(webhooks::update_webhook))
            .route(delete().to(webhooks::delete_webhook)),
    )
    .service(resource("/webhooks/{id}/pause").route(post().to(webhooks::pause_webhook)))
    .service(resource("/webhooks/{id}/resume").route(post().to(webhooks::resume_webhook)))
    .service(resource("/webhooks/{id}/test").route(post().to(webhooks::test_webhook)))
    .service(
        resource("/webhooks/{id}/secret/rotate").route(post().to(webhooks::rotate_webhook_secret)),
    )
    .service(
        resource("/webhooks/{id}/public-key").route(get().to(webhooks::get_webhook_public_key)),
    )
    .service(resource("/webhooks/{id}/preview").route(post().to(preview::preview_webhook)))
    .service(resource("/webhooks/{id}/explain").route(get().to(explain::explain_webhook)))
    .service(resource("/webhooks/{id}/replay").route(post().to(replays::replay_webhook)))
    .service(
        resource("/triggers")
            .route(get().to(triggers::list_triggers))
            .route(post().to(triggers::create_trigger)),
    )
    .service(
        resource("/triggers/{id}")
            .route(get().to(triggers::get_trigger))
            .route(patch().to(triggers::update_trigger))
            .route(delete().to(triggers::delete_trigger)),
    )
    .service(resource("/triggers/{id}/pause").route(post().to(triggers::pause_trigger)))
    .service(resource("/triggers/{id}/resume").route(post().to(triggers::resume_trigger)))
    .service(resource("/triggers/{id}/test").route(post().to(triggers::test_trigger)))
    .service(
        resource("/triggers/{id}/secret/rotate").route(post().to(triggers::rotate_trigger_secret)),
    )
    .service(
        resource("/triggers/{id}/public-key").route(get().to(triggers::get_trigger_public_key)),
    )
    .service(resource("/triggers/{id}/preview").route(post().to(preview::preview_trigger)))
    .service(resource("/triggers/{id}/explain").route(get().to(explain::explain_trigger)))
    .service(resource("/triggers/{id}/replay").route(post().to(replays::replay_trigger)))
    .service(resource("/replays").route(get().to(replays::list_replays)))
    .service(resource("/replays/{id}").route(get().to(replays::get_replay)))
    .service(resource("/replays/{id}/cancel").route(post().to(replays::cancel_replay)))
    .service(resource("/deliveries").route(get().to(deliveries::list_deliveries)))
    // Before the route that would take "retry" for an id.
    .service(resource("/deliveries/retry").route(post().to(replays::retry_deliveries)))
    .service(resource("/deliveries/{id}").route(get().to(deliveries::get_delivery)))
    .service(resource("/deliveries/{id}/retry").route(post().to(deliveries::retry_delivery)));
}
