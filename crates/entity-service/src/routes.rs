//! The whole URL map, relative to `/api/v1`.

use actix_web::web::{ServiceConfig, delete, get, patch, post, resource};

use crate::api::{
    accounts, clients, custom_fields, directories, events, orders, pipelines, stages, tasks, tokens,
};

/// Registers every resource of this service.
pub(crate) fn register(app: &mut ServiceConfig) {
    app.service(
        resource("/orders")
            .route(get().to(orders::list_orders))
            .route(post().to(orders::create_order)),
    )
    .service(
        resource("/orders/{id}")
            .route(get().to(orders::get_order))
            .route(patch().to(orders::update_order))
            .route(delete().to(orders::delete_order)),
    )
    .service(resource("/orders/{id}/tasks").route(delete().to(tasks::delete_tasks_of_order)))
    .service(
        resource("/tasks")
            .route(get().to(tasks::list_tasks))
            .route(post().to(tasks::create_task)),
    )
    .service(
        resource("/tasks/{id}")
            .route(get().to(tasks::get_task))
            .route(patch().to(tasks::update_task))
            .route(delete().to(tasks::delete_task)),
    )
    .service(
        resource("/clients")
            .route(get().to(clients::list_clients))
            .route(post().to(clients::create_client)),
    )
    .service(
        resource("/clients/{id}")
            .route(get().to(clients::get_client))
            .route(patch().to(clients::update_client))
            .route(delete().to(clients::delete_client)),
    );
    register_settings(app);
    register_account(app);
}

/// What records refer to.
fn register_settings(app: &mut ServiceConfig) {
    app.service(
        resource("/pipelines")
            .route(get().to(pipelines::list_pipelines))
            .route(post().to(pipelines::create_pipeline)),
    )
    .service(
        resource("/pipelines/{id}")
            .route(get().to(pipelines::get_pipeline))
            .route(patch().to(pipelines::update_pipeline))
            .route(delete().to(pipelines::delete_pipeline)),
    )
    .service(
        resource("/pipelines/{id}/stages")
            .route(get().to(stages::list_stages))
            .route(post().to(stages::create_stage)),
    )
    .service(
        resource("/pipelines/{id}/stages/{stage_id}")
            .route(get().to(stages::get_stage))
            .route(patch().to(stages::update_stage))
            .route(delete().to(stages::delete_stage)),
    )
    .service(
        resource("/directories/{kind}")
            .route(get().to(directories::list_entries))
            .route(post().to(directories::create_entry)),
    )
    .service(
        resource("/directories/{kind}/{id}")
            .route(get().to(directories::get_entry))
            .route(patch().to(directories::update_entry))
            .route(delete().to(directories::delete_entry)),
    )
    .service(
        resource("/custom-fields")
            .route(get().to(custom_fields::list_custom_fields))
            .route(post().to(custom_fields::create_custom_field)),
    )
    .service(
        resource("/custom-fields/{id}")
            .route(get().to(custom_fields::get_custom_field))
            .route(patch().to(custom_fields::update_custom_field))
            .route(delete().to(custom_fields::delete_custom_field)),
    );
}

/// The account itself, its tokens and its feed.
fn register_account(app: &mut ServiceConfig) {
    app.service(resource("/accounts").route(get().to(accounts::list_accounts)))
        .service(
            resource("/accounts/{id}")
                .route(get().to(accounts::get_account))
                .route(patch().to(accounts::update_account)),
        )
        .service(
            resource("/tokens")
                .route(get().to(tokens::list_tokens))
                .route(post().to(tokens::create_token)),
        )
        .service(
            resource("/tokens/{id}")
                .route(get().to(tokens::get_token))
                .route(delete().to(tokens::revoke_token)),
        )
        .service(resource("/events").route(get().to(events::list_events)));
}
