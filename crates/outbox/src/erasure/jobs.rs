//! The requests, and how far each of them is.

use contacts::ContactFinder;
use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{AccountId, EventId, PersonErased};

use super::Sought;
use crate::schema::erasures;

/// How long a claim holds without a sign of life.
const CLAIM_US: i64 = 30_000_000;
/// How long after a scan the next one begins, and how long after the request
/// the last one may begin at the earliest: by then what was under way when it
/// came, such as a request to a receiver, has been written down.
const AGAIN_US: i64 = 3_600_000_000;

/// A request that this process works on.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = erasures)]
pub(super) struct Job {
    pub(super) event_id: Vec<u8>,
    account_id: i64,
    phone_e164: Option<String>,
    email_normalized: Option<String>,
    requested_at_us: i64,
    claim_no: i64,
    scan_began_at_us: Option<i64>,
    pub(super) place: Option<String>,
    pub(super) position: Option<Vec<u8>>,
    pub(super) scan_erased: i64,
    pub(super) scan_waiting: i64,
    pub(super) scans: i64,
    pub(super) erased: i64,
}

/// What became of a scan that went through everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScanEnd {
    /// Nothing is left; the contacts are gone.
    Finished,
    /// There will be another one.
    Again,
    /// Another worker has the job.
    Lost,
}

impl Job {
    pub(super) fn sought(&self) -> Sought {
        let (phone, email) = (&self.phone_e164, &self.email_normalized);
        Sought {
            account_id: AccountId(self.account_id),
            contacts: ContactFinder::new(phone.as_deref(), email.as_deref()),
        }
    }

    pub(super) fn account_id(&self) -> i64 {
        self.account_id
    }

    /// As text for the log; a request has no other name that may stand there.
    pub(super) fn name(&self) -> String {
        EventId::from_bytes(&self.event_id).map_or_else(String::new, |id| id.to_string())
    }
}

/// Takes in that a person asked to be forgotten, in the transaction that is open
/// on `conn`; a request that is known already is left alone. Call
/// [`Erasures::wake`](super::Erasures::wake) once it has committed.
///
/// `event_id` is that of the `person.erased`. A request without a contact, as one
/// that was itself blanked has none, asks for nothing.
///
/// # Errors
/// Database failures.
pub fn request(
    conn: &mut Connection<'_>,
    event_id: EventId,
    account_id: AccountId,
    person: &PersonErased,
) -> Result<(), DatabaseError> {
    if person.phone_e164.is_none() && person.email_normalized.is_none() {
        return Ok(());
    }
    let now_us = conn.now_us()?;
    on_backend!(conn, |c| diesel::insert_into(erasures::table)
        .values((
            erasures::event_id.eq(event_id.as_bytes()),
            erasures::account_id.eq(account_id.0),
            erasures::phone_e164.eq(person.phone_e164.as_deref()),
            erasures::email_normalized.eq(person.email_normalized.as_deref()),
            erasures::requested_at_us.eq(now_us),
            erasures::due_at_us.eq(Some(now_us)),
            erasures::claim_no.eq(0),
            erasures::claimed_until_us.eq(0),
            erasures::scan_erased.eq(0),
            erasures::scan_waiting.eq(0),
            erasures::scans.eq(0),
            erasures::erased.eq(0),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// Whether there is work that nobody does.
pub(super) fn is_due(conn: &mut Connection<'_>) -> Result<bool, DatabaseError> {
    let now_us = conn.now_us()?;
    let is_taken = on_backend!(conn, |c| diesel::select(diesel::dsl::exists(
        erasures::table
            .filter(erasures::due_at_us.is_not_null())
            .filter(erasures::claimed_until_us.gt(now_us))
    ))
    .get_result::<bool>(c))?;
    let is_due = on_backend!(conn, |c| diesel::select(diesel::dsl::exists(
        erasures::table.filter(erasures::due_at_us.le(now_us))
    ))
    .get_result::<bool>(c))?;
    Ok(is_due && !is_taken)
}

/// Takes the request that has been due for longest. Nobody takes another one
/// until it is given back.
pub(super) fn claim(conn: &mut Connection<'_>) -> Result<Option<Job>, DatabaseError> {
    if !is_due(conn)? {
        return Ok(None);
    }
    let now_us = conn.now_us()?;
    let next = erasures::table
        .filter(erasures::due_at_us.le(now_us))
        .filter(erasures::claimed_until_us.le(now_us))
        .order((erasures::due_at_us, erasures::event_id))
        .limit(1)
        .select(erasures::event_id);
    let next: Option<Vec<u8>> = match conn {
        Connection::Sqlite(c) => next.first(*c).optional()?,
        Connection::Postgres(c) => next.for_update().skip_locked().first(*c).optional()?,
    };
    let Some(event_id) = next else {
        return Ok(None);
    };
    Ok(on_backend!(conn, |c| diesel::update(
        erasures::table.find(&event_id)
    )
    .set((
        erasures::claim_no.eq(erasures::claim_no + 1),
        erasures::claimed_until_us.eq(now_us + CLAIM_US),
        erasures::scan_began_at_us.eq(diesel::dsl::sql::<
            diesel::sql_types::Nullable<diesel::sql_types::BigInt>,
        >(&format!("coalesce(scan_began_at_us, {now_us})"))),
    ))
    .returning(Job::as_returning())
    .get_result(c)
    .optional())?)
}

/// Writes down how far the scan is, and keeps the job; `false` if another worker
/// has it.
pub(super) fn save(conn: &mut Connection<'_>, job: &Job) -> Result<bool, DatabaseError> {
    let claimed_until_us = conn.now_us()? + CLAIM_US;
    write_down(conn, job, claimed_until_us)
}

/// Leaves the job to whoever comes next, who goes on where it stands.
pub(super) fn give_back(conn: &mut Connection<'_>, job: &Job) -> Result<bool, DatabaseError> {
    write_down(conn, job, 0)
}

fn write_down(
    conn: &mut Connection<'_>,
    job: &Job,
    claimed_until_us: i64,
) -> Result<bool, DatabaseError> {
    let updated = on_backend!(conn, |c| diesel::update(
        erasures::table
            .find(&job.event_id)
            .filter(erasures::claim_no.eq(job.claim_no))
    )
    .set((
        erasures::claimed_until_us.eq(claimed_until_us),
        erasures::place.eq(job.place.as_deref()),
        erasures::position.eq(job.position.as_deref()),
        erasures::scan_erased.eq(job.scan_erased),
        erasures::scan_waiting.eq(job.scan_waiting),
        erasures::erased.eq(job.erased),
    ))
    .execute(c))?;
    Ok(updated == 1)
}

/// Puts the job off for an hour: something in the database is not as it should
/// be. The scan begins anew then.
pub(super) fn put_off(conn: &mut Connection<'_>, job: &Job) -> Result<bool, DatabaseError> {
    let due_at_us = conn.now_us()? + AGAIN_US;
    end(conn, job, Some(due_at_us))
}

/// Ends a scan that went through every place.
pub(super) fn end_scan(conn: &mut Connection<'_>, job: &Job) -> Result<ScanEnd, DatabaseError> {
    let now_us = conn.now_us()?;
    let began_late = job
        .scan_began_at_us
        .is_some_and(|began_us| began_us >= job.requested_at_us.saturating_add(AGAIN_US));
    let is_finished = began_late && job.scan_erased == 0 && job.scan_waiting == 0;
    let due_at_us = (!is_finished).then_some(now_us + AGAIN_US);
    if !end(conn, job, due_at_us)? {
        return Ok(ScanEnd::Lost);
    }
    if !is_finished {
        return Ok(ScanEnd::Again);
    }
    on_backend!(conn, |c| diesel::update(
        erasures::table.find(&job.event_id)
    )
    .set((
        erasures::phone_e164.eq(None::<String>),
        erasures::email_normalized.eq(None::<String>),
        erasures::finished_at_us.eq(now_us),
    ))
    .execute(c))?;
    Ok(ScanEnd::Finished)
}

fn end(
    conn: &mut Connection<'_>,
    job: &Job,
    due_at_us: Option<i64>,
) -> Result<bool, DatabaseError> {
    let updated = on_backend!(conn, |c| diesel::update(
        erasures::table
            .find(&job.event_id)
            .filter(erasures::claim_no.eq(job.claim_no))
    )
    .set((
        erasures::due_at_us.eq(due_at_us),
        erasures::claimed_until_us.eq(0),
        erasures::scan_began_at_us.eq(None::<i64>),
        erasures::place.eq(None::<String>),
        erasures::position.eq(None::<Vec<u8>>),
        erasures::scan_erased.eq(0),
        erasures::scan_waiting.eq(0),
        erasures::scans.eq(erasures::scans + 1),
        erasures::erased.eq(job.erased),
    ))
    .execute(c))?;
    Ok(updated == 1)
}
