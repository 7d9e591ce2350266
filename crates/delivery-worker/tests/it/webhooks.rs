//! `/webhooks`.

mod bad_input;
mod create;
mod delete;
mod disabled_event;
mod filters;
mod https_only;
mod list;
mod pause;
mod secret;
mod test_request;
mod update;
