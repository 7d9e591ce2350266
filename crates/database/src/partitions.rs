//! Tables that grow, parted by day on PostgreSQL, so that what is old goes at once.
//!
//! A day is made ahead and [dropped](drop_old) as a whole when all in it is old. Rows whose
//! [owners](Owner) are still there move to where the rest is kept first. Where those are much, the
//! day stays instead, and [what nobody owns](clear_unowned) goes row by row. There is no default
//! partition: the first one has no lower bound and the last one no upper bound, so a row of any
//! time finds a place. On SQLite such a table is a plain one, and its rows go one by one.
//!
//! Each change takes the table for itself for some milliseconds. It waits for that briefly,
//! since all others wait behind it meanwhile, and tries again later.
//!
//! A query by id alone looks into all days: queries give bounds of the time as well.

mod layout;
mod moment;
mod statements;
mod table;
mod upkeep;

pub use moment::Moment;
pub use table::{Key, Owner, PartitionedTable};
pub use upkeep::{
    clear_unowned, drop_old, end_of_rows, hold_end_of_rows, hold_for_reading, make_ahead,
};
