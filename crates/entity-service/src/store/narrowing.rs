//! Narrowing lists of records by what integrators ask for.

/// Keeps the rows whose `$column` is one of `$values`; no values, no filter.
macro_rules! any_of {
    ($query:ident, $column:expr, $values:expr) => {
        if !$values.is_empty() {
            $query = $query.filter($column.eq_any($values.clone()));
        }
    };
}
pub(crate) use any_of;

/// Times, cursor, order and length of a page of a table that has the usual
/// columns; `$list` has `created`, `updated` and `page`.
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

/// Loads one row by query, locked against other writers until this transaction
/// ends where `$lock` says so. SQLite has one writer anyway.
macro_rules! one_row {
    ($conn:expr, $lock:expr, $query:expr) => {
        match $conn {
            ::database::Connection::Sqlite(c) => $query.get_result(*c).optional(),
            ::database::Connection::Postgres(c) => match $lock {
                $crate::store::narrowing::Lock::None => $query.get_result(*c).optional(),
                $crate::store::narrowing::Lock::Share => {
                    $query.for_share().get_result(*c).optional()
                }
                $crate::store::narrowing::Lock::Write => {
                    $query.for_no_key_update().get_result(*c).optional()
                }
                $crate::store::narrowing::Lock::Delete => {
                    $query.for_update().get_result(*c).optional()
                }
            },
        }
    };
}
pub(crate) use one_row;

/// Ids for `$count` rows that `$table` is about to get, as the database would
/// give them. Those that stay unused are never given again on PostgreSQL.
macro_rules! reserve_ids {
    ($conn:expr, $table:literal, $count:expr) => {{
        #[derive(diesel::QueryableByName)]
        struct Reserved {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            id: i64,
        }
        let count: i64 = $count;
        let rows: Vec<Reserved> = match $conn {
            ::database::Connection::Sqlite(c) => diesel::sql_query(concat!(
                "WITH RECURSIVE ids (id, left_over) AS (
                     SELECT coalesce(max(seq), 0), ? FROM sqlite_sequence WHERE name = '",
                $table,
                "' UNION ALL SELECT id + 1, left_over - 1 FROM ids WHERE left_over > 0
                 ) SELECT id FROM ids LIMIT -1 OFFSET 1"
            ))
            .bind::<diesel::sql_types::BigInt, _>(count)
            .load(*c)?,
            ::database::Connection::Postgres(c) => ::database::statement(concat!(
                "SELECT nextval('",
                $table,
                "_id_seq') AS id FROM generate_series(1, $1)"
            ))
            .bind::<diesel::sql_types::BigInt, _>(count)
            .load(*c)?,
        };
        rows.into_iter().map(|reserved| reserved.id)
    }};
}
pub(crate) use reserve_ids;

/// What a row is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    /// To look at it.
    None,
    /// To tell of it beside another record: it stays as it is until the event of
    /// that one is in its place, so events tell of its states in their order.
    Share,
    /// To write it; others may refer to it meanwhile.
    Write,
    /// To delete it; nobody may refer to it any more.
    Delete,
}
