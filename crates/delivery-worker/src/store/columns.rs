//! Many rows in one statement on PostgreSQL: a list of values per column.
//!
//! A statement with a parameter per value has thousands of them, and to parse
//! those costs about as much as to write the rows.

/// One column of these rows.
pub(super) fn column<'r, R, T>(rows: &'r [R], value: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}
