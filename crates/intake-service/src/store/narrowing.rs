//! Rows narrowed by what managers ask for, and rows kept from other writers.

/// Keeps the rows whose `$column` is one of `$values`; no values, no filter.
macro_rules! any_of {
    ($query:ident, $column:expr, $values:expr) => {
        if !$values.is_empty() {
            $query = $query.filter($column.eq_any($values.clone()));
        }
    };
}
pub(crate) use any_of;

/// Times, cursor, order and length of a page of a table that has the usual columns; `$list` has
/// `created`, `updated` and `page`.
macro_rules! page_of {
    ($query:ident, $table:ident, $list:expr) => {{
        if let Some(from) = $list.created.from_micros {
            $query = $query.filter($table::created_at_us.ge(from));
        }
        if let Some(to) = $list.created.to_micros {
            $query = $query.filter($table::created_at_us.lt(to));
        }
        if let Some(from) = $list.updated.from_micros {
            $query = $query.filter($table::updated_at_us.ge(from));
        }
        if let Some(to) = $list.updated.to_micros {
            $query = $query.filter($table::updated_at_us.lt(to));
        }
        if let Some(before_id) = $list.page.before_id {
            $query = $query.filter($table::id.lt(before_id));
        }
        $query
            .order($table::id.desc())
            .limit($list.page.fetch_limit())
    }};
}
pub(crate) use page_of;

/// Loads one row, if it is there, locked against other writers where `$lock` says so. SQLite has
/// one writer anyway.
macro_rules! one_row {
    ($conn:expr, $lock:expr, $query:expr) => {
        match $conn {
            ::database::Connection::Sqlite(c) => $query.get_result(*c).optional(),
            ::database::Connection::Postgres(c) => match $lock {
                $crate::store::narrowing::Lock::None => $query.get_result(*c).optional(),
                $crate::store::narrowing::Lock::Write => {
                    $query.for_update().get_result(*c).optional()
                }
            },
        }
    };
}
pub(crate) use one_row;

/// What a row is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    /// To look at it.
    None,
    /// To write it, before this transaction ends.
    Write,
}
