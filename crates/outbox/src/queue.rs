//! The queues of the installation, by who consumes them.

/// Every record and pipeline event, for the delivery workers.
pub const DELIVERY_EVENTS: &str = "delivery.events";
/// Revoked tokens, for the delivery workers.
pub const DELIVERY_TOKENS: &str = "delivery.tokens";
/// Leads to convert, for the entity service.
pub const ENTITY_LEADS: &str = "entity.leads";
/// Conversions done, for the intake service.
pub const INTAKE_CONVERSIONS: &str = "intake.conversions";
/// Revoked tokens, for the intake service.
pub const INTAKE_TOKENS: &str = "intake.tokens";
/// Revoked tokens, for the entity service.
pub const ENTITY_TOKENS: &str = "entity.tokens";
/// People who asked to be forgotten, for the entity service.
pub const ENTITY_ERASURES: &str = "entity.erasures";
/// People who asked to be forgotten, for the delivery workers.
pub const DELIVERY_ERASURES: &str = "delivery.erasures";
