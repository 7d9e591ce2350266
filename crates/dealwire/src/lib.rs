//! The `dealwire` program: Dealwire's services under one roof.
//!
//! Everything that differs between running on a laptop and running on a
//! cluster is decided here, and nowhere else: which databases and which broker
//! the services get, where settings and keys come from, what the command line
//! offers. The services themselves do not know how they are run.

mod cli;
mod data_folder;
mod demo;
mod doctor;
mod first_start;
mod installation;
mod keys;
mod listen;
mod recovery;
mod secret_file;
mod settings;
mod signals;
mod verify;
mod wiring;

pub use cli::run;
