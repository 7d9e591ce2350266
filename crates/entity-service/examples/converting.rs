//! How fast leads become clients and orders, on embedded storage and the
//! in-process broker, or on the servers of the variables, and how long another
//! write waits meanwhile:
//!
//! ```text
//! eval "$(scripts/infra env)"
//! cargo run --release -p entity-service --example converting [LEADS] [PEOPLE]
//! ```

#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot go on has nothing to say"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::{Broker, OutgoingMessage};
use database::{Database, DatabaseConfig, DatabaseError, on_backend};
use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use entity_service::{Dependencies, EntityConfig, RelaySwitch, Service};
use events::{
    AccountId, Actor, ActorKind, Change, Clock, Event, EventId, LeadConversionRequested, LeadId,
    Mark,
};
use http_api::{TokenSigner, TokenVerifier, generate_keys};
use telemetry::Metrics;
use test_support::{TestBroker, TestDatabase, wait_until};
use tokio_util::sync::CancellationToken;

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().unwrap());
    let leads: i64 = arguments.next().unwrap_or(20_000);
    let people: i64 = arguments.next().unwrap_or(leads);

    // The embedded file lies on the disk that this runs on; the system's
    // temporary folder may be memory.
    let folder = tempfile::tempdir_in(".").unwrap();
    let home = TestDatabase::start().await;
    let config = match home.config() {
        DatabaseConfig::Sqlite { readers, .. } => DatabaseConfig::Sqlite {
            path: folder.path().join("entity.db"),
            readers,
        },
        server => server,
    };
    let migrations = vec![
        outbox::MIGRATIONS,
        idempotency::MIGRATIONS,
        entity_service::MIGRATIONS,
    ];
    let database = Database::open(&config, migrations).await.unwrap();
    let server = TestBroker::start().await;
    let broker = server.broker();
    broker.declare(&outbox::topology()).await.unwrap();
    let account_id = entity_service::create_account(&database, &Clock::System, "Первый")
        .await
        .unwrap();

    let cancel = CancellationToken::new();
    let started = Instant::now();
    let service = start(database.clone(), broker.clone()).await;
    let running = tokio::spawn(service.run(cancel.clone()));
    let publishing = tokio::spawn(publish(broker, account_id, leads, people));
    let waiting = tokio::spawn(write_beside(database.clone(), cancel.clone()));
    wait_until(Duration::from_secs(600), || async {
        converted(&database).await >= leads
    })
    .await;
    let each_second = u128::from(leads.unsigned_abs()) * 1_000_000 / started.elapsed().as_micros();
    println!("{leads} leads of {people} people: {each_second} leads/s");
    cancel.cancel();
    publishing.await.unwrap();
    let mut waits = waiting.await.unwrap();
    waits.sort_unstable();
    let at = |percent: usize| waits.get(waits.len() * percent / 100).copied();
    println!(
        "another write meanwhile: p50 {:?}, p99 {:?}, of {}",
        at(50).unwrap_or_default(),
        at(99).unwrap_or_default(),
        waits.len()
    );
    running.await.unwrap();
}

async fn start(database: Database, broker: Broker) -> Service {
    let keys = generate_keys().unwrap();
    let clock: http_api::WallClock = Arc::new(|| Clock::System.now().0);
    let dependencies = Dependencies {
        database,
        broker,
        clock: Clock::System,
        token_signer: TokenSigner::new(&keys.private_pem).unwrap(),
        token_verifier: TokenVerifier::new(&[&keys.public_pem], clock).unwrap(),
        metrics: Metrics::new(),
    };
    // The relay has its own example.
    let config = EntityConfig {
        relay: RelaySwitch::Off,
        ..EntityConfig::default()
    };
    Service::build(config, dependencies).await.unwrap()
}

async fn publish(broker: Broker, account_id: AccountId, leads: i64, people: i64) {
    let publisher = broker.publisher("dealwire.events").await.unwrap();
    for id in 1..=leads {
        let event = asked(account_id, id, id % people);
        let message = OutgoingMessage {
            routing_key: event.change.event_type().to_owned(),
            message_id: event.id.to_string(),
            message_type: event.change.event_type().to_owned(),
            seq: None,
            traceparent: None,
            body: event.encode().into(),
        };
        drop(publisher.publish(message).await.unwrap());
    }
}

fn asked(account_id: AccountId, id: i64, person: i64) -> Event {
    let now = Clock::System.now();
    let phone = format!("7999{person:07}");
    let email = format!("p{person}@example.ru");
    let mark = |key: &str, value: &str| Mark {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    Event {
        id: EventId::new(now),
        account_id,
        occurred_at: now,
        actor: Actor {
            kind: ActorKind::Lead,
            token_id: None,
        },
        cause: events::Cause {
            correlation_id: id.to_string(),
            ..events::Cause::default()
        },
        change: Change::LeadConversionRequested(Box::new(LeadConversionRequested {
            lead_id: LeadId(id),
            name: "Иван Петров".to_owned(),
            phone_e164: Some(format!("+{phone}")),
            phone,
            email_normalized: Some(email.clone()),
            email,
            owner_id: Some(7),
            origin_id: None,
            office_id: None,
            city_id: None,
            stage_id: None,
            cost: None,
            marks: vec![mark("utmSource", "yandex"), mark("yclid", "17254628934")],
            default_origin_id: None,
            default_office_id: None,
            default_city_id: None,
            default_stage_id: None,
        })),
    }
}

/// Writes again and again; returns how long each took.
async fn write_beside(database: Database, cancel: CancellationToken) -> Vec<Duration> {
    let mut waits = Vec::new();
    while !cancel.is_cancelled() {
        let begun = Instant::now();
        let sql = "UPDATE accounts SET name = name WHERE id = -1";
        database
            .write(move |conn| {
                on_backend!(conn, |c| sql_query(sql).execute(c))?;
                Ok::<_, DatabaseError>(())
            })
            .await
            .unwrap();
        waits.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    waits
}

async fn converted(database: &Database) -> i64 {
    database
        .read(|conn| {
            let sql = "SELECT count(*) AS count FROM lead_conversions";
            let row: Counted = on_backend!(conn, |c| sql_query(sql).get_result(c))?;
            Ok::<_, DatabaseError>(row.count)
        })
        .await
        .unwrap()
}
