//! The lanes against a model that remembers everything and indexes nothing.

mod crowd;
mod schedules;

use events::AccountId;

use super::*;

const LIMITS: LaneLimits = LaneLimits {
    max_in_flight: 12,
    kept_for_quick: 0,
    max_queued: 40,
    max_unrecorded: 20,
    open: OpenLimits {
        least: 4,
        usual_wait_us: 2_000,
    },
};

/// Terms of a lane that all workers share.
fn shared(max_concurrency: usize) -> LaneTerms {
    LaneTerms {
        max_concurrency,
        ..LaneTerms::default()
    }
}

fn closed_until(until_us: i64) -> Gate {
    Gate::ClosedUntil {
        until_us,
        half_open: false,
    }
}

fn lanes_of(slots: &[(i64, usize)]) -> Lanes<u32> {
    let mut lanes = Lanes::new(LIMITS);
    for (number, &(account, slots)) in (0..).zip(slots) {
        lanes.set_lane(WebhookId(number), AccountId(account), shared(slots), 0);
        lanes.set_gate(WebhookId(number), Gate::Open, 0);
    }
    lanes
}

fn order(id: i64) -> Option<RecordKey> {
    Some(RecordKey {
        component: Component::Order,
        id,
    })
}

/// Claims `count` deliveries of records of their own.
fn claim(lanes: &mut Lanes<u32>, webhook: i64, jobs: impl IntoIterator<Item = u32>) {
    for job in jobs {
        assert!(lanes.reserve(WebhookId(webhook), 0));
        let refused = lanes.fill_reservation(WebhookId(webhook), order(job.into()), job, 0);
        assert_eq!(refused, None);
    }
}

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

/// The first of so many workers.
fn crew_of(count: usize) -> Crew {
    let ids: Vec<[u8; 16]> = (0..count)
        .map(|id| [u8::try_from(id).unwrap(); 16])
        .collect();
    Crew::new(&ids[0], ids[1..].iter().map(<[u8; 16]>::as_slice))
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

#[test]
fn the_keeper_of_the_pace_hears_of_another_earliest_start_only() {
    let mut lanes = lanes_of(&[(1, 3), (1, 3)]);
    let terms = LaneTerms {
        rate_per_second: Some(10),
        is_exclusive: true,
        ..shared(8)
    };
    lanes.set_lane(WebhookId(0), AccountId(1), terms, 0);
    claim(&mut lanes, 0, 1..=8);
    while lanes.start(0).is_some() {}
    assert!(lanes.has_news_of_next_start());
    let first_us = lanes.tell_next_start_us().unwrap();
    // What another lane starts is no news.
    claim(&mut lanes, 1, [9]);
    assert_eq!(lanes.start(0), Some((WebhookId(1), 9)));
    assert!(!lanes.has_news_of_next_start());
    lanes.let_on(first_us);
    while lanes.start(first_us).is_some() {}
    assert!(lanes.has_news_of_next_start());
    assert!(lanes.tell_next_start_us().unwrap() > first_us);
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
