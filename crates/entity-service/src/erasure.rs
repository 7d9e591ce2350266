//! Where this service keeps bodies that may speak of a person who asked to be
//! forgotten.
//!
//! The records themselves stay: a client is a manager's to delete
//! (`DELETE /clients/{id}`), best before the person is erased, since the deletion
//! is an event with the client's last state.

use database::{Connection, DatabaseError};
use idempotency::{find_answers, forget_answers};
use outbox::erasure::{Erased, Found, PARKED, PUBLISHED, Place, Sought};

/// All of them.
pub(crate) const PLACES: &[Place] = &[PUBLISHED, ANSWERS, PARKED];

/// Answers that are kept for repeats of a request.
const ANSWERS: Place = Place {
    name: "answers",
    find: find_in_answers,
    erase: erase_answers,
};

/// How many answers one look reads.
const ROWS: i64 = 200;

fn find_in_answers(
    conn: &mut Connection<'_>,
    sought: &Sought,
    after: Option<&[u8]>,
) -> Result<Found, DatabaseError> {
    let after = String::from_utf8_lossy(after.unwrap_or_default());
    let names_them = |body: &[u8]| sought.contacts.is_in_bytes(body);
    let found = find_answers(conn, sought.account_id.0, &after, ROWS, names_them)?;
    Ok(Found {
        keys: found.keys.into_iter().map(String::into_bytes).collect(),
        waiting: 0,
        next: found.next.map(String::into_bytes),
    })
}

fn erase_answers(
    conn: &mut Connection<'_>,
    sought: &Sought,
    keys: &[Vec<u8>],
) -> Result<Erased, DatabaseError> {
    let keys: Vec<String> = keys
        .iter()
        .map(|key| String::from_utf8_lossy(key).into_owned())
        .collect();
    let forgotten = forget_answers(conn, sought.account_id.0, &keys)?;
    Ok(Erased {
        erased: i64::try_from(forgotten).unwrap_or(i64::MAX),
        waiting: 0,
    })
}
