//! What an operator reads when a database cannot be opened. A stand-in for the
//! server says what PostgreSQL says, so that none is needed.

use std::net::{Ipv4Addr, SocketAddr};

use database::{Database, DatabaseConfig, OpenError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::fixture::{databases, later_migrations, migrations};

/// Answers whoever connects with this error, as a server's protocol has it.
async fn refusing(code: &'static str, message: &'static str) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let fields = format!("SFATAL\0C{code}\0M{message}\0\0");
            let length = u32::try_from(4 + fields.len()).unwrap();
            let mut answer = vec![b'E'];
            answer.extend(length.to_be_bytes());
            answer.extend(fields.as_bytes());
            // The length, the version and the parameters; or the wish for TLS, which is declined.
            let length = stream.read_u32().await.unwrap();
            let mut asked = vec![0; usize::try_from(length).unwrap() - 4];
            stream.read_exact(&mut asked).await.unwrap();
            if asked.len() == 4 {
                stream.write_all(b"N").await.unwrap();
                let length = stream.read_u32().await.unwrap();
                let mut asked = vec![0; usize::try_from(length).unwrap() - 4];
                stream.read_exact(&mut asked).await.unwrap();
            }
            stream.write_all(&answer).await.unwrap();
        }
    });
    address
}

async fn refusal(url: String) -> OpenError {
    let config = DatabaseConfig::Postgres {
        url,
        connections: 1,
    };
    let shown = format!("{config:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    Database::open(&config, migrations()).await.unwrap_err()
}

#[tokio::test]
async fn refusals_are_one_line_without_the_password() {
    for (code, message) in [
        ("28P01", "password authentication failed for user \"app\""),
        ("3D000", "database \"crm\" does not exist"),
        ("53300", "sorry, too many clients already"),
        ("57P03", "the database system is starting up"),
    ] {
        let address = refusing(code, message).await;
        let error = refusal(format!("postgres://app:hunter2@{address}/crm")).await;
        let text = error.to_string();
        assert!(error.is_unreachable(), "{text}");
        assert!(text.contains(message), "{text}");
        assert!(text.contains(&format!("{address}/crm")), "{text}");
        assert!(!text.contains("hunter2") && !text.contains('\n'), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_named() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = refusal(format!("postgres://app:hunter2@{address}/crm")).await;
    let text = error.to_string();
    assert!(error.is_unreachable(), "{text}");
    assert!(text.contains("Connection refused"), "{text}");
    assert!(!text.contains("hunter2") && !text.contains('\n'), "{text}");
}

#[tokio::test]
async fn a_password_that_splits_the_url_is_explained_and_not_shown() {
    for password in ["hun@hunter2", "hun/hunter2", "hun?hunter2"] {
        let error = refusal(format!("postgres://app:{password}@127.0.0.1:1/crm")).await;
        let text = error.to_string();
        assert!(text.contains("%40"), "{text}");
        assert!(!text.contains("hun"), "{text}");
    }
}

#[tokio::test]
async fn migrations_run_once_and_are_named() {
    for test in databases().await {
        let again = Database::migrate(&test.config, migrations()).await.unwrap();
        assert!(again.is_empty(), "{again:?}");
    }
}

#[tokio::test]
async fn a_schema_says_what_it_lacks() {
    for test in databases().await {
        let pending = test.database.pending_migrations(migrations).await.unwrap();
        assert!(pending.is_empty(), "{pending:?}");
        let pending = test.database.pending_migrations(later_migrations).await;
        assert_eq!(pending.unwrap(), ["2026-01-02-000000_note_colours"]);
    }
}
