//! What goes first: by account, by record and by age.

use super::*;

#[test]
fn one_record_is_under_way_once_and_in_order() {
    let mut lanes = lanes_of(&[(1, 4)]);
    for job in [1, 2, 3] {
        assert!(lanes.reserve(WebhookId(0), 0));
        lanes.fill_reservation(WebhookId(0), order(7), job, 0);
    }
    assert_eq!(lanes.start(0), Some((WebhookId(0), 1)));
    assert_eq!(lanes.start(0), None);
    lanes.finish(WebhookId(0), order(7), None, 0);
    assert_eq!(lanes.start(0), Some((WebhookId(0), 2)));
    lanes.finish(WebhookId(0), order(7), None, 0);
    assert_eq!(lanes.start(0), Some((WebhookId(0), 3)));
}

#[test]
fn accounts_take_turns_and_so_do_their_lanes() {
    let mut lanes = lanes_of(&[(1, 4), (1, 4), (2, 4)]);
    claim(&mut lanes, 0, [1, 2, 3]);
    claim(&mut lanes, 1, [11, 12]);
    claim(&mut lanes, 2, [21, 22]);
    let started: Vec<u32> = std::iter::from_fn(|| lanes.start(0))
        .map(|(_, job)| job)
        .collect();
    assert_eq!(started, [1, 21, 11, 22, 2, 12, 3]);
}

#[test]
fn claims_take_turns_by_account() {
    let slots: Vec<(i64, usize)> = (0..9).map(|lane| (i64::from(lane == 8), 2)).collect();
    let mut lanes = lanes_of(&slots);
    for webhook in 0..9 {
        lanes.note_due(WebhookId(webhook), webhook);
    }
    let asked: Vec<i64> = lanes
        .ask(100, 3, 100)
        .iter()
        .map(|ask| ask.webhook.0)
        .collect();
    assert_eq!(
        asked,
        [0, 8, 1],
        "the second account is not the ninth in line"
    );
}

#[test]
fn older_deliveries_go_before_new_ones() {
    let mut lanes = lanes_of(&[(1, 4)]);
    lanes.note_due(WebhookId(0), 10);
    assert!(
        lanes.reserve(WebhookId(0), 9),
        "what is due later is not in the way"
    );
    lanes.cancel_reservation(WebhookId(0));
    assert!(!lanes.reserve(WebhookId(0), 10));
    let ask = lanes.ask(10, 8, 8)[0];
    assert!(!lanes.reserve(WebhookId(0), 10), "they are on their way");
    lanes.claimed(ask, vec![(order(1), 1)], Some(500), 10);
    assert!(lanes.reserve(WebhookId(0), 11));
}
