//! What PostgreSQL looks deliveries up by, in plans that it made while there were none: a
//! connection keeps those.

use database::partitions::Moment;
use database::{Connection, DatabaseError};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use events::AccountId;
use test_support::TestDatabase;

use super::{claims, expiry, hurrying};

/// The indexes of deliveries that this transaction has read.
const READ: &str = "
SELECT indexrelid::regclass::TEXT AS name FROM pg_index
WHERE indrelid = 'deliveries'::regclass AND pg_stat_get_xact_numscans(indexrelid) > 0
ORDER BY 1";

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

type Statement = fn(&mut Connection<'_>, &[Vec<u8>]) -> Result<(), DatabaseError>;

const BY_ID: [(&str, Statement); 3] = [
    ("claims::take", |conn, ids| {
        claims::take(conn, b"worker", ids, 1).map(drop)
    }),
    ("hurrying::make_due", |conn, ids| {
        hurrying::make_due(conn, ids).map(drop)
    }),
    ("expiry::end_too_old", |conn, ids| {
        expiry::end_too_old(conn, ids).map(drop)
    }),
];

const BY_STATE: (&str, Statement) = ("expiry::list_too_old", |conn, _| {
    expiry::list_too_old(conn, &[AccountId(1)], Moment::of_us(1), 9).map(drop)
});

/// PostgreSQL only.
#[tokio::test]
async fn no_statement_reads_all_that_is_pending() {
    let home = TestDatabase::start().await;
    let expected = BY_ID.map(|(name, statement)| (name, statement, "deliveries_pkey"));
    let (name, statement) = BY_STATE;
    for (name, statement, index) in
        expected
            .into_iter()
            .chain([(name, statement, "deliveries_by_state")])
    {
        // What a connection has counted so far would be counted as read.
        let database = home.open(vec![crate::MIGRATIONS]).await;
        let read = database
            .write(move |conn| {
                statement(conn, &[vec![1; 16], vec![2; 16]])?;
                let Connection::Postgres(c) = conn else {
                    return Ok(None);
                };
                Ok::<_, DatabaseError>(Some(sql_query(READ).load::<Named>(*c)?))
            })
            .await
            .unwrap();
        let Some(read) = read else { return };
        let read: Vec<String> = read.into_iter().map(|one| one.name).collect();
        assert_eq!(read, [index], "{name}");
    }
}
