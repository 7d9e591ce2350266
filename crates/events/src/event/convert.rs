//! Events to bytes and back.

use prost::Message;
use prost::encoding::{DecodeContext, WireType, decode_key, skip_field, string};

use crate::raw::event::Change as RawChange;
use crate::{
    AccountId, Actor, ActorKind, Cause, Change, ClientChanged, DecodeError, Decoded, Event,
    EventId, LeadConversionRequested, LeadConverted, OrderChanged, PersonErased, PipelineChanged,
    TaskChanged, TasksOfOrderDeleted, Timestamp, TokenId, TokenRevoked, WebhookDisabled, raw,
};

/// Every variant of `Event.change` has this field number or a higher one.
const FIRST_VARIANT: u32 = 10;

const TRACEPARENT: u32 = 6;

impl Event {
    /// The protobuf message of `proto-schemas/`.
    ///
    /// Of the state before an edit only what `changed` names is written.
    pub fn encode(&self) -> Vec<u8> {
        let event = raw::Event {
            id: self.id.as_bytes().to_vec(),
            account_id: self.account_id.0,
            occurred_at_us: self.occurred_at.0,
            actor: Some(self.actor.to_raw()),
            correlation_id: self.cause.correlation_id.clone(),
            traceparent: self.cause.traceparent.to_string(),
            change: Some(self.change.to_raw()),
        };
        event.encode_to_vec()
    }

    /// Reads what [`Event::encode`] wrote, in this version or another.
    ///
    /// The state before an edit is rebuilt whole: what `changed` does not name
    /// is as after the edit.
    ///
    /// # Errors
    /// If the bytes are no event; the error names the field.
    pub fn decode(bytes: &[u8]) -> Result<Decoded, DecodeError> {
        let event = raw::Event::decode(bytes)?;
        let Some(change) = event.change else {
            return if has_variant(bytes)? {
                Ok(Decoded::Unknown)
            } else {
                Err(DecodeError::missing("change"))
            };
        };
        Ok(Decoded::Event(Self {
            id: EventId::from_bytes(&event.id)
                .ok_or_else(|| DecodeError::invalid("id", "must be 16 bytes"))?,
            account_id: AccountId(event.account_id),
            occurred_at: Timestamp(event.occurred_at_us),
            actor: event
                .actor
                .ok_or_else(|| DecodeError::missing("actor"))
                .and_then(|actor| Actor::from_raw(actor).map_err(|error| error.inside("actor")))?,
            cause: Cause {
                correlation_id: event.correlation_id,
                traceparent: event.traceparent.into(),
            },
            change: Change::from_raw(change)?,
        }))
    }
}

/// The place in its trace of an encoded event, where it is traced, without decoding the rest.
pub fn traceparent_of(mut bytes: &[u8]) -> Option<String> {
    while !bytes.is_empty() {
        let (number, wire_type) = decode_key(&mut bytes).ok()?;
        if number == TRACEPARENT {
            let mut text = String::new();
            string::merge(wire_type, &mut text, &mut bytes, DecodeContext::default()).ok()?;
            return Some(text);
        }
        if number >= FIRST_VARIANT {
            return None;
        }
        skip_field(wire_type, number, &mut bytes, DecodeContext::default()).ok()?;
    }
    None
}

/// Whether the message holds a variant that the generated type dropped because
/// it does not know its number. Variants are messages, so length-delimited.
fn has_variant(mut bytes: &[u8]) -> Result<bool, DecodeError> {
    while !bytes.is_empty() {
        let (number, wire_type) = decode_key(&mut bytes)?;
        if number >= FIRST_VARIANT && wire_type == WireType::LengthDelimited {
            return Ok(true);
        }
        skip_field(wire_type, number, &mut bytes, DecodeContext::default())?;
    }
    Ok(false)
}

impl Change {
    fn to_raw(&self) -> RawChange {
        match self {
            Self::Order(change) => RawChange::OrderChanged(change.to_raw()),
            Self::Task(change) => RawChange::TaskChanged(change.to_raw()),
            Self::TasksOfOrderDeleted(change) => RawChange::TasksOfOrderDeleted(change.to_raw()),
            Self::Client(change) => RawChange::ClientChanged(change.to_raw()),
            Self::Pipeline(change) => RawChange::PipelineChanged(change.to_raw()),
            Self::LeadConversionRequested(change) => {
                RawChange::LeadConversionRequested(change.to_raw())
            }
            Self::LeadConverted(change) => RawChange::LeadConverted(change.to_raw()),
            Self::TokenRevoked(change) => RawChange::TokenRevoked(change.to_raw()),
            Self::PersonErased(change) => RawChange::PersonErased(change.to_raw()),
            Self::WebhookDisabled(change) => RawChange::WebhookDisabled(change.to_raw()),
        }
    }

    fn from_raw(raw: RawChange) -> Result<Self, DecodeError> {
        match raw {
            RawChange::OrderChanged(change) => OrderChanged::from_raw(change)
                .map(|change| Self::Order(Box::new(change)))
                .map_err(|error| error.inside("order_changed")),
            RawChange::TaskChanged(change) => TaskChanged::from_raw(change)
                .map(|change| Self::Task(Box::new(change)))
                .map_err(|error| error.inside("task_changed")),
            RawChange::TasksOfOrderDeleted(change) => Ok(Self::TasksOfOrderDeleted(
                TasksOfOrderDeleted::from_raw(change),
            )),
            RawChange::ClientChanged(change) => ClientChanged::from_raw(change)
                .map(|change| Self::Client(Box::new(change)))
                .map_err(|error| error.inside("client_changed")),
            RawChange::PipelineChanged(change) => PipelineChanged::from_raw(change)
                .map(Self::Pipeline)
                .map_err(|error| error.inside("pipeline_changed")),
            RawChange::LeadConversionRequested(change) => Ok(Self::LeadConversionRequested(
                Box::new(LeadConversionRequested::from_raw(change)),
            )),
            RawChange::LeadConverted(change) => {
                Ok(Self::LeadConverted(LeadConverted::from_raw(change)))
            }
            RawChange::TokenRevoked(change) => TokenRevoked::from_raw(change)
                .map(Self::TokenRevoked)
                .map_err(|error| error.inside("token_revoked")),
            RawChange::PersonErased(change) => {
                Ok(Self::PersonErased(PersonErased::from_raw(change)))
            }
            RawChange::WebhookDisabled(change) => WebhookDisabled::from_raw(change)
                .map(Self::WebhookDisabled)
                .map_err(|error| error.inside("webhook_disabled")),
        }
    }
}

impl Actor {
    fn to_raw(&self) -> raw::Actor {
        let kind = match self.kind {
            ActorKind::Api => raw::ActorKind::Api,
            ActorKind::Console => raw::ActorKind::Console,
            ActorKind::Lead => raw::ActorKind::Lead,
            ActorKind::Import => raw::ActorKind::Import,
            ActorKind::System => raw::ActorKind::System,
        };
        let token_id = self.token_id.as_ref().map(|id| id.0.clone());
        raw::Actor {
            kind: kind.into(),
            token_id: token_id.unwrap_or_default(),
        }
    }

    fn from_raw(raw: raw::Actor) -> Result<Self, DecodeError> {
        let kind = match raw::ActorKind::try_from(raw.kind) {
            Ok(raw::ActorKind::Api) => ActorKind::Api,
            Ok(raw::ActorKind::Console) => ActorKind::Console,
            Ok(raw::ActorKind::Lead) => ActorKind::Lead,
            Ok(raw::ActorKind::Import) => ActorKind::Import,
            Ok(raw::ActorKind::System) => ActorKind::System,
            Ok(raw::ActorKind::Unspecified) => return Err(DecodeError::missing("kind")),
            Err(unknown) => return Err(DecodeError::invalid("kind", unknown.to_string())),
        };
        Ok(Self {
            kind,
            token_id: (!raw.token_id.is_empty()).then_some(TokenId(raw.token_id)),
        })
    }
}
