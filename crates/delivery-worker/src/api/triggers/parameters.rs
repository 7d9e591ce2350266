//! Reads and shows the parameters of a trigger (WIRE 3).

use std::collections::HashSet;

use http_api::{FieldError, Fields, Invalid, Presence, TextLimit, code, read_text};
use serde::Serialize;
use serde_json::Value;
use url::Url;
use url::form_urlencoded;
use utoipa::ToSchema;

use crate::address::MAX_URL_BYTES;
use crate::domain::field::{Field, FieldKind};
use crate::domain::record::Component;
use crate::domain::trigger::{
    CallMethod, MAX_LITERAL_CHARS, MAX_PARAMETERS, Parameter, ParameterSource, SystemValue,
    TEST_NAME, TriggerSettings, is_parameter_name, suggest_name,
};
use crate::domain::webhook::WebhookSettings;
use crate::render::least_query;

/// Codes of field errors that only parameters have; stable.
mod own_code {
    /// The name is not in snake_case of Latin letters.
    pub(super) const NAME: &str = "parameter_name";
    /// The name is Dealwire's own.
    pub(super) const RESERVED: &str = "parameter_reserved";
    /// The URL's own query has the name already.
    pub(super) const IN_URL: &str = "parameter_in_url";
}

/// Longer names are not looked at.
const MAX_SENT_NAME_CHARS: usize = 255;
/// A number beyond it would lose digits on its way.
const MAX_NUMBER: f64 = 1e18;

/// What a parameter's value is.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes a field for the OpenAPI document")]
pub(crate) enum ParameterKind {
    Field,
    Value,
    System,
}

/// A pair to send.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ParameterBody {
    /// What the receiver calls it: a small Latin letter, then up to 63 small letters, digits and
    /// `_`; each name once, and not `test`.
    #[schema(example = "deal_name")]
    name: String,
    /// `field`: a field of the order; `value`: a literal; `system`: something about the event.
    #[schema(value_type = ParameterKind)]
    kind: &'static str,
    /// A field's name, such as `price`, `client.phone`, `marks.utmSource`; a text, number or
    /// boolean; `event_id` or `timestamp`.
    #[schema(example = "name")]
    value: Value,
}

impl From<&Parameter> for ParameterBody {
    fn from(parameter: &Parameter) -> Self {
        Self {
            name: parameter.name.clone(),
            kind: parameter.source.kind(),
            value: match &parameter.source {
                ParameterSource::Field(field) => field.to_string().into(),
                ParameterSource::Value(literal) => literal.clone(),
                ParameterSource::System(system) => system.as_str().into(),
            },
        }
    }
}

/// Reads `parameters`. What is wrong is recorded in `fields`, each at its own place.
pub(crate) fn read_parameters(fields: &mut Fields) -> Presence<Vec<Parameter>> {
    let mut taken: HashSet<String> = sent_names(fields).map(str::to_owned).collect();
    let mut read = HashSet::new();
    fields
        .object_list("parameters", MAX_PARAMETERS, |fields| {
            let name = read_name(fields, &mut taken, &mut read);
            let source = read_source(fields)?;
            Some(Parameter {
                name: name?,
                source,
            })
        })
        // One without a name or a source has been refused.
        .map(|parameters| parameters.into_iter().flatten().collect())
}

fn sent_names(fields: &Fields) -> impl Iterator<Item = &str> {
    let sent = fields.peek("parameters").and_then(Value::as_array);
    sent.into_iter()
        .flatten()
        .filter_map(|parameter| parameter.get("name")?.as_str())
}

fn read_name(
    fields: &mut Fields,
    taken: &mut HashSet<String>,
    read: &mut HashSet<String>,
) -> Option<String> {
    let name = fields.custom("name", |value| {
        let name = read_text(value, TextLimit::Chars(MAX_SENT_NAME_CHARS))?;
        check_name(&name, taken)?;
        if !read.insert(name.clone()) {
            return Err(Invalid::new(
                code::REPEATED,
                format!("Another parameter is called {name:?} already; choose another name."),
            ));
        }
        Ok(name)
    });
    let is_there = matches!(name, Presence::Value(_));
    let name = fields.require("name", name);
    is_there.then_some(name)
}

/// `taken` are the names that are not suggested; what is suggested joins them.
fn check_name(name: &str, taken: &mut HashSet<String>) -> Result<(), Invalid> {
    let mut suggestion = || {
        let free = suggest_name(name, |known| known == TEST_NAME || taken.contains(known));
        taken.insert(free.clone());
        free
    };
    if name == TEST_NAME {
        return Err(Invalid::new(
            own_code::RESERVED,
            format!(
                "The name {TEST_NAME:?} marks test requests; call it {:?}, for example.",
                suggestion()
            ),
        ));
    }
    if !is_parameter_name(name) {
        return Err(Invalid::new(
            own_code::NAME,
            format!(
                "Write the name in small Latin letters, digits and _, beginning with a letter, \
                 64 at most; did you mean {:?}?",
                suggestion()
            ),
        ));
    }
    Ok(())
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Field,
    Value,
    System,
}

const KINDS: [(&str, Kind); 3] = [
    ("field", Kind::Field),
    ("value", Kind::Value),
    ("system", Kind::System),
];

fn read_source(fields: &mut Fields) -> Option<ParameterSource> {
    let kind = fields.one_of("kind", &KINDS);
    let Presence::Value(kind) = kind else {
        fields.require("kind", kind.map(drop));
        // It cannot be judged, and it is not unknown either.
        let _unread: Presence<()> = fields.custom("value", |_| Ok(()));
        return None;
    };
    let source = match kind {
        Kind::Field => fields
            .custom("value", read_field)
            .map(ParameterSource::Field),
        Kind::Value => fields
            .custom("value", read_literal)
            .map(ParameterSource::Value),
        Kind::System => fields
            .one_of("value", &SystemValue::NAMES)
            .map(ParameterSource::System),
    };
    match source {
        Presence::Value(source) => Some(source),
        missing => {
            fields.require("value", missing.map(drop));
            None
        }
    }
}

fn read_field(value: &Value) -> Result<Field, Invalid> {
    let name = read_text(value, TextLimit::Chars(MAX_SENT_NAME_CHARS))?;
    let field = Field::parse(&name)
        .map_err(|unknown| Invalid::new(code::UNKNOWN_FIELD, unknown.advice()))?;
    if !field.is_of(Component::Order) {
        return Err(Invalid::new(
            code::UNKNOWN_FIELD,
            format!("An order has no field {name:?}; send one that it has."),
        ));
    }
    if field.kind() == FieldKind::Group {
        return Err(Invalid::new(
            code::UNKNOWN_VALUE,
            format!("{name:?} is many values at once; name one of them: \"{name}.<key>\"."),
        ));
    }
    Ok(field)
}

fn read_literal(value: &Value) -> Result<Value, Invalid> {
    match value {
        Value::String(_) => read_text(value, TextLimit::Chars(MAX_LITERAL_CHARS)).map(Value::from),
        Value::Bool(_) => Ok(value.clone()),
        Value::Number(number) => {
            let is_exact = number.is_i64();
            let is_small = number.as_f64().is_some_and(|size| size.abs() < MAX_NUMBER);
            if is_exact || is_small {
                Ok(value.clone())
            } else {
                Err(Invalid::new(
                    code::OUT_OF_RANGE,
                    "Send a number of at most 18 digits, or send it as text.",
                ))
            }
        }
        other => Err(Invalid::wrong_type("text, a number, true or false", other)),
    }
}

/// What only the whole of a trigger's settings can show: run it on them as they would be saved.
/// Empty for a webhook that is none.
pub(crate) fn check_parameters(settings: &WebhookSettings) -> Vec<FieldError> {
    match &settings.trigger {
        Some(trigger) if trigger.method == CallMethod::Get => check_query(&settings.url, trigger),
        _ => Vec::new(),
    }
}

fn check_query(url: &str, trigger: &TriggerSettings) -> Vec<FieldError> {
    let own = own_names(url);
    let mut errors: Vec<FieldError> = trigger
        .parameters
        .iter()
        .enumerate()
        .filter(|(_, parameter)| own.contains(&parameter.name))
        .map(|(place, parameter)| {
            FieldError::new(
                format!("/parameters/{place}/name"),
                own_code::IN_URL,
                format!(
                    "The URL has a parameter {:?} already; take it out of there, or choose \
                     another name.",
                    parameter.name
                ),
            )
        })
        .collect();
    // The test request has a pair of its own.
    let least = least_query(trigger).len().max("test=test".len()) + url.len() + 1;
    if least > MAX_URL_BYTES {
        errors.push(FieldError::new(
            "/parameters",
            code::TOO_LONG,
            format!(
                "With these parameters the URL has at least {least} bytes, and {MAX_URL_BYTES} \
                 are the most; send fewer or shorter ones, or choose the method POST."
            ),
        ));
    }
    errors
}

/// The names that the URL's own query has. `a[b]` is an `a` to PHP.
fn own_names(url: &str) -> HashSet<String> {
    let Ok(url) = Url::parse(url) else {
        // It was refused where it was read.
        return HashSet::new();
    };
    let query = url.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .map(|(name, _)| name.split('[').next().unwrap_or_default().to_owned())
        .collect()
}

#[cfg(test)]
mod tests;
