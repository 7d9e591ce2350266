//! Making a connection, and saying in one line why there is none.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use diesel::Connection as _;
use diesel::connection::{InstrumentationEvent, SimpleConnection};
use diesel::pg::PgConnection;

use super::standing::Standing;
use super::url::{completed, misread, target, without_password};
use crate::error::{Trouble, one_line, trouble};

/// A process that is stopped in the middle of a transaction must not hold its
/// locks for ever; no unit pauses this long. Statements this short are over
/// before compiling them pays.
///
/// And each goes along an index. A plan is kept as long as its connection, and
/// those that are made while the tables are small read all of them: by the next
/// ANALYZE that may be a million rows for every few. That it holds for all values is no
/// loss then, and to plan for those at hand costs some statements more than to run them.
const SETTINGS: &str = "
SET idle_in_transaction_session_timeout = '10s';
SET jit = off;
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off";

/// Where to connect to, and whether it answers.
pub(crate) struct Server {
    url: String,
    pub(super) standing: Standing,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Server").field(&target(&self.url)).finish()
    }
}

/// A connection, and what went wrong on it since it was asked last.
pub(super) struct Link {
    pub(super) conn: PgConnection,
    failure: Arc<Mutex<Option<Failure>>>,
}

/// A statement that failed, which a unit may have kept to itself. Until it is
/// rolled back, the server takes nothing more and answers a COMMIT with a rollback.
pub(super) struct Failure {
    pub(super) trouble: Trouble,
    pub(super) reason: String,
}

impl Server {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            standing: Standing::new(target(url)),
        }
    }

    /// Connects as [`connect()`] does, and remembers how that went.
    pub(super) fn connect(&self) -> Result<PgConnection, String> {
        let outcome = connect(&self.url);
        match &outcome {
            Ok(_) => self.standing.connected(),
            Err(reason) => self.standing.lost(reason),
        }
        outcome
    }
}

/// Connects; an error says why in one line, without the password.
pub(crate) fn connect(url: &str) -> Result<PgConnection, String> {
    if let Some(why) = misread(url) {
        return Err(format!("the URL cannot be read: {why}"));
    }
    let mut conn = PgConnection::establish(&completed(url))
        .map_err(|error| without_password(url, one_line(&error.to_string())))?;
    conn.batch_execute(SETTINGS)
        .map_err(|error| one_line(&error.to_string()))?;
    Ok(conn)
}

impl Link {
    pub(super) fn new(mut conn: PgConnection) -> Self {
        let failure = Arc::new(Mutex::new(None));
        let noted = Arc::clone(&failure);
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| note(&noted, &event));
        Self { conn, failure }
    }

    /// What went wrong since this was asked last.
    pub(super) fn take_failure(&self) -> Option<Failure> {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

fn note(noted: &Mutex<Option<Failure>>, event: &InstrumentationEvent<'_>) {
    let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
    match event {
        // The first is the cause; what follows fails because of it.
        InstrumentationEvent::FinishQuery {
            error: Some(error), ..
        } if noted.is_none() => {
            *noted = Some(Failure {
                trouble: trouble(error),
                reason: one_line(&error.to_string()),
            });
        }
        // Back before a savepoint, the transaction goes on.
        InstrumentationEvent::RollbackTransaction { depth, .. } if depth.get() > 1 => {
            *noted = None;
        }
        _ => {}
    }
}
