//! The body of a callback (WIRE 1, S0).
//!
//! A body is rendered when it is sent, from the stored event and the webhook's
//! settings of that moment.

mod flat;
mod form;
mod json;

use bytes::Bytes;
use events::Event;

use flat::FlatBody;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// How a webhook wants its bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum BodyFormat {
    /// Flat, as `http_build_query` of PHP writes it.
    Form,
    /// Flat, with native types.
    Json,
    /// Event metadata around the whole record.
    Envelope,
}

impl BodyFormat {
    /// The wire name: `form`, `json`, `envelope`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Json => "json",
            Self::Envelope => "envelope",
        }
    }

    /// From the wire name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Form, Self::Json, Self::Envelope]
            .into_iter()
            .find(|format| format.as_str() == name)
    }
}

/// What of a webhook's settings shapes its bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RenderSettings {
    /// The format.
    pub(crate) format: BodyFormat,
    /// Whether flat bodies have exactly the keys that S0 documents.
    pub(crate) strict_body: bool,
}

/// A body and its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RenderedBody {
    /// `Content-Type`.
    pub(crate) content_type: &'static str,
    /// The bytes to sign and to send.
    pub(crate) body: Bytes,
}

/// Why an event has no body.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RenderError {
    /// Events of this type fire no flat webhook, so this is an error of the
    /// caller's matching.
    #[error("an event of type {0} has no flat body")]
    NoFlatBody(&'static str),
    /// The envelope could not be written.
    #[error("the envelope could not be written")]
    Envelope(#[from] serde_json::Error),
}

/// Renders an event for a webhook.
pub(crate) fn render(event: &Event, settings: RenderSettings) -> Result<RenderedBody, RenderError> {
    let flat = || {
        FlatBody::of(&event.change, settings.strict_body)
            .ok_or_else(|| RenderError::NoFlatBody(event.change.event_type()))
    };
    Ok(match settings.format {
        BodyFormat::Form => RenderedBody {
            content_type: FORM,
            body: form::write(&flat()?).into(),
        },
        BodyFormat::Json => RenderedBody {
            content_type: JSON,
            body: json::write(&flat()?).into(),
        },
        BodyFormat::Envelope => RenderedBody {
            content_type: JSON,
            body: serde_json::to_vec(&events::envelope(event))?.into(),
        },
    })
}

/// The test request's body: the variable `test` and nothing else (S0).
pub(crate) fn render_test(format: BodyFormat) -> RenderedBody {
    match format {
        BodyFormat::Form => RenderedBody {
            content_type: FORM,
            body: Bytes::from_static(b"test=test"),
        },
        BodyFormat::Json | BodyFormat::Envelope => RenderedBody {
            content_type: JSON,
            body: Bytes::from_static(br#"{"test":"test"}"#),
        },
    }
}

#[cfg(test)]
mod tests;
