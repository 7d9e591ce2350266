//! One bad row in a batch.

use std::sync::Arc;

use database::{DatabaseError, write_halving};

use crate::fixture::{bodies, databases, insert};

#[tokio::test]
async fn only_the_guilty_rows_are_left_out() {
    for test in databases().await {
        test.database.write(|conn| insert(conn, "3")).await.unwrap();
        test.database.write(|conn| insert(conn, "6")).await.unwrap();
        let items: Vec<String> = (0..10).map(|number| number.to_string()).collect();
        let halved = write_halving(
            &test.database,
            Arc::new(items),
            |conn, part: &[String]| {
                for body in part {
                    insert(conn, body)?;
                }
                Ok(part.len())
            },
            DatabaseError::is_unavailable,
        )
        .await
        .unwrap();
        let guilty: Vec<usize> = halved.guilty.iter().map(|(place, _)| *place).collect();
        assert_eq!(guilty, [3, 6]);
        assert_eq!(halved.written.iter().sum::<usize>(), 8);
        assert_eq!(bodies(&test.database).await.len(), 10);
    }
}

#[tokio::test]
async fn an_unavailable_database_is_not_the_rows_fault() {
    for test in databases().await {
        let outcome = write_halving(
            &test.database,
            Arc::new(vec![1, 2, 3]),
            |_conn, _part: &[i32]| {
                Err::<(), _>(DatabaseError::Unavailable("on purpose".to_owned()))
            },
            DatabaseError::is_unavailable,
        )
        .await;
        assert!(outcome.is_err());
    }
}
