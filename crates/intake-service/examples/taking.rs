//! How many leads a second one process takes in at 64 connections, each answered after its commit, on
//! embedded storage, or on the server of `TEST_DATABASE_URL`; beside it, how many single rows the
//! same database commits one by one:
//!
//! `cargo run --release -p intake-service --example taking [LEADS] [CONNECTIONS]`

#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot go on has nothing to say"
)]

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use broker::{Broker, InProcessLimits};
use database::{Database, DatabaseConfig, DatabaseError, on_backend};
use diesel::{RunQueryDsl, sql_query};
use events::Clock;
use http_api::{HttpApi, HttpApiParts, ServerConfig, TokenVerifier, generate_keys, serve};
use intake_service::{Dependencies, IntakeConfig, Service};
use telemetry::Metrics;
use test_support::TestDatabase;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant as TokioInstant;
use tokio_util::sync::CancellationToken;

const TOKEN: &str = "00000000000000000000000000000001";

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().unwrap());
    let leads: usize = arguments.next().unwrap_or(40_000);
    let connections: usize = arguments.next().unwrap_or(64);

    // The embedded file lies on the disk that this runs on; the system's
    // temporary folder may be memory.
    let folder = tempfile::tempdir_in(".").unwrap();
    let home = TestDatabase::start().await;
    let config = match home.config() {
        DatabaseConfig::Sqlite { readers, .. } => DatabaseConfig::Sqlite {
            path: folder.path().join("intake.db"),
            readers,
        },
        DatabaseConfig::Postgres { url, .. } => DatabaseConfig::Postgres {
            url,
            connections: 16,
        },
    };
    let database = open(&config).await;
    println!("{:?}, {connections} connections", database.backend());

    let rate = commit_rows(&database, leads / 2, connections).await;
    println!("one row per commit:  {rate:8.0} /s");

    let cancel = CancellationToken::new();
    let address = start(database, &cancel).await;
    run(address, leads / 4, connections, None).await;
    let peak = run(address, leads, connections, None).await;
    println!("leads, all at once:  {peak}");
    let paced = run(address, leads / 2, connections, Some(peak.rate * 0.7)).await;
    println!("leads, 70 % of that: {paced}");
    cancel.cancel();
}

async fn open(config: &DatabaseConfig) -> Database {
    let migrations = vec![
        outbox::MIGRATIONS,
        idempotency::MIGRATIONS,
        revocation::MIGRATIONS,
        intake_service::MIGRATIONS,
    ];
    let database = Database::open(config, migrations).await.unwrap();
    let limits = r#"{"limits":{"per_second":0}}"#;
    for sql in [
        "CREATE TABLE rows_to_commit (number BIGINT NOT NULL)".to_owned(),
        format!(
            "INSERT INTO sources (account_id, preset, name, token, active, settings, revision, \
             created_at_us, updated_at_us) \
             VALUES (1, 'webhook', 'x', '{TOKEN}', TRUE, '{limits}', 1, 0, 0)"
        ),
    ] {
        execute(&database, sql).await;
    }
    database
}

async fn execute(database: &Database, sql: String) {
    database
        .write(move |conn| {
            on_backend!(conn, |c| sql_query(sql.as_str()).execute(c))?;
            Ok::<_, DatabaseError>(())
        })
        .await
        .unwrap();
}

async fn commit_rows(database: &Database, rows: usize, at_once: usize) -> f64 {
    let left = Arc::new(AtomicUsize::new(rows));
    let started = Instant::now();
    let tasks: Vec<_> = (0..at_once)
        .map(|_| {
            let (database, left) = (database.clone(), Arc::clone(&left));
            tokio::spawn(async move {
                while left.fetch_sub(1, Ordering::Relaxed) as isize > 0 {
                    execute(
                        &database,
                        "INSERT INTO rows_to_commit VALUES (1)".to_owned(),
                    )
                    .await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
    let rows = rows as f64;
    rows / started.elapsed().as_secs_f64()
}

async fn start(database: Database, cancel: &CancellationToken) -> SocketAddr {
    let broker = Broker::in_process(InProcessLimits::default());
    broker.declare(&outbox::topology()).await.unwrap();
    let keys = generate_keys().unwrap();
    let verifier =
        TokenVerifier::new(&[&keys.public_pem], Arc::new(|| Clock::System.now().0)).unwrap();
    let metrics = Metrics::new();
    let dependencies = Dependencies {
        database,
        broker,
        clock: Clock::System,
        token_verifier: verifier.clone(),
        metrics: metrics.clone(),
    };
    let service = Service::build(IntakeConfig::default(), dependencies)
        .await
        .unwrap();
    let http = HttpApi::new(HttpApiParts {
        verifier,
        routes: Vec::new(),
        root_routes: vec![Arc::new(service.inbound_routes())],
        openapi: Service::openapi,
        readiness: Vec::new(),
        metrics,
    })
    .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = serve(
        vec![listener],
        ServerConfig::default(),
        http,
        cancel.clone(),
    );
    tokio::spawn(async move { server.await.unwrap() });
    tokio::spawn(service.run(cancel.clone()));
    address
}

/// What came of a run.
struct Run {
    rate: f64,
    latencies: Vec<Duration>,
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = |share: usize| {
            let place = (self.latencies.len() - 1) * share / 1_000;
            self.latencies[place].as_secs_f64() * 1e3
        };
        write!(
            f,
            "{:8.0} /s, p50 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms",
            self.rate,
            at(500),
            at(990),
            at(999)
        )
    }
}

/// Sends `leads` over `connections`; with a rate, each at its time, and late counts as slow.
async fn run(address: SocketAddr, leads: usize, connections: usize, rate: Option<f64>) -> Run {
    static NEXT_PHONE: AtomicUsize = AtomicUsize::new(0);
    let next = Arc::new(AtomicUsize::new(0));
    let started = TokioInstant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let next = Arc::clone(&next);
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let mut latencies = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= leads {
                        return latencies;
                    }
                    let mut due = TokioInstant::now();
                    if let Some(rate) = rate {
                        #[expect(clippy::cast_precision_loss, reason = "seconds")]
                        let at = Duration::from_secs_f64(number as f64 / rate);
                        due = started + at;
                        tokio::time::sleep_until(due).await;
                    }
                    let phone = NEXT_PHONE.fetch_add(1, Ordering::Relaxed);
                    post(&mut stream, phone).await;
                    latencies.push(due.elapsed());
                }
            })
        })
        .collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await.unwrap());
    }
    latencies.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
    let rate = leads as f64 / started.elapsed().as_secs_f64();
    Run { rate, latencies }
}

async fn post(stream: &mut TcpStream, phone: usize) {
    let body = format!(
        r#"{{"name":"test","phone":"+79{phone:09}","email":"person{phone}@mail.ru","utmSource":"ya","cost":1500}}"#
    );
    let request = format!(
        "POST /in/{TOKEN} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4_096];
    let mut length = 0;
    while !answer[..length].ends_with(b"}}") {
        let read = stream.read(&mut answer[length..]).await.unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&answer[..length]));
        length += read;
    }
    assert!(
        answer.starts_with(b"HTTP/1.1 201"),
        "{}",
        String::from_utf8_lossy(&answer[..length])
    );
}
