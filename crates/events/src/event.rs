//! One change, as it travels.

mod convert;

pub use convert::traceparent_of;

use crate::{
    AccountId, ClientChanged, EventId, LeadConversionRequested, LeadConverted, OrderChanged,
    PersonErased, PipelineChanged, TaskChanged, TasksOfOrderDeleted, Timestamp, TokenId,
    TokenRevoked, WebhookDisabled,
};

/// One change of one account.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The event's id; consumers know a repeat by it.
    pub id: EventId,
    /// Whose change it is.
    pub account_id: AccountId,
    /// When it was made.
    pub occurred_at: Timestamp,
    /// Who made it.
    pub actor: Actor,
    /// Why it was made.
    pub cause: Cause,
    /// What changed.
    pub change: Change,
}

/// The request that caused a change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cause {
    /// Ties together what one request caused; empty if unknown.
    pub correlation_id: String,
    /// Its place in its trace, as in the header of W3C Trace Context; empty where it is not traced.
    pub traceparent: Box<str>,
}

/// Who made a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The way it came.
    pub kind: ActorKind,
    /// The API token, where one was used.
    pub token_id: Option<TokenId>,
}

/// The way a change came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// An API call.
    Api,
    /// The web console.
    Console,
    /// A lead's conversion.
    Lead,
    /// A bulk import.
    Import,
    /// Dealwire itself.
    System,
}

impl ActorKind {
    const ALL: [Self; 5] = [
        Self::Api,
        Self::Console,
        Self::Lead,
        Self::Import,
        Self::System,
    ];

    /// From the wire name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The wire name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Console => "console",
            Self::Lead => "lead",
            Self::Import => "import",
            Self::System => "system",
        }
    }
}

/// What changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// An order.
    Order(Box<OrderChanged>),
    /// A task.
    Task(Box<TaskChanged>),
    /// All tasks of one order at once.
    TasksOfOrderDeleted(TasksOfOrderDeleted),
    /// A client.
    Client(Box<ClientChanged>),
    /// A pipeline or one of its stages.
    Pipeline(PipelineChanged),
    /// A lead shall become a client and an order.
    LeadConversionRequested(Box<LeadConversionRequested>),
    /// A lead became a client and an order.
    LeadConverted(LeadConverted),
    /// An API token was revoked.
    TokenRevoked(TokenRevoked),
    /// A person asked to be forgotten.
    PersonErased(PersonErased),
    /// A webhook was disabled.
    WebhookDisabled(WebhookDisabled),
}

impl Change {
    /// The record's revision after the change; `None` if it is not of one record.
    pub fn revision(&self) -> Option<i64> {
        match self {
            Self::Order(change) => Some(change.revision),
            Self::Task(change) => Some(change.revision),
            Self::Client(change) => Some(change.revision),
            Self::Pipeline(change) => Some(change.revision),
            Self::TasksOfOrderDeleted(_)
            | Self::LeadConversionRequested(_)
            | Self::LeadConverted(_)
            | Self::TokenRevoked(_)
            | Self::PersonErased(_)
            | Self::WebhookDisabled(_) => None,
        }
    }

    /// Type and routing key: `<component>.<action>`, such as `order.edit`.
    pub fn event_type(&self) -> &'static str {
        use crate::Action::{Add, Delete, Edit};
        match self {
            Self::Order(change) => match change.action {
                Add => "order.add",
                Edit => "order.edit",
                Delete => "order.delete",
            },
            Self::Task(change) => match change.action {
                Add => "task.add",
                Edit => "task.edit",
                Delete => "task.delete",
            },
            Self::TasksOfOrderDeleted(_) => "task.delete",
            Self::Client(change) => match change.action {
                Add => "client.add",
                Edit => "client.edit",
                Delete => "client.delete",
            },
            Self::Pipeline(change) => match change.action {
                Add => "pipeline.add",
                Edit => "pipeline.edit",
                Delete => "pipeline.delete",
            },
            Self::LeadConversionRequested(_) => "lead.conversion_requested",
            Self::LeadConverted(_) => "lead.converted",
            Self::TokenRevoked(_) => "token.revoked",
            Self::PersonErased(_) => "person.erased",
            Self::WebhookDisabled(_) => "webhook.disabled",
        }
    }
}
