//! What the keeper of the pace of a lane is told.

use super::*;

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
