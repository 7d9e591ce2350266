//! The whole URL map.

use actix_web::web::ServiceConfig;

/// Registers the inbound URLs, relative to the root.
pub(crate) fn register_inbound(_app: &mut ServiceConfig) {}

/// Registers the resources, relative to `/api/v1`.
pub(crate) fn register(_app: &mut ServiceConfig) {}
