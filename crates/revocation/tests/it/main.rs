//! Tokens that are revoked elsewhere are refused here.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::sync::Arc;
use std::time::Duration;

use broker::{OutgoingMessage, Publisher};
use database::Database;
use events::{AccountId, Actor, ActorKind, Change, Clock, Event, EventId, TokenId, TokenRevoked};
use http_api::{
    Claims, KeyPair, ScopeSet, TokenSigner, TokenVerifier, Unauthenticated, generate_keys,
};
use outbox::parked;
use outbox::queue::INTAKE_TOKENS;
use revocation::{MIGRATIONS, Revocation};
use test_support::{TestBroker, TestDatabase, wait_until};
use tokio_util::sync::CancellationToken;

const DEADLINE: Duration = Duration::from_secs(30);

struct Site {
    database: Database,
    server: TestBroker,
    publisher: Publisher,
    keys: KeyPair,
    cancel: CancellationToken,
    _home: TestDatabase,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl Site {
    async fn start() -> Self {
        let home = TestDatabase::start().await;
        // Twice: where the table is there already, it is left as it is.
        let migrations = || vec![outbox::MIGRATIONS, MIGRATIONS];
        drop(home.open(migrations()).await);
        let database = home.open(migrations()).await;
        let server = TestBroker::start().await;
        let broker = server.broker();
        broker.declare(&outbox::topology()).await.unwrap();
        Self {
            database,
            publisher: broker.publisher("dealwire.events").await.unwrap(),
            server,
            keys: generate_keys().unwrap(),
            cancel: CancellationToken::new(),
            _home: home,
        }
    }

    /// A replica of a service; it runs until the test ends.
    async fn replica(&self) -> TokenVerifier {
        let clock: http_api::WallClock = Arc::new(|| Clock::System.now().0);
        let verifier = TokenVerifier::new(&[&self.keys.public_pem], clock).unwrap();
        let broker = self.server.connect();
        broker.declare(&outbox::topology()).await.unwrap();
        let revocation = Revocation::start(
            self.database.clone(),
            broker,
            verifier.clone(),
            INTAKE_TOKENS,
        );
        let revocation = revocation.await.unwrap();
        tokio::spawn(revocation.run(self.cancel.clone()));
        verifier
    }

    fn token(&self, id: &str) -> String {
        let signer = TokenSigner::new(&self.keys.private_pem).unwrap();
        signer
            .sign(&Claims {
                account_id: 1,
                token_id: id.to_owned(),
                scopes: ScopeSet::all(),
                issued_at_seconds: 0,
                expires_at_seconds: None,
            })
            .unwrap()
    }

    fn is_refused(&self, verifier: &TokenVerifier, id: &str) -> bool {
        match verifier.verify(&self.token(id)) {
            Ok(_) => false,
            Err(error) => {
                assert_eq!(error, Unauthenticated::Revoked);
                true
            }
        }
    }

    async fn publish(&self, body: Vec<u8>) {
        let message = OutgoingMessage {
            routing_key: "token.revoked".to_owned(),
            message_id: "id".to_owned(),
            message_type: "token.revoked".to_owned(),
            seq: None,
            traceparent: None,
            body: body.into(),
        };
        // Queues of other services are bound too, and nobody takes from them.
        drop(self.publisher.publish(message).await.unwrap());
    }
}

fn revoked(token_id: &str) -> Vec<u8> {
    let now = Clock::System.now();
    let event = Event {
        id: EventId::new(now),
        account_id: AccountId(1),
        occurred_at: now,
        actor: Actor {
            kind: ActorKind::Api,
            token_id: None,
        },
        cause: events::Cause::default(),
        change: Change::TokenRevoked(TokenRevoked {
            token_id: TokenId(token_id.to_owned()),
        }),
    };
    event.encode()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_replica_refuses_a_revoked_token_and_so_do_later_ones() {
    let site = Site::start().await;
    let replicas = [site.replica().await, site.replica().await];
    for verifier in &replicas {
        assert!(!site.is_refused(verifier, "a"));
    }
    site.publish(revoked("a")).await;
    for verifier in &replicas {
        wait_until(DEADLINE, || async { site.is_refused(verifier, "a") }).await;
        assert!(!site.is_refused(verifier, "b"));
    }
    // One of them has kept it by then: the other one knows it from the table.
    let later = site.replica().await;
    assert!(site.is_refused(&later, "a"));
    assert!(!site.is_refused(&later, "b"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_kept_is_parked_and_holds_nothing_up() {
    let site = Site::start().await;
    let verifier = site.replica().await;
    site.publish(vec![0xff]).await;
    // PostgreSQL's text takes no NUL.
    site.publish(revoked("a\0b")).await;
    site.publish(revoked("c")).await;
    wait_until(DEADLINE, || async { site.is_refused(&verifier, "c") }).await;
    assert!(site.is_refused(&verifier, "a\0b"));
    wait_until(DEADLINE, || async {
        site.database.read(parked::count).await.unwrap() >= 1
    })
    .await;
    let later = || async { site.is_refused(&site.replica().await, "c") };
    wait_until(DEADLINE, later).await;
    let rows = site
        .database
        .read(|conn| parked::list(conn, 0, 10))
        .await
        .unwrap();
    assert_eq!(rows[0].body, [0xff]);
    assert!(rows.iter().all(|row| row.queue == INTAKE_TOKENS));
}
