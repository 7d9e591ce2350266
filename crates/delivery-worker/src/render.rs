//! The body of a callback (WIRE 1, S0).
//!
//! A body is rendered when it is sent, from the stored event and the webhook's
//! settings of that moment. A stage trigger sends its parameters and nothing else,
//! as a body or as a query (WIRE 3).

mod flat;
mod form;
mod json;
mod parameters;

use std::sync::Arc;

use bytes::Bytes;
use events::{Action, Change, Event};
use hyper::Method;

use crate::domain::trigger::{CallMethod, TriggerSettings};
use crate::domain::webhook::WebhookSettings;
use flat::{FlatBody, Value};
use parameters::Call;

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

/// What of a webhook's settings shapes its requests. Clones share what is long.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RenderSettings {
    format: BodyFormat,
    /// Whether flat bodies have exactly the keys that S0 documents.
    strict_body: bool,
    /// Of a trigger: what it sends in place of the record.
    call: Option<Arc<Call>>,
}

impl RenderSettings {
    /// Those of a webhook or a trigger.
    pub(crate) fn of(settings: &WebhookSettings) -> Self {
        Self {
            format: settings.format.0,
            strict_body: settings.strict_body,
            call: settings
                .trigger
                .as_ref()
                .map(|trigger| Arc::new(Call::of(trigger))),
        }
    }

    /// Pairs in the form that the receiver gets them in.
    fn pack(&self, entries: &[(&str, Value<'_>)]) -> Rendered {
        let is_get = self
            .call
            .as_ref()
            .is_some_and(|call| call.method == CallMethod::Get);
        match self.format {
            _ if is_get => Rendered::get(form::write(entries)),
            BodyFormat::Form => Rendered::post(FORM, form::write(entries)),
            BodyFormat::Json | BodyFormat::Envelope => Rendered::post(JSON, json::write(entries)),
        }
    }
}

/// What is sent, but for the headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rendered {
    /// `POST` or `GET`.
    pub(crate) method: Method,
    /// `Content-Type`; none without a body.
    pub(crate) content_type: Option<&'static str>,
    /// The bytes to send; empty for `GET`.
    pub(crate) body: Bytes,
    /// What joins the URL's own query; empty for `POST`.
    pub(crate) query: String,
}

impl Rendered {
    fn post(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self {
            method: Method::POST,
            content_type: Some(content_type),
            body: body.into(),
            query: String::new(),
        }
    }

    fn get(query: String) -> Self {
        Self {
            method: Method::GET,
            content_type: None,
            body: Bytes::new(),
            query,
        }
    }
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
pub(crate) fn render(event: &Event, settings: &RenderSettings) -> Result<Rendered, RenderError> {
    let unfit = || RenderError::NoFlatBody(event.change.event_type());
    if let Some(call) = &settings.call {
        let entries = call.entries(event).ok_or_else(unfit)?;
        return Ok(settings.pack(&entries));
    }
    if settings.format == BodyFormat::Envelope {
        let envelope = serde_json::to_vec(&events::envelope(event))?;
        return Ok(Rendered::post(JSON, envelope));
    }
    let flat = FlatBody::of(&event.change, settings.strict_body).ok_or_else(unfit)?;
    Ok(settings.pack(&flat.entries))
}

/// The same change told as an add, to a receiver that was never told of the
/// record. What is no edit of a record stays as it is.
pub(crate) fn as_add(event: &Event) -> Event {
    let mut event = event.clone();
    match &mut event.change {
        Change::Order(change) if change.action == Action::Edit => {
            change.action = Action::Add;
            change.changed.clear();
            change.previous = None;
        }
        Change::Task(change) if change.action == Action::Edit => {
            change.action = Action::Add;
            change.changed.clear();
            change.previous = None;
        }
        Change::Client(change) if change.action == Action::Edit => {
            change.action = Action::Add;
            change.changed.clear();
            change.previous = None;
        }
        _ => {}
    }
    event
}

/// The test request: the variable `test` and nothing else (S0).
pub(crate) fn render_test(settings: &RenderSettings) -> Rendered {
    settings.pack(&[("test", Value::from("test"))])
}

/// The query that a trigger's literals, names and system values alone make: what is
/// sent is never shorter.
pub(crate) fn least_query(trigger: &TriggerSettings) -> String {
    form::write(&parameters::least_entries(trigger))
}

#[cfg(test)]
mod tests;
