//! Writing an event beside the change that it tells of.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::Event;

use crate::schema::{outbox_bodies, outbox_events};

/// Adds `event` to the outbox, in the transaction that is open on `conn`.
///
/// Wake the relay ([`crate::Waker`]) once that transaction has committed.
pub fn append(conn: &mut Connection<'_>, event: &Event) -> Result<(), DatabaseError> {
    let body = event.encode();
    let row = (
        outbox_events::event_id.eq(event.id.as_bytes()),
        outbox_events::account_id.eq(event.account_id.0),
        outbox_events::event_type.eq(event.change.event_type()),
        outbox_events::occurred_at_us.eq(event.occurred_at.0),
    );
    on_backend!(conn, |c| {
        let position: i64 = diesel::insert_into(outbox_events::table)
            .values(row)
            .returning(outbox_events::position)
            .get_result(c)?;
        diesel::insert_into(outbox_bodies::table)
            .values((
                outbox_bodies::position.eq(position),
                outbox_bodies::body.eq(&body),
            ))
            .execute(c)?;
    });
    Ok(())
}
