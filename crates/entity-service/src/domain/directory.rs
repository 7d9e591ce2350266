//! Directories: the account's own lists that records refer to.

use events::{Color, DirectoryEntryId, Timestamp};
use http_api::Presence;

/// The most entries that one directory has.
pub(crate) const MAX_ENTRIES: i64 = 10_000;

/// Which list an entry is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum DirectoryKind {
    /// Categories of orders.
    OrderCategory,
    /// Where orders come from.
    Origin,
    /// Statuses of clients.
    ClientStatus,
    /// Statuses of tasks.
    TaskStatus,
    /// Types of tasks.
    TaskType,
    /// Offices of the account.
    Office,
    /// Cities.
    City,
}

impl DirectoryKind {
    /// All of them, in the order of WIRE 5.
    pub(crate) const ALL: [Self; 7] = [
        Self::OrderCategory,
        Self::Origin,
        Self::ClientStatus,
        Self::TaskStatus,
        Self::TaskType,
        Self::Office,
        Self::City,
    ];

    /// The name in URLs and in the database.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::OrderCategory => "order_category",
            Self::Origin => "origin",
            Self::ClientStatus => "client_status",
            Self::TaskStatus => "task_status",
            Self::TaskType => "task_type",
            Self::Office => "office",
            Self::City => "city",
        }
    }

    /// From the name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// What of the account refers to entries of this kind.
    pub(crate) fn used_by(self) -> &'static str {
        match self {
            Self::OrderCategory | Self::Origin | Self::Office | Self::City => "orders",
            Self::ClientStatus => "clients",
            Self::TaskStatus | Self::TaskType => "tasks",
        }
    }
}

/// An entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DirectoryEntry {
    /// Its id.
    pub(crate) id: DirectoryEntryId,
    /// The directory that it is in.
    pub(crate) kind: DirectoryKind,
    /// Its name.
    pub(crate) name: String,
    /// Its place in the directory, from 0; the first one is the default.
    pub(crate) position: i64,
    /// Its color.
    pub(crate) color: Option<Color>,
    /// Grows by one with each change.
    pub(crate) revision: i64,
    /// When it was added.
    pub(crate) created_at: Timestamp,
    /// When it was last changed, a shift of its place included.
    pub(crate) updated_at: Timestamp,
}

/// An entry that is to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewDirectoryEntry {
    /// Its name.
    pub(crate) name: String,
    /// Its place; the last one if `None`.
    pub(crate) position: Option<i64>,
    /// Its color.
    pub(crate) color: Option<Color>,
}

/// What shall change of an entry; what is `None` or absent stays.
#[derive(Debug, Clone)]
pub(crate) struct DirectoryEntryPatch {
    /// Its name.
    pub(crate) name: Option<String>,
    /// Its place; past the end means the end.
    pub(crate) position: Option<i64>,
    /// Its color.
    pub(crate) color: Presence<Color>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_those_of_the_wire() {
        let names = DirectoryKind::ALL.map(DirectoryKind::as_str);
        assert_eq!(
            names.join(" "),
            "order_category origin client_status task_status task_type office city"
        );
        for kind in DirectoryKind::ALL {
            assert_eq!(DirectoryKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(DirectoryKind::parse("Origin"), None);
    }
}
