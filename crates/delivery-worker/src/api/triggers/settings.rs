//! Reads what only triggers have out of a request.

use events::{PipelineId, StageId};
use http_api::{Fields, Presence};

use super::parameters::read_parameters;
use crate::api::callbacks::{KindPatch, KindSettings, or_default};
use crate::api::filters;
use crate::domain::trigger::{CallMethod, TriggerEvent, TriggerPatch, TriggerSettings};
use crate::domain::webhook_record::WebhookPatch;
use crate::render::BodyFormat;

const FORMATS: [(&str, BodyFormat); 2] = [("form", BodyFormat::Form), ("json", BodyFormat::Json)];

/// Reads what only a POST to `/triggers` takes.
pub(crate) fn read_new(fields: &mut Fields, token_id: &str) -> KindSettings {
    let stage = fields.required_id("id_status");
    let said_pipeline = fields.id("id_pipeline").value().map(PipelineId);
    let event = read_event(fields).map(Some);
    // One that is missing has been refused.
    let event = fields
        .require("event", event)
        .unwrap_or(TriggerEvent::Entered);
    let method = fields.one_of("method", &CallMethod::NAMES);
    let trigger = TriggerSettings {
        stage: StageId(stage),
        // Put right as soon as the stage was found.
        pipeline: said_pipeline.unwrap_or(PipelineId(0)),
        event,
        method: method.unwrap_or_default(),
        parameters: read_parameters(fields).unwrap_or_default(),
    };
    let format = fields
        .one_of("format", &FORMATS)
        .unwrap_or(BodyFormat::Form);
    KindSettings {
        format,
        strict_body: false,
        latest_only: false,
        events: event.switches(),
        trigger: Some(trigger),
        filter: filters::read_new(fields, token_id, false),
        said_pipeline,
    }
}

/// Reads what only a PATCH of a trigger takes.
pub(crate) fn read_patch(fields: &mut Fields, token_id: &str) -> KindPatch {
    let stage = fields.id("id_status");
    let stage = fields.not_null("id_status", stage).map(StageId);
    let said_pipeline = fields.id("id_pipeline").value().map(PipelineId);
    let event = read_event(fields);
    let event = fields.not_null("event", event);
    let method = or_default(
        fields.one_of("method", &CallMethod::NAMES),
        CallMethod::default(),
    );
    let format = or_default(fields.one_of("format", &FORMATS), BodyFormat::Form);
    let trigger = TriggerPatch {
        stage,
        event,
        method,
        parameters: or_default(read_parameters(fields), Vec::new()),
    };
    let patch = WebhookPatch {
        format,
        trigger,
        filter: filters::read_patch(fields, token_id, false),
        ..WebhookPatch::default()
    };
    KindPatch {
        patch,
        said_pipeline,
    }
}

fn read_event(fields: &mut Fields) -> Presence<TriggerEvent> {
    fields.one_of("event", &TriggerEvent::NAMES)
}
