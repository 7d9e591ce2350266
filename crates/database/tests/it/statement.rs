//! Statements that a connection keeps prepared. Each test does nothing where this run has no
//! server.

use database::{Connection, DatabaseError, statement};
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text};

use crate::fixture::on_postgres;

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
