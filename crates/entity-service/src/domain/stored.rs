//! A record together with its revision.

/// A record as it is in the database.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored<T> {
    /// Starts at 1 and grows by exactly one per event of the record.
    pub(crate) revision: i64,
    /// Its state.
    pub(crate) record: T,
}

impl<T> Stored<T> {
    /// A record that was just added.
    pub(crate) fn new(record: T) -> Self {
        Self {
            revision: 1,
            record,
        }
    }
}
