//! Each rule by what it lets pass and what it says, and all of them as a property.

use serde_json::json;

use super::samples::{OrderEdit, client_edited, order, settings, stage, tasks_deleted};
use super::*;

fn results(settings: &WebhookSettings, event: &Event) -> Vec<RuleResult> {
    let mut known = AccountStages::default();
    let stages = [(12, "Новый"), (14, "Оплата")];
    let stages = stages.map(|(id, name)| stage(id, name));
    known.insert(PipelineId(5), "Продажи".to_owned(), stages);
    judge(Subject::from(settings), event, &known)
}

/// Whether a rule passed, and what it said.
fn said(settings: serde_json::Value, event: &Event, rule: Rule) -> (bool, String) {
    let settings = self::settings(settings);
    let result = results(&settings, event)
        .into_iter()
        .find(|result| result.rule == rule)
        .unwrap();
    (result.passed, result.detail)
}

fn no(detail: &str) -> (bool, String) {
    (false, detail.to_owned())
}

fn yes(detail: &str) -> (bool, String) {
    (true, detail.to_owned())
}

/// From 12 «Новый» to 13 «В работе».
fn moved() -> Event {
    OrderEdit::from(order(stage(12, "Новый")))
        .to(order(stage(13, "В работе")))
        .event(&["id_status"])
}

fn trigger(event: &str, stage: i64) -> serde_json::Value {
    let events = match event {
        "created_in" => vec!["order.add"],
        "entered_or_created" => vec!["order.add", "order.edit"],
        _ => vec!["order.edit"],
    };
    json!({"events": events, "trigger": {"event": event, "stage": stage, "pipeline": 5}})
}

#[test]
fn the_event_has_to_be_chosen() {
    let said = |settings, event: &Event| said(settings, event, Rule::Event);
    assert_eq!(
        said(json!({"events": ["order.edit"]}), &moved()),
        yes("The event is order.edit, and the webhook is for it.")
    );
    assert_eq!(
        said(json!({"events": ["order.add", "task.add"]}), &moved()),
        no("The event is order.edit; the webhook is for order.add and task.add only.")
    );
    assert_eq!(
        said(trigger("created_in", 13), &moved()),
        no(
            "The event is order.edit; the trigger fires when an order is created in its stage, \
             which is order.add."
        )
    );
    assert_eq!(
        said(json!({"events": ["task.delete"]}), &tasks_deleted()),
        yes("The event is task.delete, and the webhook is for it.")
    );
}

#[test]
fn the_stage_of_a_trigger_says_what_happened_and_what_was_waited_for() {
    let said = |settings| said(settings, &moved(), Rule::Stage);
    let went = "The order went from stage 12 «Новый» to stage 13 «В работе»";
    for (event, stage, passed, wish) in [
        (
            "entered",
            13,
            true,
            "an edit brings an order into stage 13 «В работе»",
        ),
        (
            "entered",
            12,
            false,
            "an edit brings an order into stage 12 «Новый»",
        ),
        (
            "entered",
            14,
            false,
            "an edit brings an order into stage 14 «Оплата»",
        ),
        (
            "entered",
            99,
            false,
            "an edit brings an order into stage 99",
        ),
        (
            "left",
            12,
            true,
            "an edit takes an order out of stage 12 «Новый»",
        ),
        (
            "left",
            13,
            false,
            "an edit takes an order out of stage 13 «В работе»",
        ),
        (
            "entered_or_created",
            13,
            true,
            "an order comes into stage 13 «В работе» or is created in it",
        ),
        (
            "changed",
            13,
            false,
            "an order is edited while it is in stage 13 «В работе», before and after",
        ),
    ] {
        let joint = if passed { ", and" } else { ";" };
        let detail = format!("{went}{joint} the trigger fires when {wish}.");
        assert_eq!(
            said(trigger(event, stage)),
            (passed, detail),
            "{event} {stage}"
        );
    }
}

#[test]
fn what_stays_in_a_stage_neither_enters_nor_leaves_it() {
    let stayed = OrderEdit::from(order(stage(12, "Новый"))).event(&["name"]);
    for (event, passed) in [("entered", false), ("left", false), ("changed", true)] {
        let (is_passed, detail) = said(trigger(event, 12), &stayed, Rule::Stage);
        assert_eq!(is_passed, passed, "{event}");
        assert!(
            detail.starts_with("The order's stage is 12 «Новый», as before"),
            "{detail}"
        );
    }
}

#[test]
fn a_filter_of_stages_looks_at_the_stage_after_the_change() {
    let said = |settings| said(settings, &moved(), Rule::Stage);
    let edits = |filter| json!({"events": ["order.edit"], "filter": filter});
    assert_eq!(
        said(edits(json!({}))),
        yes("The webhook is for every stage and every pipeline.")
    );
    assert_eq!(
        said(edits(json!({"stages": [13, 14]}))),
        yes(
            "The order went from stage 12 «Новый» to stage 13 «В работе», and the webhook is for \
             stage 13 «В работе» or 14 «Оплата»."
        )
    );
    assert!(!said(edits(json!({"stages": [12]}))).0);
    assert_eq!(
        said(edits(json!({"pipelines": [6]}))),
        no(
            "The order went from stage 12 «Новый» of pipeline 5 «Продажи» to stage 13 «В работе» \
             of pipeline 5 «Продажи»; the webhook is for pipeline 6."
        )
    );
    assert!(!said(edits(json!({"pipelines": [5], "stages": [12]}))).0);
}

#[test]
fn what_is_no_order_is_in_no_stage() {
    let settings = json!({"events": ["client.edit"], "filter": {"stages": [12]}});
    assert_eq!(
        said(settings, &client_edited(), Rule::Stage),
        no("The event is of a client, which is in no stage; the webhook is for stage 12 «Новый».")
    );
}

#[test]
fn a_change_that_was_asked_for() {
    let asked = json!({"events": ["order.edit"], "filter": {"changed": ["price", "id_status"]}});
    assert_eq!(
        said(asked, &moved(), Rule::Changed),
        yes("The edit changed id_status, which the webhook asks for.")
    );
    let asked = json!({"events": ["order.edit"], "filter": {"changed": ["price", "name"]}});
    assert_eq!(
        said(asked.clone(), &moved(), Rule::Changed),
        no("The edit changed id_status; the webhook asks for a change of price or name.")
    );
    let added = OrderEdit::from(order(stage(12, "Новый"))).added();
    assert_eq!(
        said(asked, &added, Rule::Changed),
        no("An addition changes no field; the webhook asks for a change of price or name.")
    );
}

#[test]
fn own_changes_are_skipped() {
    let skips = json!({"events": ["order.edit"], "filter": {"skip_token": "mine"}});
    let mut event = moved();
    assert_eq!(
        said(skips.clone(), &event, Rule::SkipOwn),
        yes("The change was made without an API token; the webhook skips changes of token mine.")
    );
    event.actor.token_id = Some(events::TokenId("other".to_owned()));
    assert!(said(skips.clone(), &event, Rule::SkipOwn).0);
    event.actor.token_id = Some(events::TokenId("mine".to_owned()));
    assert_eq!(
        said(skips, &event, Rule::SkipOwn),
        no("The change was made with token mine, whose changes the webhook skips.")
    );
}

#[test]
fn a_condition_names_the_rows_that_are_false() {
    let settings = json!({"events": ["order.edit"], "filter": {"condition": {"all": [
        {"field": "id_status", "operator": "equal", "value": 13},
        {"field": "name", "operator": "starts_with", "value": "Лид"},
        {"field": "price", "operator": "not_empty"},
    ]}}});
    assert_eq!(
        said(settings.clone(), &moved(), Rule::Condition),
        no(
            "The condition does not hold: row 2 is false (name is \"Заказ\"; asked for: \
             starts_with \"Лид\") and row 3 is false (price is null; asked for: not_empty)."
        )
    );
    let settings = self::settings(settings);
    let all = results(&settings, &moved());
    let rows = &all.last().unwrap().rows;
    assert_eq!(rows.len(), 3);
    assert!(rows[0].holds && !rows[1].holds && !rows[2].holds);
}

#[test]
fn a_false_row_of_a_group_that_holds_is_no_reason() {
    let settings = json!({"events": ["order.edit"], "filter": {"condition": {"all": [
        {"field": "price", "operator": "not_empty"},
        {"any": [
            {"field": "tags", "operator": "contains", "value": "vip"},
            {"field": "id_status", "operator": "equal", "value": 13},
        ]},
    ]}}});
    assert_eq!(
        said(settings, &moved(), Rule::Condition),
        no("The condition does not hold: row 1 is false (price is null; asked for: not_empty).")
    );
}

#[test]
fn what_is_no_change_of_a_record_fires_nothing() {
    let mut event = moved();
    event.change = Change::TokenRevoked(events::TokenRevoked {
        token_id: events::TokenId("t".to_owned()),
    });
    let all = settings(json!({"events": EventSwitches::NAMES}));
    let [only] = results(&all, &event).try_into().unwrap();
    assert_eq!((only.rule, only.passed), (Rule::Event, false));
    assert!(only.detail.contains("token.revoked"), "{}", only.detail);
    assert!(Occasion::of(&event).is_none());
}
