//! Accounts: the customers of an installation.

use events::{AccountId, Timestamp};

/// One customer; every row belongs to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// Its id.
    pub(crate) id: AccountId,
    /// What people call it.
    pub(crate) name: String,
    /// When it was opened.
    pub(crate) created_at: Timestamp,
}
