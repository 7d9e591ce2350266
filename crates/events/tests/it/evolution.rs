//! Messages of newer versions.

use events::{Change, Decoded, Event, TokenId};

use crate::wire::{block, event, head, integer, order, stage};

#[test]
fn an_unknown_variant_is_told_apart() {
    assert_eq!(Event::decode(&event(800, &[])), Ok(Decoded::Unknown));
    assert_eq!(
        Event::decode(&event(900, b"anything")),
        Ok(Decoded::Unknown)
    );
}

#[test]
fn an_unknown_variant_may_stand_before_the_other_fields() {
    let bytes = [block(800, b"new"), head()].concat();
    assert_eq!(Event::decode(&bytes), Ok(Decoded::Unknown));
}

#[test]
fn an_unknown_plain_field_is_not_a_variant() {
    let bytes = [head(), integer(800, 5), block(6, b"text")].concat();
    assert!(Event::decode(&bytes).is_err());
}

#[test]
fn unknown_fields_are_ignored() {
    let revoked = [block(1, b"tok"), block(2, b"reason"), integer(3, 9)].concat();
    let bytes = [integer(9, 1), event(17, &revoked), block(6, b"new")].concat();
    let Ok(Decoded::Event(event)) = Event::decode(&bytes) else {
        panic!("not read");
    };
    let Change::TokenRevoked(change) = event.change else {
        panic!("another change");
    };
    assert_eq!(change.token_id, TokenId("tok".into()));
}

#[test]
fn a_changed_key_that_is_not_known_is_kept_and_has_no_value() {
    let change = [
        integer(1, 2),
        integer(2, 3),
        block(3, &order(&stage(1))),
        block(4, b"id_warehouse"),
        block(4, b"name"),
        block(4, b"name"),
        block(5, &block(2, "Было".as_bytes())),
    ]
    .concat();
    let Ok(Decoded::Event(event)) = Event::decode(&event(10, &change)) else {
        panic!("not read");
    };
    let previous = events::envelope(&event).previous;
    assert_eq!(previous, Some(serde_json::json!({"name": "Было"})));
    let Change::Order(change) = event.change else {
        panic!("another change");
    };
    assert_eq!(change.changed, ["id_warehouse", "name", "name"]);
}
