//! Jobs that send again.

mod bad_input;
mod cancel;
mod create;
mod isolation;
mod jobs;
mod live_traffic;
mod order;
mod retry;
mod workers;
