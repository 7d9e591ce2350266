//! `dealwire up` as its users meet it: a process, its files and its HTTP side.

mod bad_input;
mod bodies;
mod crash;
mod first_start;
mod isolation;
mod keys;
mod leads;
mod operator;
mod process;
mod receivers;
mod recover;
mod storage;
mod traces;
mod triggers;
mod verify;
