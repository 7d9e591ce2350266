//! `/webhooks`.

mod bad_input;
mod create;
mod delete;
mod filters;
mod list;
mod secret;
mod test_request;
mod update;
