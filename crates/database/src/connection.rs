//! The connection that a unit of work gets.

use diesel::pg::PgConnection;
use diesel::pg::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use crate::DatabaseError;

/// A connection inside a unit of work; see [`on_backend!`](crate::on_backend).
#[expect(
    missing_debug_implementations,
    reason = "the drivers' connections have none"
)]
pub enum Connection<'a> {
    /// The embedded engine.
    Sqlite(&'a mut SqliteConnection),
    /// The server.
    Postgres(&'a mut PgConnection),
}

/// Which of the two engines it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// The embedded engine.
    Sqlite,
    /// The server.
    Postgres,
}

impl Backend {
    /// Its name in traces, as OpenTelemetry knows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
        }
    }
}

diesel::define_sql_function! {
    /// Fractional seconds since the Unix epoch, to the millisecond.
    fn unixepoch(modifier: diesel::sql_types::Text) -> diesel::sql_types::Double;
}

diesel::define_sql_function! {
    /// The moment, not that of the transaction's begin.
    fn clock_timestamp() -> diesel::sql_types::Timestamptz;
}

/// PostgreSQL counts from the year 2000: microseconds between the Unix epoch and that.
const POSTGRES_EPOCH_US: i64 = 946_684_800_000_000;

impl Connection<'_> {
    /// Which engine this is.
    pub fn backend(&self) -> Backend {
        match self {
            Self::Sqlite(_) => Backend::Sqlite,
            Self::Postgres(_) => Backend::Postgres,
        }
    }

    /// The database's own time in microseconds since the Unix epoch.
    ///
    /// Times that several processes compare (leases, due times) come from here.
    pub fn now_us(&mut self) -> Result<i64, DatabaseError> {
        match self {
            Self::Sqlite(conn) => {
                let seconds: f64 = diesel::select(unixepoch("subsec")).get_result(*conn)?;
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "microseconds of any real date fit"
                )]
                Ok((seconds * 1_000_000.0).round() as i64)
            }
            Self::Postgres(conn) => {
                let since_2000: PgTimestamp =
                    diesel::select(clock_timestamp()).get_result(*conn)?;
                Ok(since_2000.0 + POSTGRES_EPOCH_US)
            }
        }
    }
}

/// Expands one typed Diesel body on both backends.
///
/// The body sees a plain `&mut SqliteConnection` or `&mut PgConnection` under
/// the name given; both expansions must have the same type.
///
/// ```text
/// let row = on_backend!(conn, |c| orders::table.find(id).first::<OrderRow>(c).optional())?;
/// ```
#[macro_export]
macro_rules! on_backend {
    ($connection:expr, |$conn:ident| $body:expr) => {
        match $connection {
            $crate::Connection::Sqlite(inner) => {
                let $conn: &mut ::diesel::sqlite::SqliteConnection = inner;
                $body
            }
            $crate::Connection::Postgres(inner) => {
                let $conn: &mut ::diesel::pg::PgConnection = inner;
                $body
            }
        }
    };
}
