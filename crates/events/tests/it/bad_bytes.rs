//! What is no event is refused, and the error names the field.

use events::{DecodeError, Event};
use proptest::prelude::*;

use crate::wire::{block, event, head, integer, order, stage};

fn refused(bytes: &[u8]) -> DecodeError {
    Event::decode(bytes).unwrap_err()
}

fn missing(field: &str) -> DecodeError {
    DecodeError::Missing {
        field: field.into(),
    }
}

#[track_caller]
fn assert_invalid(bytes: &[u8], expected: &str) {
    match refused(bytes) {
        DecodeError::Invalid { field, problem } => {
            assert_eq!(field, expected);
            assert!(!problem.is_empty());
        }
        other => panic!("{other:?}"),
    }
}

/// `order_changed` with an action and the given snapshot.
fn order_event(action: u64, snapshot: &[u8]) -> Vec<u8> {
    let change = [integer(1, action), integer(2, 1), block(3, snapshot)].concat();
    event(10, &change)
}

#[test]
fn an_empty_message_has_no_change() {
    assert_eq!(refused(&[]), missing("change"));
    assert_eq!(refused(&head()), missing("change"));
}

#[test]
fn an_id_of_another_length_is_refused() {
    let change = block(17, &block(1, b"tok"));
    let actor = block(4, &integer(1, 1));
    assert_invalid(
        &[block(1, &[7; 15]), actor.clone(), change.clone()].concat(),
        "id",
    );
    assert_invalid(&[actor, change].concat(), "id");
}

#[test]
fn an_event_without_actor_is_refused() {
    let change = block(17, &block(1, b"tok"));
    assert_eq!(
        refused(&[block(1, &[7; 16]), change.clone()].concat()),
        missing("actor")
    );
    let nobody = [block(1, &[7; 16]), block(4, &[]), change.clone()].concat();
    assert_eq!(refused(&nobody), missing("actor.kind"));
    let stranger = [block(1, &[7; 16]), block(4, &integer(1, 99)), change].concat();
    assert_invalid(&stranger, "actor.kind");
}

#[test]
fn a_snapshot_is_needed() {
    let change = integer(1, 1);
    for (field, path) in [
        (10, "order_changed.order"),
        (11, "task_changed.task"),
        (13, "client_changed.client"),
        (14, "pipeline_changed.pipeline"),
    ] {
        assert_eq!(refused(&event(field, &change)), missing(path));
    }
    assert_eq!(refused(&event(17, &[])), missing("token_revoked.token_id"));
}

#[test]
fn an_order_needs_its_stage_and_pipeline() {
    assert_eq!(
        refused(&order_event(1, &order(&[]))),
        missing("order_changed.order.stage")
    );
    let no_pipeline = [integer(1, 42), stage(1)].concat();
    assert_eq!(
        refused(&order_event(1, &no_pipeline)),
        missing("order_changed.order.pipeline")
    );
    assert_eq!(
        refused(&order_event(1, &order(&stage(0)))),
        missing("order_changed.order.stage.kind")
    );
    assert_invalid(
        &order_event(1, &order(&stage(9))),
        "order_changed.order.stage.kind",
    );
}

#[test]
fn an_action_is_needed() {
    let snapshot = order(&stage(1));
    assert_eq!(
        refused(&order_event(0, &snapshot)),
        missing("order_changed.action")
    );
    assert_invalid(&order_event(9, &snapshot), "order_changed.action");
}

#[test]
fn colors_are_checked() {
    let red = [integer(1, 5), block(6, b"red")].concat();
    let change = [integer(1, 1), block(3, &red)].concat();
    assert_invalid(&event(11, &change), "task_changed.task.color");

    let stage = [integer(3, 1), block(5, b"#12")].concat();
    let pipeline = [integer(1, 5), block(4, &stage)].concat();
    let change = [integer(1, 1), block(3, &pipeline)].concat();
    assert_invalid(
        &event(14, &change),
        "pipeline_changed.pipeline.stages.color",
    );
}

#[test]
fn a_former_stage_that_is_named_must_be_there() {
    let change = [
        integer(1, 2),
        block(3, &order(&stage(1))),
        block(4, b"id_status"),
        block(5, &[]),
    ];
    assert_eq!(
        refused(&event(10, &change.concat())),
        missing("order_changed.previous.stage")
    );
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let change = [integer(1, 1), block(2, &[0xff, 0xfe])].concat();
    assert!(matches!(
        refused(&event(15, &change)),
        DecodeError::Malformed(_)
    ));
}

#[test]
fn bytes_cut_short_are_refused() {
    let whole = order_event(1, &order(&stage(1)));
    assert!(Event::decode(&whole).is_ok());
    for length in 0..whole.len() {
        assert!(Event::decode(&whole[..length]).is_err(), "{length}");
    }
}

proptest! {
    #[test]
    fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        // Any answer will do; only the return matters.
        let _answer = Event::decode(&bytes);
    }

    #[test]
    fn a_flipped_byte_never_panics(at in 0..200_usize, with in any::<u8>()) {
        let mut bytes = order_event(2, &order(&stage(1)));
        let at = at % bytes.len();
        bytes[at] ^= with;
        let _answer = Event::decode(&bytes);
    }
}
