//! A whole installation in one process, in which each kind of damage is made.

mod damage;
mod installation;
mod leads;
mod old;
mod ways;
