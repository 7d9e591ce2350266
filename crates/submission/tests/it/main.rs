//! Whatever is posted, something sensible comes out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod anything;
mod round_trips;
