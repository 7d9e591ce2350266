//! Reads filters out of requests.

use events::{PipelineId, StageId, TokenId};
use http_api::{FieldError, Fields, Invalid, Presence, TextLimit, code, read_id, read_text};
use serde_json::Value;
use uuid::Uuid;

use super::own_code;
use crate::domain::condition::Condition;
use crate::domain::field::Field;
use crate::domain::filter::{Filter, FilterPatch, SkipPatch};

/// The most entries of one list.
const MAX_ENTRIES: usize = 100;
/// The longest id of a token, in characters.
const MAX_TOKEN_ID_CHARS: usize = 128;

/// Reads what a webhook or trigger is created with. Only a webhook has lists of pipelines and stages
/// (`with_stages`). Whatever is wrong is recorded in `fields`; see [`super::check()`] for the rest.
pub(crate) fn read_new(fields: &mut Fields, caller_token: &str, with_stages: bool) -> Filter {
    let mut filter = Filter::default();
    read_patch(fields, caller_token, with_stages).apply(&mut filter);
    filter
}

/// Reads what a PATCH changes: null resets, `condition` is replaced as a whole.
pub(crate) fn read_patch(
    fields: &mut Fields,
    caller_token: &str,
    with_stages: bool,
) -> FilterPatch {
    let changed = read_changed(fields);
    let (pipelines, stages) = if with_stages {
        (
            read_ids(fields, "id_pipeline", PipelineId),
            read_ids(fields, "id_status", StageId),
        )
    } else {
        (Presence::Absent, Presence::Absent)
    };
    FilterPatch {
        changed,
        pipelines,
        stages,
        condition: fields.structure("condition", Condition::parse),
        skip: read_skip(fields, caller_token),
    }
}

fn read_changed(fields: &mut Fields) -> Presence<Vec<Field>> {
    fields
        .list("changed", MAX_ENTRIES, |value| {
            let name = value
                .as_str()
                .ok_or_else(|| Invalid::wrong_type("the name of a field", value))?;
            let field = Field::parse(name)
                .map_err(|unknown| Invalid::new(code::UNKNOWN_FIELD, unknown.advice()))?;
            if field.can_change() {
                Ok(field)
            } else {
                Err(Invalid::new(
                    code::UNKNOWN_VALUE,
                    format!("Send a field that an edit can change; {name:?} never does."),
                ))
            }
        })
        .map(without_repeats)
}

/// A list of ids, or a single one as it is.
fn read_ids<T: PartialEq>(
    fields: &mut Fields,
    key: &str,
    id: impl Fn(i64) -> T,
) -> Presence<Vec<T>> {
    let read = fields.structure(key, |value| match value {
        Value::Array(entries) if entries.len() <= MAX_ENTRIES => read_each(entries),
        Value::Array(entries) => Err(vec![too_many(entries.len())]),
        one => read_id(one)
            .map(|id| vec![id])
            .map_err(|wrong| vec![FieldError::new("", wrong.code, wrong.message)]),
    });
    read.map(|ids| without_repeats(ids.into_iter().map(id).collect()))
}

fn read_each(entries: &[Value]) -> Result<Vec<i64>, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut ids = Vec::with_capacity(entries.len());
    for (place, entry) in entries.iter().enumerate() {
        match read_id(entry) {
            Ok(id) => ids.push(id),
            Err(wrong) => {
                let pointer = format!("/{place}");
                errors.push(FieldError::new(pointer, wrong.code, wrong.message));
            }
        }
    }
    if errors.is_empty() {
        Ok(ids)
    } else {
        Err(errors)
    }
}

fn too_many(sent: usize) -> FieldError {
    let message = format!("Send at most {MAX_ENTRIES} entries; there are {sent}.");
    FieldError::new("", code::TOO_MANY, message)
}

fn without_repeats<T: PartialEq>(list: Vec<T>) -> Vec<T> {
    list.into_iter().fold(Vec::new(), |mut kept, entry| {
        if !kept.contains(&entry) {
            kept.push(entry);
        }
        kept
    })
}

/// `skip_own` says whether, `skip_own_token_id` whose; either may come alone.
fn read_skip(fields: &mut Fields, caller_token: &str) -> SkipPatch {
    let is_on = fields.boolean("skip_own");
    let token = fields.custom("skip_own_token_id", |value| {
        let id = read_text(value, TextLimit::Chars(MAX_TOKEN_ID_CHARS))?;
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Invalid::new(
                code::INVALID,
                "Send the id of an API token, as GET /tokens shows it, or null.",
            ));
        }
        // Ours are UUIDs, which people copy in any case.
        let id = Uuid::try_parse(&id).map_or(id, |id| id.hyphenated().to_string());
        Ok(TokenId(id))
    });
    match (is_on, token) {
        (Presence::Value(false) | Presence::Null, Presence::Value(_)) => {
            fields.error(
                "skip_own_token_id",
                own_code::CONTRADICTION,
                "Send null here, or true as skip_own: with skip_own off there is no such token.",
            );
            SkipPatch::Keep
        }
        (Presence::Value(true) | Presence::Absent, Presence::Value(token)) => {
            SkipPatch::Token(token)
        }
        (Presence::Value(true), Presence::Null) => SkipPatch::Token(caller(caller_token)),
        (Presence::Value(true), Presence::Absent) => SkipPatch::On(caller(caller_token)),
        (Presence::Value(false) | Presence::Null, _) | (Presence::Absent, Presence::Null) => {
            SkipPatch::Off
        }
        (Presence::Absent, Presence::Absent) => SkipPatch::Keep,
    }
}

fn caller(token: &str) -> TokenId {
    TokenId(token.to_owned())
}
