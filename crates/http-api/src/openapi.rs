//! The OpenAPI document: parts that every service shares, and putting the services' parts together.

use std::collections::BTreeMap;

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, Content, InfoBuilder, OpenApi, OpenApiBuilder, Paths, Ref, RefOr, Response,
    ResponseBuilder, ServerBuilder,
};
use utoipa::{IntoResponses, PartialSchema};

use crate::problem::{FieldError, PROBLEM_CONTENT_TYPE, Problem};

/// Where every service's resources hang.
pub const API_PREFIX: &str = "/api/v1";

const BEARER: &str = "bearer";

/// What any authorized read may answer besides its success; for `responses(…)` of a handler.
#[derive(Debug, Clone, Copy)]
pub struct ReadProblems;

/// What any authorized write may answer besides its success; for `responses(…)` of a handler.
#[derive(Debug, Clone, Copy)]
pub struct WriteProblems;

type Responses = BTreeMap<String, RefOr<Response>>;

impl IntoResponses for ReadProblems {
    fn responses() -> Responses {
        problems(&[
            ("400", "A query parameter or header cannot be read"),
            ("401", "No valid API token"),
            ("403", "The token lacks the scope"),
            ("404", "Nothing here, or nothing of this account"),
            ("503", "Something needed is away; see Retry-After"),
        ])
    }
}

impl IntoResponses for WriteProblems {
    fn responses() -> Responses {
        let mut all = ReadProblems::responses();
        all.extend(problems(&[
            ("409", "In use, or in conflict with the current state"),
            ("412", "If-Match names another revision"),
            ("413", "The body is larger than 1 MiB"),
            ("415", "The body is not JSON by its Content-Type"),
            ("422", "Fields are wrong; see errors"),
        ]));
        all
    }
}

fn problems(texts: &[(&str, &str)]) -> Responses {
    texts
        .iter()
        .map(|(status, text)| {
            let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name("Problem"))));
            let response = ResponseBuilder::new()
                .description(*text)
                .content(PROBLEM_CONTENT_TYPE, content)
                .build();
            ((*status).to_owned(), RefOr::T(response))
        })
        .collect()
}

/// One document out of those of the services: paths relative to [`API_PREFIX`], a bearer token
/// needed everywhere, the shared schemas added.
pub fn merge_documents(
    title: &str,
    version: &str,
    services: impl IntoIterator<Item = OpenApi>,
) -> OpenApi {
    let mut components = Components::new();
    components
        .schemas
        .insert("Problem".to_owned(), Problem::schema());
    components
        .schemas
        .insert("FieldError".to_owned(), FieldError::schema());
    components.add_security_scheme(
        BEARER,
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("JWT")
                .build(),
        ),
    );
    let mut document = OpenApiBuilder::new()
        .info(InfoBuilder::new().title(title).version(version).build())
        .servers(Some([ServerBuilder::new().url(API_PREFIX).build()]))
        .paths(Paths::new())
        .components(Some(components))
        .security(Some([SecurityRequirement::new(
            BEARER,
            Vec::<String>::new(),
        )]))
        .build();
    for service in services {
        document.merge(service);
    }
    document
}

/// Every operation of a document with its path and method, for tests that hold routes and document
/// together.
pub fn operations(document: &OpenApi) -> Vec<(String, &'static str, &Operation)> {
    document
        .paths
        .paths
        .iter()
        .flat_map(|(path, item)| {
            [
                ("GET", &item.get),
                ("PUT", &item.put),
                ("POST", &item.post),
                ("PATCH", &item.patch),
                ("DELETE", &item.delete),
                ("HEAD", &item.head),
                ("OPTIONS", &item.options),
            ]
            .into_iter()
            .filter_map(|(method, operation)| Some((path.clone(), method, operation.as_ref()?)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem};

    use super::*;

    fn service(path: &str) -> OpenApi {
        let mut responses = utoipa::openapi::Responses::new();
        responses.responses.extend(WriteProblems::responses());
        let operation = OperationBuilder::new().responses(responses).build();
        let mut paths = Paths::new();
        paths
            .paths
            .insert(path.to_owned(), PathItem::new(HttpMethod::Post, operation));
        OpenApiBuilder::new()
            .info(InfoBuilder::new().title("part").version("0").build())
            .paths(paths)
            .build()
    }

    #[test]
    fn documents_are_put_together() {
        let document = merge_documents("Dealwire", "1", [service("/orders"), service("/webhooks")]);
        let json = serde_json::to_value(&document).unwrap();
        assert_eq!(json["info"]["title"], "Dealwire");
        assert_eq!(json["servers"][0]["url"], "/api/v1");
        assert_eq!(
            json["components"]["securitySchemes"]["bearer"]["scheme"],
            "bearer"
        );
        assert_eq!(
            json["paths"]["/webhooks"]["post"]["responses"]["422"]["content"]["application/problem+json"]
                ["schema"]["$ref"],
            "#/components/schemas/Problem"
        );
        let problem = &json["components"]["schemas"]["Problem"]["properties"];
        assert_eq!(
            problem["errors"]["items"]["$ref"],
            "#/components/schemas/FieldError"
        );
        let listed: Vec<_> = operations(&document)
            .into_iter()
            .map(|(path, method, _)| (path, method))
            .collect();
        assert_eq!(
            listed,
            [
                ("/orders".to_owned(), "POST"),
                ("/webhooks".to_owned(), "POST")
            ]
        );
    }
}
