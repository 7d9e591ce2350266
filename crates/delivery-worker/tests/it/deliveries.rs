//! `/deliveries`.

mod detail;
mod erasing;
mod fired;
mod held;
mod list;
mod retry;
