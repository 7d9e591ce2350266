//! Outcomes that are not on record yet, and what they hold up.

use super::*;

#[test]
fn unrecorded_outcomes_hold_up_what_is_next() {
    let mut lanes = lanes_of(&[(1, 12), (1, 12)]);
    // Far more at once than one lane may owe for long.
    for round in 0..20 {
        claim(&mut lanes, 0, [round]);
        assert!(lanes.start(0).is_some());
        lanes.finish(WebhookId(0), order(round.into()), None, 0);
    }
    claim(&mut lanes, 1, [99]);
    assert_eq!(lanes.start(0), None);
    assert!(!lanes.is_quiet());
    lanes.recorded(WebhookId(0), 20);
    assert!(lanes.is_quiet());
    assert_eq!(lanes.start(0), Some((WebhookId(1), 99)));
}

#[test]
fn a_lane_starts_nothing_while_too_much_of_it_would_come_twice() {
    let mut lanes = lanes_of(&[(1, 3), (1, 3)]);
    let one_is_done = |lanes: &mut Lanes<u32>, job: u32, clock_us| {
        claim(lanes, 0, [job]);
        assert_eq!(lanes.start(clock_us), Some((WebhookId(0), job)), "{job}");
        lanes.finish(WebhookId(0), order(job.into()), None, clock_us);
    };
    // Twice its slots, however long they take to be recorded.
    (0..6).for_each(|job| one_is_done(&mut lanes, job, 10_000 * i64::from(job)));
    claim(&mut lanes, 0, [6]);
    assert_eq!(lanes.start(60_000), None);
    claim(&mut lanes, 1, [99]);
    assert_eq!(
        lanes.start(60_000),
        Some((WebhookId(1), 99)),
        "another lane"
    );
    assert!(!lanes.have_startable());
    lanes.recorded(WebhookId(0), 1);
    assert!(lanes.have_startable());
    assert_eq!(lanes.start(60_000), Some((WebhookId(0), 6)));
    lanes.finish(WebhookId(0), order(6), None, 60_000);
    lanes.recorded(WebhookId(0), 6);

    // Four times as much as long as they are recorded in time.
    let in_time = LIMITS.max_unrecorded.min(4 * 6) - 1;
    (10..)
        .take(in_time)
        .for_each(|job| one_is_done(&mut lanes, job, 70_000));
    claim(&mut lanes, 0, [98]);
    assert_eq!(lanes.start(72_001), None, "they wait for too long by now");
}
