//! How large settings may be: each worker has those of all webhooks in memory.

use http_api::{FieldError, code};
use serde::Serialize;

use crate::domain::webhook::WebhookSettings;

/// The largest condition, in bytes of its JSON.
const MAX_CONDITION_BYTES: usize = 16 << 10;
/// The largest list of parameters, in bytes of its JSON.
const MAX_PARAMETERS_BYTES: usize = 32 << 10;
/// The largest settings, in bytes of their JSON.
const MAX_SETTINGS_BYTES: usize = 64 << 10;

/// What is too large of settings as they would be saved, each by pointer; of all together, the
/// largest part.
pub(super) fn check_size(settings: &WebhookSettings) -> Vec<FieldError> {
    let filter = &settings.filter;
    let parameters = settings.trigger.as_ref().map(|trigger| &trigger.parameters);
    let condition_bytes = bytes_of(&filter.condition);
    let parameters_bytes = parameters.map_or(0, bytes_of);
    let mut errors = Vec::new();
    for (pointer, bytes, most) in [
        ("/condition", condition_bytes, MAX_CONDITION_BYTES),
        ("/parameters", parameters_bytes, MAX_PARAMETERS_BYTES),
    ] {
        if bytes > most {
            errors.push(too_long(
                pointer,
                format!("Send at most {most} bytes of JSON here; there are {bytes}."),
            ));
        }
    }
    let all_bytes = bytes_of(settings);
    if all_bytes <= MAX_SETTINGS_BYTES {
        return errors;
    }
    let largest = [
        ("/url", bytes_of(&settings.url)),
        ("/headers", bytes_of(&settings.headers)),
        ("/changed", bytes_of(&filter.changed)),
        ("/condition", condition_bytes),
        ("/parameters", parameters_bytes),
    ]
    .into_iter()
    .max_by_key(|(_, bytes)| *bytes);
    if let Some((pointer, bytes)) = largest
        && errors.iter().all(|error| error.pointer != pointer)
    {
        errors.push(too_long(
            pointer,
            format!(
                "All settings together have {all_bytes} bytes of JSON, and {MAX_SETTINGS_BYTES} \
                 are the most; make this part shorter, which has {bytes} of them."
            ),
        ));
    }
    errors
}

fn too_long(pointer: &str, message: String) -> FieldError {
    FieldError::new(pointer, code::TOO_LONG, message)
}

/// As it is stored.
fn bytes_of(part: &impl Serialize) -> usize {
    // All of it can be written as JSON, or else it is not saved anyway.
    serde_json::to_vec(part).map_or(0, |json| json.len())
}
