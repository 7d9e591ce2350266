//! The OpenAPI document of this service's resources.

use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(paths())]
struct Document;

/// All resources, with paths relative to `/api/v1`.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
