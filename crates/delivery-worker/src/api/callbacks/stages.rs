//! Whether the stages and pipelines that settings name exist, and belong together.

use std::time::Duration;

use events::{AccountId, PipelineId, StageId};
use http_api::{ApiError, FieldError, code};
use tokio::time::Instant;

use super::settings::own_code;
use crate::domain::filter::Filter;
use crate::domain::stage::AccountStages;
use crate::domain::trigger::TriggerSettings;
use crate::domain::webhook::WebhookSettings;
use crate::domain::webhook_record::WebhookConfig;
use crate::state::AppState;
use crate::store::pipelines::list_stages;

/// How long an unknown stage is looked for: its event may still be on the way.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Stages and pipelines that settings name and did not name before.
#[derive(Debug)]
pub(super) struct NewlyNamed {
    stages: Vec<StageId>,
    pipelines: Vec<PipelineId>,
    /// Whether they name any at all, new or old.
    any: bool,
}

impl NewlyNamed {
    pub(super) fn of(settings: &WebhookSettings, before: Option<&WebhookSettings>) -> Self {
        let is_new_stage = |stage: &StageId| {
            !before.is_some_and(|before| named_stages(before).any(|it| it == stage))
        };
        let is_new_pipeline = |pipeline: &PipelineId| {
            !before.is_some_and(|before| before.filter.pipelines.contains(pipeline))
        };
        let pipelines = settings.filter.pipelines.iter();
        Self {
            stages: named_stages(settings)
                .copied()
                .filter(is_new_stage)
                .collect(),
            pipelines: pipelines.copied().filter(is_new_pipeline).collect(),
            any: settings.names_stages(),
        }
    }

    fn are_known(&self, known: &AccountStages) -> bool {
        let mut pipelines = self.pipelines.iter();
        self.stages.iter().all(|stage| known.find(*stage).is_some())
            && pipelines.all(|pipeline| known.pipeline_name(*pipeline).is_some())
    }

    /// Waits until all of them are known, but not for long. Returns what is known then.
    pub(super) async fn wait(
        &self,
        state: &AppState,
        account_id: AccountId,
    ) -> Result<AccountStages, ApiError> {
        if !self.any {
            return Ok(AccountStages::default());
        }
        let give_up_at = Instant::now() + PATIENCE;
        loop {
            let known = state
                .read(move |conn| Ok(list_stages(conn, account_id)?))
                .await?;
            if self.are_known(&known) || Instant::now() >= give_up_at {
                return Ok(known);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

fn named_stages(settings: &WebhookSettings) -> impl Iterator<Item = &StageId> {
    let of_trigger = settings.trigger.iter().map(|trigger| &trigger.stage);
    // One that could not be read is 0, and has been refused.
    let all = of_trigger.chain(&settings.filter.stages);
    all.filter(|stage| stage.0 > 0)
}

/// Judges the stages of settings that shall be saved, and puts a trigger's pipeline in. What was
/// saved before and is gone since stands in nobody's way, unless it is to be switched on.
///
/// `said_pipeline` is where the request says that a trigger's stage is.
pub(super) fn check_stages(
    config: &mut WebhookConfig,
    before: Option<&WebhookConfig>,
    said_pipeline: Option<PipelineId>,
    known: &AccountStages,
) -> Vec<FieldError> {
    let is_switched_on = config.active && before.is_none_or(|before| !before.active);
    let before = before.map(|before| &before.settings);
    match &mut config.settings.trigger {
        Some(trigger) => {
            let before = before.and_then(|before| before.trigger.as_ref());
            let is_new = before.is_none_or(|before| before.stage != trigger.stage);
            check_trigger(trigger, is_new, is_switched_on, said_pipeline, known)
        }
        None => check_filter(&config.settings, before, is_switched_on, known),
    }
}

fn check_trigger(
    trigger: &mut TriggerSettings,
    is_new: bool,
    is_switched_on: bool,
    said_pipeline: Option<PipelineId>,
    known: &AccountStages,
) -> Vec<FieldError> {
    let mut errors = Vec::new();
    match known.find(trigger.stage) {
        Some(stage) => trigger.pipeline = stage.pipeline,
        None if trigger.stage.0 <= 0 => return errors,
        None if is_new => {
            errors.push(unknown_stage("/id_status".to_owned(), trigger.stage));
            return errors;
        }
        None if is_switched_on => errors.push(FieldError::new(
            "/id_status",
            own_code::STAGE_DELETED,
            format!(
                "Stage {} was deleted; choose another one, and the trigger can be switched on.",
                trigger.stage.0
            ),
        )),
        None => {}
    }
    if said_pipeline.is_some_and(|said| said != trigger.pipeline) {
        errors.push(FieldError::new(
            "/id_pipeline",
            own_code::OTHER_PIPELINE,
            format!(
                "Stage {} is in pipeline {}; send that, or leave id_pipeline out.",
                trigger.stage.0, trigger.pipeline.0
            ),
        ));
    }
    errors
}

fn check_filter(
    settings: &WebhookSettings,
    before: Option<&WebhookSettings>,
    is_switched_on: bool,
    known: &AccountStages,
) -> Vec<FieldError> {
    let filter = &settings.filter;
    let newly_named = NewlyNamed::of(settings, before);
    let mut errors = Vec::new();
    for (place, pipeline) in filter.pipelines.iter().enumerate() {
        if newly_named.pipelines.contains(pipeline) && known.pipeline_name(*pipeline).is_none() {
            errors.push(FieldError::new(
                format!("/id_pipeline/{place}"),
                code::NOT_FOUND,
                format!(
                    "There is no pipeline {} in this account; choose one that GET /pipelines shows.",
                    pipeline.0
                ),
            ));
        }
    }
    let is_changed = before.is_none_or(|before| {
        before.filter.stages != filter.stages || before.filter.pipelines != filter.pipelines
    });
    for (place, stage) in filter.stages.iter().enumerate() {
        let pointer = format!("/id_status/{place}");
        match known.find(*stage) {
            None if newly_named.stages.contains(stage) => {
                errors.push(unknown_stage(pointer, *stage));
            }
            Some(found)
                if is_changed
                    && !filter.pipelines.is_empty()
                    && !filter.pipelines.contains(&found.pipeline) =>
            {
                errors.push(FieldError::new(
                    pointer,
                    own_code::OTHER_PIPELINE,
                    format!(
                        "Stage {} is in pipeline {}; add that to id_pipeline, or leave the stage \
                         out.",
                        stage.0, found.pipeline.0
                    ),
                ));
            }
            _ => {}
        }
    }
    if errors.is_empty() && (is_changed || is_switched_on) {
        errors.extend(check_any_left(filter, known));
    }
    errors
}

/// Refuses stages, and pipelines, none of which exists any longer.
fn check_any_left(filter: &Filter, known: &AccountStages) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut stages = filter.stages.iter();
    if !filter.stages.is_empty() && stages.all(|it| known.find(*it).is_none()) {
        errors.push(FieldError::new(
            "/id_status",
            own_code::STAGE_DELETED,
            "All of these stages were deleted; choose at least one that exists, or none at all.",
        ));
    }
    let mut pipelines = filter.pipelines.iter();
    if !filter.pipelines.is_empty() && pipelines.all(|it| known.pipeline_name(*it).is_none()) {
        errors.push(FieldError::new(
            "/id_pipeline",
            own_code::PIPELINE_DELETED,
            "All of these pipelines were deleted; choose at least one that exists, or none at all.",
        ));
    }
    errors
}

fn unknown_stage(pointer: String, stage: StageId) -> FieldError {
    FieldError::new(
        pointer,
        code::NOT_FOUND,
        format!(
            "There is no stage {} in this account; choose one of those that GET /pipelines shows.",
            stage.0
        ),
    )
}
