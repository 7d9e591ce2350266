//! Judges what only the whole of the settings can show.

use database::Connection;
use events::{AccountId, PipelineId};
use http_api::{ApiError, FieldError, Fields};
use serde_json::Value;

use super::settings::{check_merged_headers, check_order};
use super::size::check_size;
use super::stages::check_stages;
use crate::api::filters;
use crate::api::triggers::parameters::check_parameters;
use crate::domain::stage::AccountStages;
use crate::domain::webhook::WebhookSettings;
use crate::domain::webhook_record::WebhookConfig;
use crate::store::error::StoreError;
use crate::store::pipelines::list_stages;

/// What a request said beside the settings that it asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Judge {
    /// The pipeline that a trigger's stage is said to be in.
    pub(super) said_pipeline: Option<PipelineId>,
    /// Those keys of lists that came with one id instead.
    alone: Vec<&'static str>,
}

impl Judge {
    /// To be made before the fields are read.
    pub(super) fn new(fields: &Fields) -> Self {
        let is_alone = |key: &&'static str| fields.peek(key).is_some_and(Value::is_number);
        Self {
            said_pipeline: None,
            alone: ["id_pipeline", "id_status"]
                .into_iter()
                .filter(is_alone)
                .collect(),
        }
    }

    /// What is wrong with the stages alone.
    pub(super) fn check_stages(
        &self,
        config: &mut WebhookConfig,
        before: Option<&WebhookConfig>,
        known: &AccountStages,
    ) -> Vec<FieldError> {
        let mut errors = check_stages(config, before, self.said_pipeline, known);
        for key in &self.alone {
            let first = format!("/{key}/0");
            for error in errors.iter_mut().filter(|error| error.pointer == first) {
                error.pointer = format!("/{key}");
            }
        }
        errors
    }

    /// Ends reading. If there is anything to complain about, then of the whole as well, as far as
    /// it could be read.
    pub(super) fn finish(
        &self,
        fields: Fields,
        mut config: WebhookConfig,
        before: Option<&WebhookConfig>,
        known: &AccountStages,
    ) -> Result<(), ApiError> {
        match fields.finish() {
            Err(ApiError::Unprocessable(mut errors)) => {
                let of_whole = check_whole(&config.settings, &errors);
                errors.extend(of_whole);
                errors.extend(self.check_stages(&mut config, before, known));
                Err(ApiError::Unprocessable(errors))
            }
            other => other,
        }
    }

    /// Refuses settings that cannot be saved as a whole. The lock on the configuration has to be
    /// held, so that no stage goes away meanwhile.
    pub(super) fn admit(
        &self,
        conn: &mut Connection<'_>,
        account_id: AccountId,
        config: &mut WebhookConfig,
        before: Option<&WebhookConfig>,
    ) -> Result<(), StoreError> {
        let settings = &config.settings;
        let mut errors = check_merged_headers(&settings.headers);
        errors.extend(check_whole(settings, &[]));
        errors.extend(check_parameters(settings));
        let known = if settings.names_stages() {
            list_stages(conn, account_id)?
        } else {
            AccountStages::default()
        };
        errors.extend(self.check_stages(config, before, &known));
        if errors.is_empty() {
            Ok(())
        } else {
            Err(ApiError::Unprocessable(errors).into())
        }
    }
}

/// What is wrong with fields together. Those that are `wrong` by themselves are left out: what is
/// there in their place is not what was sent.
fn check_whole(settings: &WebhookSettings, wrong: &[FieldError]) -> Vec<FieldError> {
    let is_wrong = |key: &str| wrong.iter().any(|error| key_of(&error.pointer) == key);
    let mut errors = Vec::new();
    if !is_wrong("events") && !is_wrong("event") {
        errors.extend(filters::check(&settings.filter, settings.events));
    }
    errors.extend(check_order(settings));
    errors.extend(check_size(settings));
    errors.retain(|error| !is_wrong(key_of(&error.pointer)));
    errors
}

/// The field of the whole body that a pointer leads to, or into.
fn key_of(pointer: &str) -> &str {
    pointer.split('/').nth(1).unwrap_or_default()
}
