use super::*;

const DAY_MS: u64 = 86_400_000;
const TABLE: BodyTable = BodyTable::EventBodies;

fn day(number: u64) -> Moment {
    Moment(number * DAY_MS)
}

fn named(name: &str, from: Option<u64>, until: Option<u64>) -> Partition {
    Partition {
        name: name.to_owned(),
        from: from.map(day),
        until: until.map(day),
    }
}

#[test]
fn bounds_are_read_as_they_are_written() {
    let bounds = r"FOR VALUES FROM ('\x019b7ca98d03') TO (MAXVALUE)";
    let last = Partition::parse("a".to_owned(), bounds).unwrap();
    assert_eq!(last.from, Some(Moment(0x019b_7ca9_8d03)));
    assert_eq!(last.until, None);
    let bounds = r"FOR VALUES FROM (MINVALUE) TO ('\x000000000001')";
    let first = Partition::parse("a".to_owned(), bounds).unwrap();
    assert_eq!((first.from, first.until), (None, Some(Moment(1))));
    for foreign in [
        "DEFAULT",
        "FOR VALUES IN ('a')",
        r"FOR VALUES FROM ('\x01') TO (MAXVALUE)",
        r"FOR VALUES FROM ('\x019b7ca98d03', 1) TO (MAXVALUE)",
    ] {
        assert_eq!(Partition::parse("a".to_owned(), foreign), None, "{foreign}");
    }
}

#[test]
fn days_are_made_ahead_and_not_again() {
    let first = [
        named("before", None, Some(100)),
        named("ahead", Some(100), None),
    ];
    let now = Moment(99 * DAY_MS + 5);
    let ahead = wanting(&first, now).unwrap();
    assert_eq!(ahead.last, first[1]);
    let expected: Vec<Moment> = (100..=103).map(day).collect();
    assert_eq!(ahead.bounds, expected);
    let later = [named("ahead", Some(107), None)];
    for today in 99..=105 {
        assert_eq!(wanting(&later, day(today)), None, "{today}");
    }
    assert!(wanting(&later, day(106)).is_some());
}

#[test]
fn days_without_a_worker_lie_in_one() {
    let ahead = wanting(&[named("ahead", Some(100), None)], day(500)).unwrap();
    assert_eq!(ahead.bounds[..3], [day(100), day(500), day(501)]);
    assert_eq!(ahead.bounds.last(), Some(&day(504)));
}

#[test]
fn what_is_old_goes_from_the_lowest_up() {
    let mut all = vec![
        named("event_bodies_before", None, Some(10)),
        named("event_bodies_10", Some(10), Some(11)),
        named("event_bodies_11", Some(11), Some(12)),
        named("event_bodies_ahead", Some(12), None),
    ];
    assert_eq!(end_of_first(&all), day(10));
    assert_eq!(next_release(&all, day(9), &[]), None);
    assert_eq!(end_of_first(&all[1..]), Moment::FIRST);
    let release = next_release(&all, day(11), &[]).unwrap();
    assert_eq!((&release.partition, release.below), (&all[0], None));

    all[0] = named("event_bodies_kept_first", None, Some(10));
    assert_eq!(end_of_first(&all), day(10));
    let release = next_release(&all, day(11), &[]).unwrap();
    assert_eq!(release.partition, all[1]);
    assert_eq!(release.below.as_ref(), Some(&all[0]));
    let passed = [all[1].name.clone()];
    assert_eq!(next_release(&all, day(11), &passed), None);
    let release = next_release(&all, day(12), &passed).unwrap();
    assert_eq!((release.partition, release.below), (all[2].clone(), None));
}

#[test]
fn what_was_kept_in_two_places_comes_together() {
    let all = [
        named("event_bodies_kept_first", None, Some(11)),
        named("event_bodies_kept_11", Some(11), Some(12)),
        named("event_bodies_ahead", Some(12), None),
    ];
    let release = next_release(&all, day(12), &[]).unwrap();
    assert_eq!(release.partition, all[1]);
    assert_eq!(release.below.as_ref(), Some(&all[0]));
}

#[test]
fn names_tell_what_was_kept() {
    let rest = Partition::name_of_rest(TABLE, None);
    assert!(named(&rest, None, Some(1)).is_rest());
    assert!(
        named(
            &Partition::name_of_rest(TABLE, Some(day(7))),
            Some(7),
            Some(8)
        )
        .is_rest()
    );
    assert!(!named(&Partition::name_of(TABLE, day(7)), Some(7), Some(8)).is_rest());
    assert!(!named("event_bodies_before", None, Some(1)).is_rest());
}
