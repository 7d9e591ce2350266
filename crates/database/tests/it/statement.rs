//! Statements that a connection keeps prepared.

use database::{Connection, DatabaseError, statement};
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text};

use crate::fixture::{databases, on_postgres};

const SUMS: &str = "
SELECT n.number * $3 + $3 AS number, n.word
FROM unnest($1, $2) AS n (number, word) -- $9 is no value
ORDER BY n.number";

#[derive(Debug, PartialEq, Eq, QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = Nullable<Text>)]
    word: Option<String>,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Does nothing where this run has no server.
#[tokio::test]
async fn values_are_named_freely_and_the_statement_is_prepared_once() {
    let Some(test) = on_postgres().await else {
        return;
    };
    let (rows, prepared) = test
        .database
        .read(|conn| {
            let Connection::Postgres(c) = conn else {
                panic!("a server's");
            };
            let mut rows: Vec<Vec<Row>> = Vec::new();
            for times in 1..=8_i64 {
                let of_run = statement(SUMS)
                    .bind::<Array<BigInt>, _>(vec![times, times + 1])
                    .bind::<Array<Nullable<Text>>, _>(vec![None, Some("two")])
                    .bind::<BigInt, _>(times)
                    .load(*c)?;
                rows.push(of_run);
            }
            let prepared: Count = sql_query(
                "SELECT count(*) AS count FROM pg_prepared_statements \
                 WHERE statement LIKE '%is no value%'",
            )
            .get_result(*c)?;
            Ok::<_, DatabaseError>((rows, prepared.count))
        })
        .await
        .unwrap();
    for (times, rows) in (1..).zip(rows) {
        let first = times * times + times;
        let expected = [(first, None), (first + times, Some("two".to_owned()))];
        let expected = expected.map(|(number, word)| Row { number, word });
        assert_eq!(rows, expected);
    }
    assert_eq!(prepared, 1);
}

#[tokio::test]
async fn on_sqlite_values_have_numbers() {
    let test = databases().await.swap_remove(0);
    let rows = test
        .database
        .write(|conn| {
            let Connection::Sqlite(c) = conn else {
                panic!("embedded");
            };
            let mut rows: Vec<Row> = Vec::new();
            for word in [None, Some("two")] {
                let row = statement("SELECT ?1 * ?1 AS number, ?2 AS word -- ?9 is no value")
                    .bind::<BigInt, _>(7)
                    .bind::<Nullable<Text>, _>(word)
                    .get_result(*c)?;
                rows.push(row);
            }
            Ok::<_, DatabaseError>(rows)
        })
        .await
        .unwrap();
    let words = [None, Some("two".to_owned())];
    let expected = words.map(|word| Row { number: 49, word });
    assert_eq!(rows, expected);
}
