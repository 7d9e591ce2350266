//! `/deliveries`.

mod detail;
mod erasing;
mod held;
mod list;
mod retry;
