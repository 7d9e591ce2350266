use bytes::Bytes;

use super::*;
use crate::arrivals::Overlap;
use crate::hooks::usual;
use crate::ledger::{Action, Kind};

const CALM: u32 = 0;

fn added(id: u64) -> Key {
    Key {
        record: Record {
            kind: Kind::Task,
            id,
        },
        revision: 1,
        action: Action::Add,
    }
}

fn edited(id: u64, revision: u64) -> Key {
    Key {
        revision,
        action: Action::Edit,
        ..added(id)
    }
}

fn came(webhook: u32, id: &str, key: Key, text: &str) -> Arrival {
    Arrival {
        webhook,
        id: id.to_owned(),
        key: Some(key),
        body: Bytes::copy_from_slice(text.as_bytes()),
        has_valid_signature: true,
        at: Instant::now(),
        taken_at: Some(Instant::now()),
        given_up_at: None,
    }
}

/// Everything that a ledger promises, once to each webhook.
fn complete(promised: &[(Key, &str)]) -> (Ledger, Arrivals) {
    let (ledger, arrivals) = (Ledger::default(), Arrivals::of(usual()));
    for (number, (key, mark)) in promised.iter().enumerate() {
        ledger.accept([(*key, Some((*mark).to_owned()))]);
        for webhook in wanting(arrivals.hooks(), *key) {
            let id = format!("{number}-{webhook}");
            arrivals
                .lock()
                .arrivals
                .push(came(webhook, &id, *key, mark));
        }
    }
    (ledger, arrivals)
}

#[test]
fn all_that_was_promised_and_no_more_is_clean() {
    let (ledger, arrivals) = complete(&[(added(1), "a"), (edited(1, 2), "b")]);
    let verdict = judge(&ledger, &arrivals);
    assert!(verdict.is_clean());
    // A task's events go to two of the webhooks.
    assert_eq!((verdict.expected, verdict.received), (4, 4));
    assert!(verdict.repeats.is_empty() && verdict.out_of_order.is_empty());
}

#[test]
fn what_never_came_or_was_never_taken_is_lost() {
    let (ledger, arrivals) = complete(&[(added(1), "a"), (added(2), "b")]);
    arrivals.lock().arrivals.remove(0);
    arrivals.lock().arrivals[0].taken_at = None;
    let verdict = judge(&ledger, &arrivals);
    assert_eq!(verdict.lost.len(), 2, "{:?}", verdict.lost);
    assert!(!verdict.is_clean());
}

#[test]
fn what_nobody_wrote_and_what_came_under_two_ids_is_found() {
    let (ledger, arrivals) = complete(&[(added(1), "a")]);
    arrivals
        .lock()
        .arrivals
        .push(came(CALM, "x", added(9), "a"));
    arrivals
        .lock()
        .arrivals
        .push(came(CALM, "y", added(1), "a"));
    let verdict = judge(&ledger, &arrivals);
    assert_eq!((verdict.unexpected.len(), verdict.doubled.len()), (1, 1));
    assert!(!verdict.is_clean());
}

#[test]
fn a_wrong_signature_and_wrong_bodies_are_found() {
    let (ledger, arrivals) = complete(&[(added(1), "a")]);
    let again = came(CALM, "0-0", added(1), "a, but not the same");
    arrivals.lock().arrivals.push(again);
    arrivals.lock().arrivals[1].body = Bytes::from_static(b"who else?");
    arrivals.lock().arrivals[1].has_valid_signature = false;
    let verdict = judge(&ledger, &arrivals);
    assert_eq!(verdict.wrong_bodies.len(), 2, "{:?}", verdict.wrong_bodies);
    assert_eq!(verdict.wrong_signatures.len(), 1);
    assert_eq!(verdict.repeats.len(), 1);
}

#[test]
fn a_retry_is_no_repeat_and_excuses_being_late() {
    let (ledger, arrivals) = complete(&[(added(1), "a"), (edited(1, 2), "b")]);
    let mut seen = arrivals.lock();
    let refused = Arrival {
        taken_at: None,
        ..came(CALM, "0-0", added(1), "a")
    };
    let late = came(CALM, "0-0", added(1), "a");
    seen.arrivals[0] = refused;
    seen.arrivals.push(late);
    drop(seen);
    let verdict = judge(&ledger, &arrivals);
    assert!(verdict.is_clean() && verdict.repeats.is_empty());
    assert_eq!(
        (verdict.overtaken_retries, verdict.out_of_order.len()),
        (1, 0)
    );
}

#[test]
fn two_of_one_record_at_once_count_unless_the_first_was_given_up() {
    let (ledger, arrivals) = complete(&[(added(1), "a"), (edited(1, 2), "b")]);
    arrivals.lock().overlaps.push(Overlap {
        earlier: 0,
        later: 2,
    });
    assert_eq!(judge(&ledger, &arrivals).overlaps.len(), 1);
    arrivals.lock().arrivals[0].given_up_at = Some(Instant::now());
    assert!(judge(&ledger, &arrivals).is_clean());
    let long_after = Instant::now() + SAME_MOMENT * 2;
    arrivals.lock().arrivals[0].given_up_at = Some(long_after);
    assert_eq!(judge(&ledger, &arrivals).overlaps.len(), 1);
}
