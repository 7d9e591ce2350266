//! How many callbacks a second one worker makes to a receiver in the same
//! process, on embedded storage, or on the server of `TEST_DATABASE_URL`:
//!
//! `cargo run --release -p delivery-worker --example delivering [EVENTS] [WEBHOOKS]`

#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot go on has nothing to say"
)]

use std::net::TcpListener as StdListener;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use broker::{Broker, InProcessLimits, OutgoingMessage};
use database::{Database, DatabaseConfig};
use delivery_worker::{
    AddressPolicy, DeliveryConfig, Dependencies, KeyRing, MasterKey, SendConfig, Service,
};
use events::{
    AccountId, Action, Actor, ActorKind, Change, ClientChanged, ClientField, ClientId,
    ClientSnapshot, Clock, Event, EventId, FieldValue,
};
use http_api::{
    Claims, HttpApi, HttpApiParts, ScopeSet, ServerConfig, TokenSigner, TokenVerifier,
    generate_keys, serve,
};
use serde_json::json;
use telemetry::Metrics;
use test_support::{ApiClient, TestDatabase};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

const ACCOUNT: i64 = 1;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().unwrap());
    let events: usize = arguments.next().unwrap_or(20_000);
    let webhooks: usize = arguments.next().unwrap_or(1);

    // The embedded file lies on the disk that this runs on; the system's
    // temporary folder may be memory.
    let folder = tempfile::tempdir_in(".").unwrap();
    let home = TestDatabase::start().await;
    let config = match home.config() {
        DatabaseConfig::Sqlite { readers, .. } => DatabaseConfig::Sqlite {
            path: folder.path().join("delivery.db"),
            readers,
        },
        server => server,
    };
    let migrations = vec![
        outbox::MIGRATIONS,
        idempotency::MIGRATIONS,
        delivery_worker::MIGRATIONS,
        revocation::MIGRATIONS,
    ];
    let database = Database::open(&config, migrations).await.unwrap();
    let broker = Broker::in_process(InProcessLimits::default());
    broker.declare(&outbox::topology()).await.unwrap();
    let (api, metrics) = start(database, broker.clone()).await;

    let received = Arc::new(AtomicUsize::new(0));
    let url = receive(Arc::clone(&received)).await;
    for number in 0..webhooks {
        let body = json!({"name": number.to_string(), "url": url, "events": ["client.edit"]});
        api.post("/api/v1/webhooks", body).await.expect(201);
    }
    let tests = received.load(Ordering::SeqCst);

    let begun = Instant::now();
    publish(&broker, events).await;
    let taken_in = begun.elapsed();
    let wanted = tests + events * webhooks;
    while received.load(Ordering::SeqCst) < wanted {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let elapsed = begun.elapsed();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = |count: usize, time: Duration| count as f64 / time.as_secs_f64();
    println!("taken in:  {:>8.0} events/s", rate(events, taken_in));
    println!("callbacks: {:>8.0} /s", rate(events * webhooks, elapsed));
    if std::env::var_os("SHOW_METRICS").is_some() {
        println!("{}", metrics.encode().unwrap());
    }
}

async fn start(database: Database, broker: Broker) -> (ApiClient, Metrics) {
    let keys = generate_keys().unwrap();
    let clock: http_api::WallClock = Arc::new(|| Clock::System.now().0);
    let verifier = TokenVerifier::new(&[&keys.public_pem], clock).unwrap();
    let config = DeliveryConfig {
        send: SendConfig {
            policy: AddressPolicy {
                allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
                https_only: false,
            },
            ..SendConfig::default()
        },
        alone: true,
        ..DeliveryConfig::default()
    };
    let metrics = Metrics::new();
    let dependencies = Dependencies {
        database,
        broker,
        clock: Clock::System,
        keys: Arc::new(KeyRing::new(&MasterKey::generate().unwrap(), &[]).unwrap()),
        token_verifier: verifier.clone(),
        metrics: metrics.clone(),
    };
    let service = Service::build(config, dependencies).await.unwrap();
    let http = HttpApi::new(HttpApiParts {
        verifier,
        routes: vec![Arc::new(service.routes())],
        root_routes: vec![],
        openapi: Service::openapi,
        readiness: service.readiness(),
        metrics: metrics.clone(),
    })
    .unwrap();
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = ServerConfig {
        workers: NonZeroUsize::new(1),
        ..ServerConfig::default()
    };
    let cancel = CancellationToken::new();
    let serving = serve(vec![listener], server, http, cancel.clone());
    tokio::spawn(async move { serving.await.unwrap() });
    tokio::spawn(service.run(cancel));
    let claims = Claims {
        account_id: ACCOUNT,
        token_id: "token".to_owned(),
        scopes: ScopeSet::all(),
        issued_at_seconds: 0,
        expires_at_seconds: None,
    };
    let token = TokenSigner::new(&keys.private_pem).unwrap().sign(&claims);
    (ApiClient::new(&base, &token.unwrap()), metrics)
}

/// Hands the events over as the relay does, and waits until they are stored.
async fn publish(broker: &Broker, count: usize) {
    let publisher = broker
        .publisher(&outbox::topology().exchange)
        .await
        .unwrap();
    let mut confirmations = Vec::with_capacity(count);
    for number in 0..count {
        let event = client_edited(i64::try_from(number).unwrap());
        let message = OutgoingMessage {
            routing_key: event.change.event_type().to_owned(),
            message_id: event.id.to_string(),
            message_type: event.change.event_type().to_owned(),
            seq: u64::try_from(number).ok(),
            traceparent: None,
            body: event.encode().into(),
        };
        confirmations.push(publisher.publish(message).await.unwrap());
    }
    for confirmation in confirmations {
        confirmation.await.unwrap();
    }
}

fn client_edited(id: i64) -> Event {
    let now = Clock::System.now();
    let client = ClientSnapshot {
        id: ClientId(id),
        realname: "Иванов Иван Иванович".to_owned(),
        email: "ivanov@example.com".to_owned(),
        phone: "79998888888".to_owned(),
        position: "Директор".to_owned(),
        status_id: None,
        text: "Перезвонить завтра".to_owned(),
        fields: vec![ClientField {
            name: "Город".to_owned(),
            value: FieldValue::Text("Москва".to_owned()),
        }],
        created_at: now,
        updated_at: now,
    };
    Event {
        id: EventId::new(now),
        account_id: AccountId(ACCOUNT),
        occurred_at: now,
        actor: Actor {
            kind: ActorKind::System,
            token_id: None,
        },
        cause: events::Cause::default(),
        change: Change::Client(Box::new(ClientChanged {
            action: Action::Edit,
            revision: 2,
            previous: Some(client.clone()),
            client,
            changed: vec!["position".to_owned()],
        })),
    }
}

/// A receiver that does nothing but count; returns its URL.
async fn receive(received: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _peer)) = listener.accept().await {
            let received = Arc::clone(&received);
            tokio::spawn(async move { answer(stream, &received).await });
        }
    });
    url
}

async fn answer(mut stream: TcpStream, received: &AtomicUsize) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut buffer = Vec::with_capacity(4_096);
    loop {
        let head = loop {
            if let Some(end) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut buffer).await.ok()? == 0 {
                return None;
            }
        };
        let text = std::str::from_utf8(&buffer[..head]).ok()?;
        let length: usize = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))?
            .parse()
            .ok()?;
        while buffer.len() < head + length {
            if stream.read_buf(&mut buffer).await.ok()? == 0 {
                return None;
            }
        }
        buffer.drain(..head + length);
        received.fetch_add(1, Ordering::SeqCst);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            .await
            .ok()?;
    }
}
