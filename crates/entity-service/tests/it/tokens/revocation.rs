//! How the processes of the service learn that a token was revoked.

use std::sync::Arc;

use broker::{Broker, InProcessLimits, OutgoingMessage};
use entity_service::{Dependencies, EntityConfig, Service};
use events::{
    AccountId, Actor, ActorKind, Change, Event, EventId, Timestamp, TokenId, TokenRevoked,
};
use http_api::{Claims, ScopeSet, TokenSigner, TokenVerifier, Unauthenticated, generate_keys};
use serde_json::Value;
use test_support::wait_until;
use tokio_util::sync::CancellationToken;

use super::{TOKENS, create, path_of};
use crate::app::{DEADLINE, NOW_US, TOKEN_ID, TestApp};

/// A second replica of the service, on the same database and broker.
async fn replica(app: &TestApp, broker: Broker) -> (Service, TokenSigner, TokenVerifier) {
    let keys = generate_keys().unwrap();
    let signer = TokenSigner::new(&keys.private_pem).unwrap();
    let verifier = TokenVerifier::new(&[&keys.public_pem], Arc::new(|| NOW_US)).unwrap();
    let dependencies = Dependencies {
        metrics: telemetry::Metrics::new(),
        database: app.database.clone(),
        broker,
        clock: app.clock.clone(),
        token_signer: signer.clone(),
        token_verifier: verifier.clone(),
    };
    let service = Service::build(EntityConfig::default(), dependencies)
        .await
        .unwrap();
    (service, signer, verifier)
}

fn sign(signer: &TokenSigner, token_id: &Value) -> String {
    let claims = Claims {
        account_id: 1,
        token_id: token_id.as_str().unwrap().to_owned(),
        scopes: ScopeSet::all(),
        issued_at_seconds: 0,
        expires_at_seconds: None,
    };
    signer.sign(&claims).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_starts_knows_what_was_revoked() {
    let app = TestApp::start().await;
    let (revoked, good) = (create(&app, "a").await, create(&app, "b").await);
    app.api.delete(&path_of(&revoked)).await.expect(204);
    let (_service, signer, verifier) = replica(&app, app.broker.clone()).await;
    let verify = |token: &Value| verifier.verify(&sign(&signer, &token["id"])).map(drop);
    assert_eq!(verify(&revoked), Err(Unauthenticated::Revoked));
    assert_eq!(verify(&good), Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_learns_of_it_within_seconds() {
    let app = TestApp::start().await;
    let token = create(&app, "a").await;
    // A broker of its own: it hears nothing, and the table is all that it has.
    let silent = Broker::in_process(InProcessLimits::default());
    silent.declare(&outbox::topology()).await.unwrap();
    let (service, signer, verifier) = replica(&app, silent).await;
    let cancel = CancellationToken::new();
    let running = tokio::spawn(service.run(cancel.clone()));

    let signed = sign(&signer, &token["id"]);
    verifier.verify(&signed).unwrap();
    app.api.delete(&path_of(&token)).await.expect(204);
    wait_until(DEADLINE, || async { verifier.verify(&signed).is_err() }).await;
    assert_eq!(
        verifier.verify(&signed).map(drop),
        Err(Unauthenticated::Revoked)
    );
    cancel.cancel();
    running.await.unwrap();
}

fn message(id: &str, body: Vec<u8>) -> OutgoingMessage {
    OutgoingMessage {
        routing_key: "token.revoked".to_owned(),
        message_id: id.to_owned(),
        message_type: "token.revoked".to_owned(),
        seq: Some(7),
        traceparent: None,
        body: body.into(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_is_followed_and_what_cannot_be_read_is_parked() {
    let app = TestApp::start().await;
    let garbage = b"\xff\xffgarbage".to_vec();
    let revoked = Event {
        id: EventId::new(Timestamp(NOW_US)),
        account_id: AccountId(app.account_id),
        occurred_at: Timestamp(NOW_US),
        actor: Actor {
            kind: ActorKind::System,
            token_id: None,
        },
        cause: events::Cause::default(),
        change: Change::TokenRevoked(TokenRevoked {
            token_id: TokenId(TOKEN_ID.to_owned()),
        }),
    };
    let publisher = app.broker.publisher("dealwire.events").await.unwrap();
    // Nothing is confirmed here: the delivery worker's queue has no consumer.
    let _first = publisher
        .publish(message("bad", garbage.clone()))
        .await
        .unwrap();
    let _second = publisher
        .publish(message("good", revoked.encode()))
        .await
        .unwrap();

    // No table holds this revocation: it can only have come by the queue, behind the garbage.
    wait_until(DEADLINE, || async {
        app.api.get(TOKENS).await.status == 401
    })
    .await;
    let parked = app
        .database
        .read(|conn| outbox::parked::list(conn, 0, 10))
        .await
        .unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!(parked[0].queue, "entity.tokens");
    assert_eq!(
        (parked[0].message_id.as_str(), parked[0].seq),
        ("bad", Some(7))
    );
    assert_eq!(parked[0].body, garbage);
}
