//! What every REST API of Dealwire has in common, so that each service writes only its resources.
//!
//! Reading a request: [`JsonBody`] and [`Fields`] for bodies, [`QueryParams`] for query strings,
//! [`Authorized`] for who may do it, [`IfMatch`] and [`OptionalIdempotencyKey`] for conditions.
//! Answering: [`Record`], [`Created`], [`Page`], [`NoContent`], and [`ApiError`] for everything else.
//! Serving: [`HttpApi`] puts the route tables of services together, [`serve`] runs them.
//!
//! The crate speaks plain ids and microseconds: it knows nothing of events or databases.

mod answer;
mod body;
mod correlation;
mod etag;
mod fields;
mod idempotency_key;
mod openapi;
mod page;
mod problem;
mod query;
mod server;
mod token;

pub use answer::{Created, NoContent, Record};
pub use body::{JsonBody, MAX_BODY_BYTES, OptionalJsonBody};
pub use correlation::{CorrelationId, REQUEST_ID};
pub use etag::{ETag, IfMatch, IfNoneMatch};
pub use fields::{
    Fields, Invalid, Presence, TextLimit, check_text, nearest, read_id, read_text, read_whole,
};
pub use idempotency_key::{
    IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED, IdempotencyKey, InFlightGuard, InFlightKeys,
    OptionalIdempotencyKey,
};
pub use openapi::{API_PREFIX, ReadProblems, WriteProblems, merge_documents, operations};
pub use page::{Cursor, CursorError, Page, PageRequest, next_link};
pub use problem::{ApiError, FieldError, PROBLEM_CONTENT_TYPE, Problem, code};
pub use query::{QueryParams, TimeRange};
pub use server::{
    AskedByHead, HttpApi, HttpApiParts, Readiness, RouteTable, ServeError, ServerConfig, serve,
    unavailable_routes,
};
pub use token::{
    AdminRead, AdminWrite, Authorized, Caller, Claims, KeyError, KeyPair, LeadsRead, LeadsWrite,
    RecordsRead, RecordsWrite, RequiredScope, Scope, ScopeSet, TokenSigner, TokenVerifier,
    Unauthenticated, UnknownScope, WallClock, WebhooksRead, WebhooksWrite, generate_keys,
    new_token_id,
};
