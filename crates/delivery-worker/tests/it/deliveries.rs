//! `/deliveries`.

mod detail;
mod held;
mod list;
mod retry;
