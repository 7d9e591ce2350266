//! The whole URL map.

use actix_web::web::{ServiceConfig, delete, get, patch, post, resource, route};

use crate::api::{leads, requests, sources};
use crate::inbound::take_request;

/// Registers the inbound URLs, relative to the root.
pub(crate) fn register_inbound(app: &mut ServiceConfig) {
    // Every method: what is not taken is answered in S1's form as well.
    app.service(resource("/in/{token}").route(route().to(take_request)));
}

/// Registers the resources, relative to `/api/v1`.
pub(crate) fn register(app: &mut ServiceConfig) {
    app.service(
        resource("/sources")
            .route(get().to(sources::list_sources))
            .route(post().to(sources::create_source)),
    )
    .service(
        resource("/sources/{id}")
            .route(get().to(sources::get_source))
            .route(patch().to(sources::update_source))
            .route(delete().to(sources::delete_source)),
    )
    .service(resource("/sources/{id}/rotate-token").route(post().to(sources::rotate_token)));
    register_leads(app);
    register_requests(app);
}

fn register_requests(app: &mut ServiceConfig) {
    app.service(resource("/sources/{id}/requests").route(get().to(requests::list_requests)))
        .service(resource("/intake-requests/{id}").route(get().to(requests::get_request)))
        .service(
            resource("/intake-requests/{id}/replay").route(post().to(requests::replay_request)),
        );
}

fn register_leads(app: &mut ServiceConfig) {
    app.service(resource("/leads").route(get().to(leads::list_leads)))
        .service(resource("/leads/erase").route(post().to(leads::erase_person)))
        .service(
            resource("/leads/{id}")
                .route(get().to(leads::get_lead))
                .route(patch().to(leads::update_lead))
                .route(delete().to(leads::delete_lead)),
        )
        .service(resource("/leads/{id}/convert").route(post().to(leads::convert_lead)))
        .service(resource("/leads/{id}/reject").route(post().to(leads::reject_lead)))
        .service(resource("/leads/{id}/reopen").route(post().to(leads::reopen_lead)));
}
