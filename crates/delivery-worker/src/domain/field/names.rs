//! What to say to a name that is no field.

use http_api::nearest;

use super::key::{ClientKey, OwnKey, PipelineKey, StageKey};
use super::{MAX_NAME_CHARS, UnknownField};

impl UnknownField {
    /// A sentence that tells what to do.
    pub(crate) fn advice(&self) -> String {
        let mut short: String = self.0.chars().take(MAX_NAME_CHARS).collect();
        if short.len() < self.0.len() {
            short.push('…');
        }
        if let Some(near) = nearest(&self.0, &fixed_names()) {
            return format!("There is no field {short:?}; did you mean {near:?}?");
        }
        let own: Vec<_> = OwnKey::all().map(OwnKey::as_str).collect();
        format!(
            "There is no field {short:?}; send one of {}, or marks.<key>, client.<key>, \
             client.fields.<name>, stage.<id, name or kind>, pipeline.<id or name>, or \
             previous.<key> for the value before an edit.",
            own.join(", ")
        )
    }
}

/// Every name but those that an account makes up.
pub(super) fn fixed_names() -> Vec<String> {
    let own = OwnKey::all().map(|key| key.as_str().to_owned());
    let of_clients = OwnKey::all()
        .filter_map(|key| ClientKey::parse(key.as_str()))
        .map(|key| format!("client.{}", key.own().as_str()));
    let of_stages = StageKey::ALL.map(|key| format!("stage.{}", key.as_str()));
    let of_pipelines = PipelineKey::ALL.map(|key| format!("pipeline.{}", key.as_str()));
    let past = OwnKey::all()
        .filter(|key| key.has_past())
        .map(|key| format!("previous.{}", key.as_str()));
    own.chain(of_clients)
        .chain(of_stages)
        .chain(of_pipelines)
        .chain(past)
        .collect()
}
