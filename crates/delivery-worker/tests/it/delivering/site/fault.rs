//! Statements that a database refuses on purpose.

use database::Backend;

use super::*;

/// Statements that the database shall refuse.
pub(crate) struct Fault {
    /// Such as `INSERT`.
    pub(crate) before: &'static str,
    pub(crate) table: &'static str,
    pub(crate) when: Condition,
    /// What the database says.
    pub(crate) message: &'static str,
}

/// A condition on the new row, as each engine has it.
pub(crate) struct Condition {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl Condition {
    /// Always.
    pub(crate) const ANY: Self = Self::same("1 = 1");

    /// The same words for both.
    pub(crate) const fn same(words: &'static str) -> Self {
        Self {
            sqlite: words,
            postgres: words,
        }
    }
}

impl Fault {
    fn name(&self) -> String {
        let words = self.before.to_lowercase().replace(' ', "_");
        format!("refuse_{words}_{}", self.table)
    }

    /// The disk is full whenever this is to be done.
    pub(crate) const fn full_disk(before: &'static str, table: &'static str) -> Self {
        Self {
            before,
            table,
            when: Condition::ANY,
            message: "database or disk is full",
        }
    }
}

impl Site {
    /// Makes the database refuse some statements until [`Self::mend`].
    pub(crate) async fn break_with(&self, fault: &Fault) {
        let Fault {
            before,
            table,
            when,
            message,
        } = fault;
        let name = fault.name();
        let statements = match self.database.backend() {
            Backend::Sqlite => format!(
                "CREATE TRIGGER {name} BEFORE {before} ON {table} WHEN {} \
                 BEGIN SELECT RAISE(ABORT, '{message}'); END",
                when.sqlite
            ),
            Backend::Postgres => format!(
                "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS \
                 $$BEGIN RAISE EXCEPTION '{message}'; END$$; \
                 CREATE TRIGGER {name} BEFORE {before} ON {table} FOR EACH ROW WHEN ({}) \
                 EXECUTE FUNCTION {name}()",
                when.postgres
            ),
        };
        self.execute(statements).await;
    }

    /// Takes the fault away.
    pub(crate) async fn mend(&self, fault: &Fault) {
        let name = fault.name();
        let statement = match self.database.backend() {
            Backend::Sqlite => format!("DROP TRIGGER {name}"),
            Backend::Postgres => format!("DROP FUNCTION {name} CASCADE"),
        };
        self.execute(statement).await;
    }
}
