use events::{PipelineId, StageId};

use super::*;
use crate::domain::filter::Filter;
use crate::domain::trigger::{CallMethod, TriggerEvent, TriggerSettings};

fn header(name: &str, value: &str) -> OwnHeader {
    OwnHeader {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

fn config() -> WebhookConfig {
    WebhookConfig {
        name: "CRM".to_owned(),
        active: true,
        settings: WebhookSettings {
            url: "https://example.com/hook".to_owned(),
            format: StoredFormat(BodyFormat::Form),
            strict_body: false,
            events: EventSwitches::from_names(["order.add"]).unwrap(),
            headers: vec![header("X-Key", "old"), header("X-Other", "1")],
            retry_schedule_seconds: Some(vec![0, 5]),
            stop_on_4xx: false,
            max_concurrency: None,
            rate_per_second: None,
            ordered: false,
            latest_only: false,
            ed25519: false,
            filter: Filter::default(),
            trigger: None,
        },
    }
}

#[test]
fn an_empty_patch_changes_nothing() {
    assert_eq!(config().merged(WebhookPatch::default()), config());
}

#[test]
fn a_patch_changes_what_it_names() {
    let changed = config().merged(WebhookPatch {
        active: Some(false),
        format: Some(BodyFormat::Json),
        retry_schedule_seconds: Some(None),
        rate_per_second: Some(Some(5)),
        latest_only: Some(true),
        ed25519: Some(true),
        ..WebhookPatch::default()
    });
    let mut expected = config();
    expected.active = false;
    expected.settings.format = StoredFormat(BodyFormat::Json);
    expected.settings.retry_schedule_seconds = None;
    expected.settings.rate_per_second = Some(5);
    expected.settings.latest_only = true;
    expected.settings.ed25519 = true;
    assert_eq!(changed, expected);
}

#[test]
fn the_events_of_a_trigger_follow_its_own() {
    let mut trigger = config();
    trigger.settings.trigger = Some(TriggerSettings {
        stage: StageId(12),
        pipeline: PipelineId(1),
        event: TriggerEvent::Entered,
        method: CallMethod::Post,
        parameters: Vec::new(),
    });
    let changed = trigger.merged(WebhookPatch {
        trigger: TriggerPatch {
            stage: Some(StageId(13)),
            event: Some(TriggerEvent::EnteredOrCreated),
            ..TriggerPatch::default()
        },
        ..WebhookPatch::default()
    });
    let events: Vec<_> = changed.settings.events.names().collect();
    assert_eq!(events, ["order.add", "order.edit"]);
    let now = changed.settings.trigger.unwrap();
    assert_eq!(now.stage, StageId(13));
    assert_eq!(now.method, CallMethod::Post);
}

#[test]
fn a_webhook_becomes_no_trigger_by_a_patch() {
    let patch = WebhookPatch {
        trigger: TriggerPatch {
            stage: Some(StageId(13)),
            ..TriggerPatch::default()
        },
        ..WebhookPatch::default()
    };
    assert_eq!(config().merged(patch), config());
}

#[test]
fn headers_merge_by_name_in_any_case() {
    let entries = vec![
        ("x-key".to_owned(), Some("new".to_owned())),
        ("X-OTHER".to_owned(), None),
        ("X-Absent".to_owned(), None),
        ("X-Third".to_owned(), Some("3".to_owned())),
    ];
    let merge = |headers| {
        let patch = WebhookPatch {
            headers,
            ..WebhookPatch::default()
        };
        config().merged(patch).settings.headers
    };
    assert_eq!(
        merge(HeadersPatch::Merge(entries)),
        [header("x-key", "new"), header("X-Third", "3")]
    );
    assert_eq!(merge(HeadersPatch::Clear), []);
}

#[test]
fn header_values_are_never_printed() {
    let patch = HeadersPatch::Merge(vec![("X-Key".to_owned(), Some("s3cret".to_owned()))]);
    assert_eq!(format!("{patch:?}"), r#"{"X-Key"}"#);
}

#[test]
fn one_word_for_each_state() {
    let now = Timestamp(1_000);
    let calm = Standing::default();
    let stopped = Standing {
        paused_at: Some(Timestamp(1)),
        ..Standing::default()
    };
    let paused = Standing {
        paused_until: Some(Timestamp(1_001)),
        ..Standing::default()
    };
    let over = Standing {
        paused_until: Some(now),
        ..Standing::default()
    };
    let failing = Standing {
        open_until: Some(Timestamp(1_001)),
        failures_in_a_row: 10,
        ..Standing::default()
    };
    let half_open = Standing {
        open_until: Some(now),
        ..failing.clone()
    };
    let paused_and_failing = Standing {
        paused_at: Some(now),
        ..failing.clone()
    };
    let disabled = Standing {
        disabled_at: Some(Timestamp(1)),
        ..paused.clone()
    };
    for (active, standing, expected) in [
        (true, &calm, "active"),
        (false, &calm, "inactive"),
        (true, &stopped, "paused"),
        (true, &paused, "paused"),
        (true, &failing, "failing"),
        (true, &half_open, "failing"),
        (false, &failing, "inactive"),
        (true, &paused_and_failing, "paused"),
        (false, &paused, "inactive"),
        (true, &over, "active"),
        (true, &disabled, "disabled"),
        (false, &disabled, "disabled"),
    ] {
        let state = WebhookState::of(active, standing, now);
        assert_eq!(state.as_str(), expected, "{active} {standing:?}");
        assert!(WebhookState::NAMES.contains(&(expected, state)));
    }
}
