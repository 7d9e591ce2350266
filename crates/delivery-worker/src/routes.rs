//! The whole URL map, relative to `/api/v1`.

use actix_web::web::{ServiceConfig, delete, get, patch, post, resource};

use crate::api::{deliveries, explain, preview, triggers, webhooks};

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
    .service(resource("/webhooks/{id}/test").route(post().to(webhooks::test_webhook)))
    .service(resource("/webhooks/{id}/preview").route(post().to(preview::preview_webhook)))
    .service(resource("/webhooks/{id}/explain").route(get().to(explain::explain_webhook)))
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
    .service(resource("/triggers/{id}/test").route(post().to(triggers::test_trigger)))
    .service(resource("/triggers/{id}/preview").route(post().to(preview::preview_trigger)))
    .service(resource("/triggers/{id}/explain").route(get().to(explain::explain_trigger)))
    .service(resource("/deliveries").route(get().to(deliveries::list_deliveries)))
    .service(resource("/deliveries/{id}").route(get().to(deliveries::get_delivery)))
    .service(resource("/deliveries/{id}/retry").route(post().to(deliveries::retry_delivery)));
}
