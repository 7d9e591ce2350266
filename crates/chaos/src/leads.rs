//! Leads as a part of the load: who posts them, what the posts were promised, and
//! what has to be there of them at the end.

mod book;
mod census;
mod sender;
mod verdict;

pub(crate) use book::{Book, Promise, Seen as Posts};
pub(crate) use census::{Census, are_converting};
pub(crate) use sender::Sender;
pub(crate) use verdict::{LeadVerdict, changes, judge};
