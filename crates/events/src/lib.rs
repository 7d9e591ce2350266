//! The event contract between Dealwire's services.
//!
//! Services share nothing but these messages. The protobuf types generated from
//! `proto-schemas/` stay private to this crate; everyone else works with the
//! domain structs here, which convert both ways ([`Event::encode`],
//! [`Event::decode`]). What integrators see of a record, the REST body and the
//! envelope of WIRE sections 1 and 5, is serialized here as well, so that the
//! API, the event feed and the callbacks cannot drift apart.

mod action;
mod client;
mod clock;
mod color;
mod decode;
mod envelope;
mod erasure;
mod event;
mod ids;
mod lead;
mod order;
mod pipeline;
mod price;
mod raw;
pub mod rest;
mod task;
mod token;
mod value;
mod webhook;

pub use action::Action;
pub use client::{ClientChanged, ClientField, ClientSnapshot, FieldValue};
pub use clock::{Clock, Timestamp};
pub use color::{Color, ColorError};
pub use decode::{DecodeError, Decoded};
pub use envelope::{Envelope, EnvelopeActor, envelope};
pub use erasure::PersonErased;
pub use event::{Actor, ActorKind, Cause, Change, Event, traceparent_of};
pub use ids::{
    AccountId, ClientId, CustomFieldId, DirectoryEntryId, EventId, LeadId, OrderId, PipelineId,
    StageId, TaskId, TokenId, WebhookId,
};
pub use lead::{LeadConversionRequested, LeadConverted};
pub use order::{Mark, OrderChanged, OrderSnapshot, PipelineSummary, StageKind, StageSummary};
pub use pipeline::{PipelineChanged, PipelineSnapshot, StageSnapshot};
pub use price::{Price, PriceError};
pub use task::{DeletedTask, TaskChanged, TaskSnapshot, TasksOfOrderDeleted};
pub use token::TokenRevoked;
pub use webhook::{DisabledReason, WebhookDisabled, WebhookKind};
