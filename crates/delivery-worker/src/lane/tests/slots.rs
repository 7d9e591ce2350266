//! How many deliveries of a lane there is room for, and whose slots they take.

use super::*;

#[test]
fn a_lane_has_so_many_slots() {
    let mut lanes = lanes_of(&[(1, 2)]);
    claim(&mut lanes, 0, [1, 2]);
    assert!(!lanes.reserve(WebhookId(0), 0), "no third place");
    assert_eq!(lanes.start(0), Some((WebhookId(0), 1)));
    assert_eq!(lanes.start(0), Some((WebhookId(0), 2)));
    assert_eq!(lanes.start(0), None);
    lanes.finish(WebhookId(0), order(1), None, 0);
    assert!(lanes.reserve(WebhookId(0), 0));
}

#[test]
fn workers_share_the_slots() {
    let mut lanes = lanes_of(&[(1, 4)]);
    assert!(lanes.set_crew(crew_of(2), 0).is_empty());
    claim(&mut lanes, 0, [1, 2]);
    assert!(!lanes.reserve(WebhookId(0), 0), "4 slots over 2 workers");
    assert!(lanes.set_crew(crew_of(1), 0).is_empty());
    claim(&mut lanes, 0, [4, 5]);
}

#[test]
fn what_a_lane_without_a_slot_had_queued_is_for_the_others() {
    // Among so many lanes of one slot some go to each worker.
    let mut lanes = lanes_of(&[(1, 1); 40]);
    (0..40).for_each(|lane| claim(&mut lanes, lane, [u32::try_from(lane).unwrap()]));
    let given_up = lanes.set_crew(crew_of(2), 7);
    assert!(!given_up.is_empty() && given_up.len() < 40, "{given_up:?}");
    assert_eq!(lanes.queued(), 40 - given_up.len());
    for job in given_up {
        let webhook = WebhookId(job.into());
        assert!(!lanes.reserve(webhook, 7), "another worker's");
        assert_eq!(lanes.fill_reservation(webhook, order(1), job, 7), Some(job));
    }
    // The other one is gone.
    lanes.set_crew(crew_of(1), 8);
    assert_eq!(lanes.ask(8, 100, 100).len(), 40 - lanes.queued());
}

#[test]
fn a_fast_lane_may_queue_ahead_and_a_slow_one_may_not() {
    let mut lanes = lanes_of(&[(1, 2), (1, 2)]);
    for (webhook, took_us) in [(0, 1_000), (1, 3_000_000)] {
        claim(&mut lanes, webhook, [1]);
        assert!(lanes.start(0).is_some());
        lanes.finish(WebhookId(webhook), order(1), Some(took_us), 0);
    }
    claim(&mut lanes, 0, 10..40);
    claim(&mut lanes, 1, [50, 51]);
    assert!(!lanes.reserve(WebhookId(1), 0));
}

#[test]
fn slow_receivers_leave_slots_to_quick_ones() {
    let mut lanes = Lanes::new(LaneLimits {
        kept_for_quick: 4,
        open: OpenLimits {
            least: 100,
            usual_wait_us: 0,
        },
        ..LIMITS
    });
    for (webhook, took_us) in [(0, 2_500_000), (1, 5_000), (2, 2_500_000)] {
        lanes.set_lane(WebhookId(webhook), AccountId(1), shared(20), 0);
        lanes.set_gate(WebhookId(webhook), Gate::Open, 0);
        claim(&mut lanes, webhook, [1]);
        assert!(lanes.start(0).is_some());
        lanes.finish(WebhookId(webhook), order(1), Some(took_us), 0);
        lanes.recorded(WebhookId(webhook), 1);
    }
    claim(&mut lanes, 0, 100..116);
    let slow = std::iter::from_fn(|| lanes.start(0)).count();
    assert_eq!(slow, LIMITS.max_in_flight - 4);
    // Another slow one waits for its turn, one that is not known yet does not.
    claim(&mut lanes, 2, [200]);
    assert_eq!(lanes.start(0), None);
    lanes.set_lane(WebhookId(3), AccountId(2), shared(20), 0);
    lanes.set_gate(WebhookId(3), Gate::Open, 0);
    claim(&mut lanes, 3, [300, 301]);
    assert_eq!(lanes.start(0), Some((WebhookId(3), 300)));
    assert_eq!(lanes.start(0), None);
    claim(&mut lanes, 1, [400, 401, 402, 403]);
    let quick: Vec<_> = std::iter::from_fn(|| lanes.start(0)).collect();
    assert_eq!(quick, [400, 401, 402].map(|job| (WebhookId(1), job)));
    // A slot that is given back goes to whom it was kept for, until there are enough.
    lanes.finish(WebhookId(0), order(100), Some(2_500_000), 0);
    assert_eq!(lanes.start(0), Some((WebhookId(1), 403)));
    for job in 101..103 {
        lanes.finish(WebhookId(0), order(job), Some(2_500_000), 0);
    }
    assert_eq!(lanes.start(0), None);
    for job in 103..106 {
        lanes.finish(WebhookId(0), order(job), Some(2_500_000), 0);
    }
    assert_eq!(lanes.start(0), Some((WebhookId(0), 108)));
    assert_eq!(lanes.start(0), None);
    for (job, expected) in [(106, (3, 301)), (107, (2, 200))] {
        lanes.finish(WebhookId(0), order(job), Some(2_500_000), 0);
        let (webhook, job) = expected;
        assert_eq!(lanes.start(0), Some((WebhookId(webhook), job)));
    }
}

#[test]
fn nobody_is_asked_for_more_than_there_is_room_for() {
    let mut lanes = lanes_of(&[(1, 3)]);
    claim(&mut lanes, 0, [1]);
    lanes.start(0);
    lanes.note_due(WebhookId(0), 10);
    assert_eq!(lanes.ask(9, 8, 8), [], "not due yet");
    let ask = Ask {
        webhook: WebhookId(0),
        limit: 2,
    };
    assert_eq!(lanes.ask(10, 8, 8), [ask]);
    assert_eq!(lanes.ask(10, 8, 8), [], "one ask at a time");
    let jobs = vec![(order(2), 2), (order(3), 3)];
    assert!(lanes.claimed(ask, jobs, None, 10).is_empty());
    assert_eq!(lanes.ask(11, 8, 8), [], "no room");
    lanes.start(0);
    lanes.start(0);
    lanes.finish(WebhookId(0), order(2), None, 0);
    assert_eq!(
        lanes.ask(11, 8, 8).len(),
        1,
        "as many came as were asked for"
    );
}
