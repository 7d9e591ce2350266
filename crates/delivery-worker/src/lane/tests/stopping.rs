//! Lanes that close or are deleted, and reasons for which nothing starts.

use super::*;

#[test]
fn a_lane_that_closes_gives_its_queue_back_and_opens_by_itself() {
    let mut lanes = lanes_of(&[(1, 3)]);
    claim(&mut lanes, 0, [1, 2, 3]);
    lanes.start(0);
    let given_up = lanes.set_gate(WebhookId(0), closed_until(50), 10);
    assert_eq!(given_up, [2, 3]);
    assert_eq!(lanes.queued(), 0);
    assert_eq!(lanes.start(0), None);
    assert_eq!(lanes.ask(49, 8, 8), []);
    assert_eq!(lanes.next_wake_us(), Some(50));
    lanes.tick(50);
    assert!(lanes.is_open(WebhookId(0)));
    assert_eq!(lanes.ask(50, 8, 8).len(), 1, "what was given up is due");
}

#[test]
fn what_was_reserved_or_asked_before_a_lane_closed_comes_back() {
    let mut lanes = lanes_of(&[(1, 3)]);
    assert!(lanes.reserve(WebhookId(0), 0));
    lanes.note_due(WebhookId(0), 0);
    let ask = lanes.ask(0, 8, 8)[0];
    lanes.set_gate(WebhookId(0), Gate::Closed, 1);
    assert_eq!(
        lanes.fill_reservation(WebhookId(0), order(1), 1, 1),
        Some(1)
    );
    let jobs = vec![(order(2), 2), (order(3), 3)];
    assert_eq!(lanes.claimed(ask, jobs, None, 1), [2, 3]);
    assert_eq!(lanes.start(0), None);
}

#[test]
fn nothing_starts_while_any_reason_holds() {
    let mut lanes = lanes_of(&[(1, 3)]);
    claim(&mut lanes, 0, [1]);
    lanes.stop(Stop::Recording);
    lanes.stop(Stop::Lease);
    lanes.resume(Stop::Recording);
    assert_eq!(lanes.start(0), None);
    assert!(!lanes.reserve(WebhookId(0), 0));
    lanes.resume(Stop::Lease);
    assert_eq!(lanes.start(0), Some((WebhookId(0), 1)));
}

#[test]
fn a_deleted_lane_goes_once_nothing_of_it_is_under_way() {
    let mut lanes = lanes_of(&[(1, 3)]);
    claim(&mut lanes, 0, [1, 2]);
    lanes.start(0);
    assert_eq!(lanes.remove_lane(WebhookId(0), 5), [2]);
    lanes.finish(WebhookId(0), order(1), None, 0);
    assert!(lanes.remove_lane(WebhookId(0), 6).is_empty());
    assert!(lanes.lanes.is_empty() && lanes.due.is_empty());
}
