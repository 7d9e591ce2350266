//! Phones and emails of people, so that two spellings of one contact compare
//! equal.
//!
//! Leads and clients are matched by these forms: a phone in E.164
//! ([`Phone::e164`]), an email in its comparable spelling
//! ([`Email::normalized`]). What the sender wrote is kept beside them. The rules
//! are those of WIRE section 2, made for senders in Russia who write a number in
//! every way there is; nothing here depends on who asks.

mod email;
mod finder;
mod phone;
mod region;

pub use email::{Email, EmailError};
pub use finder::ContactFinder;
pub use phone::Phone;
pub use region::Region;
