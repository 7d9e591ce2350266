//! Services that run apart, as their operators meet them: processes, settings
//! from the environment, PostgreSQL and RabbitMQ.

mod leads;
mod settings;
mod site;
mod starting;
mod together;
mod traces;
mod triggers;
