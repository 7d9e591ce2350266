//! The OpenAPI document of this service's resources.

use utoipa::OpenApi;

use crate::api;

#[derive(OpenApi)]
#[openapi(paths(
    api::orders::list::list_orders,
    api::orders::create::create_order,
    api::orders::get::get_order,
    api::orders::update::update_order,
    api::orders::delete::delete_order,
    api::tasks::delete_of_order::delete_tasks_of_order,
    api::tasks::list::list_tasks,
    api::tasks::create::create_task,
    api::tasks::get::get_task,
    api::tasks::update::update_task,
    api::tasks::delete::delete_task,
    api::clients::list::list_clients,
    api::clients::create::create_client,
    api::clients::get::get_client,
    api::clients::update::update_client,
    api::clients::delete::delete_client,
    api::pipelines::list::list_pipelines,
    api::pipelines::create::create_pipeline,
    api::pipelines::get::get_pipeline,
    api::pipelines::update::update_pipeline,
    api::pipelines::delete::delete_pipeline,
    api::stages::list::list_stages,
    api::stages::create::create_stage,
    api::stages::get::get_stage,
    api::stages::update::update_stage,
    api::stages::delete::delete_stage,
    api::directories::list::list_entries,
    api::directories::create::create_entry,
    api::directories::get::get_entry,
    api::directories::update::update_entry,
    api::directories::delete::delete_entry,
    api::custom_fields::list::list_custom_fields,
    api::custom_fields::create::create_custom_field,
    api::custom_fields::get::get_custom_field,
    api::custom_fields::update::update_custom_field,
    api::custom_fields::delete::delete_custom_field,
    api::accounts::list::list_accounts,
    api::accounts::get::get_account,
    api::accounts::update::update_account,
    api::tokens::list::list_tokens,
    api::tokens::create::create_token,
    api::tokens::get::get_token,
    api::tokens::revoke::revoke_token,
    api::events::list::list_events,
))]
struct Document;

/// All resources, with paths relative to `/api/v1`.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use actix_web::App;
    use actix_web::http::{Method, StatusCode};
    use actix_web::test::{TestRequest, init_service, try_call_service};
    use events::rest::{client_body, order_body, task_body};
    use events::{PipelineId, PipelineSummary, StageId, StageKind, StageSummary, Timestamp};
    use serde_json::Value;

    use super::*;
    use crate::api::settings::SERVER_KEYS;
    use crate::domain::order::Placement;
    use crate::domain::{client, order, task};
    use crate::routes;

    fn bodies() -> [(&'static str, Value); 3] {
        let now = Timestamp(0);
        let placement = Placement {
            stage: StageSummary {
                id: StageId(1),
                name: "Новая".to_owned(),
                kind: StageKind::Open,
            },
            pipeline: PipelineSummary {
                id: PipelineId(1),
                name: "Продажи".to_owned(),
            },
        };
        [
            ("Order", order_body(&order::blank(placement, now), 1)),
            ("Task", task_body(&task::blank(now), 1)),
            ("Client", client_body(&client::blank(now), 1)),
        ]
    }

    fn documented(document: &Value, schema: &str) -> BTreeSet<String> {
        let properties = &document["components"]["schemas"][schema]["properties"];
        properties.as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn records_are_documented_key_by_key() {
        let document = serde_json::to_value(document()).unwrap();
        for (name, body) in bodies() {
            let mut keys: BTreeSet<String> = body.as_object().unwrap().keys().cloned().collect();
            assert_eq!(documented(&document, &format!("{name}Response")), keys);
            keys.retain(|key| !SERVER_KEYS.contains(&key.as_str()));
            assert_eq!(documented(&document, &format!("{name}Request")), keys);
        }
    }

    #[actix_web::test]
    async fn every_documented_operation_is_served() {
        let app = init_service(App::new().configure(routes::register)).await;
        let document = document();
        let operations = http_api::operations(&document);
        for (path, method, _) in &operations {
            let method: Method = method.parse().unwrap();
            let uri = path.replace("{kind}", "city").replace("{id}", "1");
            let request = TestRequest::with_uri(&uri.replace("{stage_id}", "1"))
                .method(method.clone())
                .to_request();
            // Without its state no handler runs, but a route was met.
            let status = match try_call_service(&app, request).await {
                Ok(response) => response.status(),
                Err(error) => error.as_response_error().status_code(),
            };
            assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{method} {path}");
        }
    }
}
