//! People who asked to be forgotten: what a service keeps of them in bodies of
//! events and answers is found and blanked.
//!
//! A request is a row ([`request`]), written in the transaction that takes it in.
//! [`Erasures`] carries it out behind everything else: it goes through each
//! [`Place`] where the service keeps bodies, from end to end and in small batches,
//! at once and then every hour. Bodies that are still owed to somebody wait. The
//! request is done when a scan that began an hour or more after it found nothing
//! and nothing waited; then the contacts go from its row as well. After a crash a
//! scan goes on from its last position. Of several replicas one works at a time.
//!
//! Records are no bodies: what the service itself keeps of the person, such as a
//! client, is not touched.

mod arriving;
mod jobs;
mod kept;
mod published;
mod sweep;

use contacts::ContactFinder;
use database::{Connection, DatabaseError};
use events::AccountId;

pub use jobs::request;
pub use sweep::Erasures;

/// Whom to look for.
#[derive(Debug, Clone)]
pub struct Sought {
    /// Whose bodies are looked through.
    pub account_id: AccountId,
    /// Finds the person's contacts.
    pub contacts: ContactFinder,
}

/// What a look through some rows of a place found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The rows to blank, by keys that the place understands.
    pub keys: Vec<Vec<u8>>,
    /// How many bodies are the person's but still owed to somebody.
    pub waiting: i64,
    /// The key to look on after; `None` at the end of the place.
    pub next: Option<Vec<u8>>,
}

/// What became of rows that were to be blanked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// How many bodies were blanked or removed.
    pub erased: i64,
    /// How many turned out to be owed to somebody still.
    pub waiting: i64,
}

/// Looks through some rows, those after a key (all, if it is `None`).
pub type Find =
    fn(&mut Connection<'_>, &Sought, after: Option<&[u8]>) -> Result<Found, DatabaseError>;

/// Blanks what [`Find`] found. Reads it again: it may have changed since.
pub type Erase =
    fn(&mut Connection<'_>, &Sought, keys: &[Vec<u8>]) -> Result<Erased, DatabaseError>;

/// Where a service keeps bodies.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Its name among the places of the service; it is stored.
    pub name: &'static str,
    /// Runs on a reader.
    pub find: Find,
    /// Runs in a transaction of its own, for some tens of keys at a time.
    pub erase: Erase,
}

/// The bodies of this service's outbox that were published: its feed.
pub const PUBLISHED: Place = Place {
    name: "published events",
    find: published::find,
    erase: published::erase,
};

/// Messages that were parked, as far as they can be read: of others nobody can
/// tell whose they are.
pub const PARKED: Place = Place {
    name: "parked messages",
    find: kept::find,
    erase: kept::erase,
};

impl Sought {
    /// The body without the person; `None` if it does not speak of them, is not of
    /// their account or cannot be read.
    pub fn blank(&self, body: &[u8]) -> Option<Vec<u8>> {
        let Ok(events::Decoded::Event(mut event)) = events::Event::decode(body) else {
            return None;
        };
        let is_theirs = event.account_id == self.account_id
            && event.blank_person(|text| self.contacts.is_in(text));
        is_theirs.then(|| event.encode())
    }
}

/// A number as a key that sorts as the number does, from 0 on.
fn key_of(number: i64) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

/// `None` if it is no such key.
fn number_of(key: &[u8]) -> Option<i64> {
    key.try_into().ok().map(i64::from_be_bytes)
}
