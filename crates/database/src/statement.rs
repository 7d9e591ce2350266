//! Statements in SQL text that are parsed and planned once per connection.

use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::backend::Backend;
use diesel::pg::PgConnection;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{HasSqlType, Untyped};
use diesel::sqlite::SqliteConnection;

/// A statement that connections keep prepared, unlike that of [`diesel::sql_query`] and any
/// `UPDATE` of Diesel's, which are parsed and planned every time: for what runs often and is
/// long. `sql` names its values `$1`, `$2` and so on (`?1`, `?2` for SQLite), each as often as
/// it likes, in the order in which they are bound.
pub fn statement(sql: &'static str) -> Statement<()> {
    Statement { sql, binds: () }
}

/// See [`statement`].
#[derive(Debug, Clone)]
#[must_use = "a statement does nothing until it is run"]
pub struct Statement<Binds> {
    sql: &'static str,
    binds: Binds,
}

/// A value after those before it.
#[derive(Debug, Clone)]
pub struct Bind<Before, ST, Value> {
    before: Before,
    value: Value,
    kind: PhantomData<ST>,
}

impl<Binds> Statement<Binds> {
    /// Binds the next value, of the SQL type `ST`.
    pub fn bind<ST, Value>(self, value: Value) -> Statement<Bind<Binds, ST, Value>> {
        Statement {
            sql: self.sql,
            binds: Bind {
                before: self.binds,
                value,
                kind: PhantomData,
            },
        }
    }
}

impl<DB, Before, ST, Value> QueryFragment<DB> for Bind<Before, ST, Value>
where
    DB: Backend + HasSqlType<ST>,
    Before: QueryFragment<DB>,
    Value: ToSql<ST, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.before.walk_ast(out.reborrow())?;
        out.push_bind_param::<ST, Value>(&self.value)
    }
}

impl<DB: Backend, Binds: QueryFragment<DB>> QueryFragment<DB> for Statement<Binds> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(self.sql);
        // Diesel writes a placeholder where a value is bound, and the text has its own already.
        out.push_sql("\n-- ");
        self.binds.walk_ast(out.reborrow())
    }
}

/// Told apart by their text.
impl<Binds> QueryId for Statement<Binds> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

/// Rows are read by the names of their columns.
impl<Binds> Query for Statement<Binds> {
    type SqlType = Untyped;
}

impl<Binds> RunQueryDsl<PgConnection> for Statement<Binds> {}
impl<Binds> RunQueryDsl<SqliteConnection> for Statement<Binds> {}
