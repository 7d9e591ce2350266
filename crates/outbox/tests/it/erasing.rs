//! Bodies that speak of a person who asked to be forgotten.

mod together;

use broker::OutgoingMessage;
use database::{DatabaseError, on_backend};
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Nullable};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use events::{
    AccountId, Action, Change, ClientChanged, ClientId, ClientSnapshot, Event, PersonErased,
};
use outbox::erasure::{Erasures, PARKED, PUBLISHED, Place, request};
use outbox::parked::{NewParked, park};
use outbox::queue::ENTITY_ERASURES;
use outbox::{append, feed};
use test_support::{tables_with, wait_until};
use tokio_util::sync::CancellationToken;

use crate::fixture::{DEADLINE, Outbox, event};

const PLACES: &[Place] = &[PUBLISHED, PARKED];
const PHONE: &str = "+78123159883";
/// As they are written in the bodies.
const TRACES: [&str; 4] = ["315-98-83", "8123159883", "petr@example.ru", "Пётр"];

fn client_of(account: i64, phone: &str, email: &str) -> Event {
    let sample = event(account, "");
    let client = ClientSnapshot {
        id: ClientId(1),
        realname: "Пётр".to_owned(),
        email: email.to_owned(),
        phone: phone.to_owned(),
        position: String::new(),
        status_id: None,
        text: String::new(),
        fields: Vec::new(),
        created_at: sample.occurred_at,
        updated_at: sample.occurred_at,
    };
    Event {
        change: Change::Client(Box::new(ClientChanged {
            action: Action::Add,
            revision: 1,
            client,
            changed: Vec::new(),
            previous: None,
        })),
        ..sample
    }
}

fn petr() -> Event {
    client_of(1, "8 (812) 315-98-83", "petr@example.ru")
}

fn asked_for(account: i64) -> Event {
    Event {
        change: Change::PersonErased(PersonErased {
            phone_e164: Some(PHONE.to_owned()),
            email_normalized: None,
        }),
        ..event(account, "")
    }
}

#[derive(Debug, PartialEq, Eq, QueryableByName)]
struct Job {
    #[diesel(sql_type = BigInt)]
    scans: i64,
    #[diesel(sql_type = BigInt)]
    erased: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    finished_at_us: Option<i64>,
}

impl Outbox {
    async fn append_event(&self, event: Event) {
        self.database
            .write(move |conn| append(conn, &event))
            .await
            .unwrap();
    }

    async fn ask(&self, event: &Event) {
        let (event, Change::PersonErased(person)) = (event.clone(), event.change.clone()) else {
            panic!("no request: {event:?}");
        };
        self.database
            .write(move |conn| request(conn, event.id, event.account_id, &person))
            .await
            .unwrap();
    }

    async fn run_sql(&self, sql: &'static str) {
        self.database
            .write(move |conn| {
                on_backend!(conn, |c| c.batch_execute(sql))?;
                Ok::<_, DatabaseError>(())
            })
            .await
            .unwrap();
    }

    /// As if every consumer had taken over what is numbered up to here.
    async fn publish_through(&self, count: i64) {
        self.number(count).await;
        self.run_sql("UPDATE relay_state SET epoch = epoch + 1, published_through = last_seq")
            .await;
        let sqlite = "UPDATE relay_state SET published_through = \
                      (SELECT max(position) FROM outbox_events)";
        if self.database.backend() == database::Backend::Sqlite {
            self.run_sql(sqlite).await;
        }
        assert_eq!(self.published_through().await, count);
    }

    async fn jobs(&self) -> Vec<Job> {
        let sql = "SELECT scans, erased, finished_at_us FROM erasures ORDER BY requested_at_us";
        self.database
            .read(
                move |conn| Ok::<_, DatabaseError>(on_backend!(conn, |c| sql_query(sql).load(c))?),
            )
            .await
            .unwrap()
    }

    async fn wait_for_scans(&self, scans: i64) {
        wait_until(DEADLINE, || async {
            self.jobs().await.iter().all(|job| job.scans >= scans)
        })
        .await;
    }

    /// Lets more than an hour go by for every request.
    async fn age(&self, erasures: &Erasures) {
        self.run_sql(
            "UPDATE erasures SET requested_at_us = requested_at_us - 7200000000, due_at_us = 0 \
             WHERE due_at_us IS NOT NULL",
        )
        .await;
        erasures.wake();
    }
}

/// Carries requests out until it is dropped.
struct Sweeping(CancellationToken);

impl Sweeping {
    fn start(erasures: &Erasures) -> Self {
        let cancel = CancellationToken::new();
        tokio::spawn(erasures.clone().sweep(cancel.clone()));
        Self(cancel)
    }
}

impl Drop for Sweeping {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

#[tokio::test]
async fn a_person_leaves_the_feed_and_the_request_forgets_them_too() {
    let outbox = Outbox::start().await;
    outbox.append_event(petr()).await;
    let anna = client_of(1, "+7 999 888-88-88", "anna@example.ru");
    outbox.append_event(anna.clone()).await;
    outbox.append_event(asked_for(1)).await;
    outbox.publish_through(3).await;

    let erasures = Erasures::new(outbox.database.clone(), PLACES);
    let _sweeping = Sweeping::start(&erasures);
    outbox.ask(&asked_for(1)).await;
    erasures.wake();
    outbox.wait_for_scans(1).await;
    assert_eq!(
        tables_with(&outbox.database, &TRACES[..3]).await,
        ["erasures"]
    );
    assert_eq!(outbox.jobs().await[0].erased, 2);

    outbox.age(&erasures).await;
    wait_until(DEADLINE, || async {
        outbox.jobs().await[0].finished_at_us.is_some()
    })
    .await;
    assert!(tables_with(&outbox.database, &TRACES[..3]).await.is_empty());
    let rows = outbox
        .database
        .read(|conn| feed::list(conn, AccountId(1), 0, 10))
        .await
        .unwrap();
    assert_eq!(
        rows.iter().map(|row| row.seq).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert_eq!(rows[1].body, anna.encode());
}

#[tokio::test]
async fn what_is_not_published_waits() {
    let outbox = Outbox::start().await;
    outbox.append_event(petr()).await;
    outbox.publish_through(1).await;
    outbox.append_event(petr()).await;
    let erasures = Erasures::new(outbox.database.clone(), PLACES);
    let _sweeping = Sweeping::start(&erasures);
    outbox.ask(&asked_for(1)).await;
    erasures.wake();
    outbox.wait_for_scans(1).await;
    outbox.age(&erasures).await;
    outbox.wait_for_scans(2).await;
    outbox.age(&erasures).await;
    outbox.wait_for_scans(3).await;
    // The second one would have been the last, but for what waits.
    let job = outbox.jobs().await.remove(0);
    assert_eq!((job.erased, job.finished_at_us), (1, None));
    assert!(
        tables_with(&outbox.database, &TRACES)
            .await
            .contains(&"outbox_bodies".to_owned())
    );

    outbox.publish_through(2).await;
    outbox.age(&erasures).await;
    outbox.wait_for_scans(4).await;
    outbox.age(&erasures).await;
    outbox.wait_for_scans(5).await;
    let job = outbox.jobs().await.remove(0);
    assert_eq!(job.erased, 2);
    assert!(job.finished_at_us.is_some());
    assert!(tables_with(&outbox.database, &TRACES).await.is_empty());
}

#[tokio::test]
async fn other_accounts_keep_what_they_know_of_the_person() {
    let outbox = Outbox::start().await;
    outbox.append_event(petr()).await;
    let theirs = client_of(2, PHONE, "petr@example.ru");
    outbox.append_event(theirs.clone()).await;
    outbox.publish_through(2).await;
    let erasures = Erasures::new(outbox.database.clone(), PLACES);
    let _sweeping = Sweeping::start(&erasures);
    outbox.ask(&asked_for(1)).await;
    erasures.wake();
    outbox.wait_for_scans(1).await;
    let rows = outbox
        .database
        .read(|conn| feed::list(conn, AccountId(2), 0, 10))
        .await
        .unwrap();
    assert_eq!(rows[0].body, theirs.encode());
    assert_eq!(outbox.jobs().await[0].erased, 1);
}

#[tokio::test]
async fn parked_messages_are_blanked_as_far_as_they_can_be_read() {
    let outbox = Outbox::start().await;
    let parked = |body: Vec<u8>| NewParked {
        queue: "q".to_owned(),
        routing_key: "client.add".to_owned(),
        message_id: "m".to_owned(),
        message_type: "client.add".to_owned(),
        seq: None,
        traceparent: None,
        body,
        reason: "the value '8 (812) 315-98-83' is too long".to_owned(),
    };
    let theirs = parked(petr().encode());
    let mut unreadable = parked(b"\xff 8 (999) 888-88-88".to_vec());
    unreadable.reason = "no event".to_owned();
    outbox
        .database
        .write(move |conn| {
            park(conn, &theirs)?;
            park(conn, &unreadable)
        })
        .await
        .unwrap();
    let erasures = Erasures::new(outbox.database.clone(), PLACES);
    let _sweeping = Sweeping::start(&erasures);
    outbox.ask(&asked_for(1)).await;
    erasures.wake();
    outbox.wait_for_scans(1).await;
    assert_eq!(tables_with(&outbox.database, &TRACES).await, ["erasures"]);
    let kept = outbox
        .database
        .read(|conn| outbox::parked::list(conn, 0, 10))
        .await
        .unwrap();
    assert_eq!(kept[1].body, b"\xff 8 (999) 888-88-88");
    assert_eq!(kept[1].reason, "no event");
}

#[tokio::test]
async fn a_request_is_taken_in_from_its_queue_once() {
    let outbox = Outbox::start().await;
    outbox.append_event(petr()).await;
    outbox.publish_through(1).await;
    let cancel = CancellationToken::new();
    let erasures = Erasures::new(outbox.database.clone(), PLACES);
    let running = erasures.run(outbox.broker.clone(), ENTITY_ERASURES, cancel.clone());
    tokio::spawn(running);
    let publisher = outbox.broker.publisher("dealwire.events").await.unwrap();
    let asked = asked_for(1);
    let blanked = Event {
        change: Change::PersonErased(PersonErased {
            phone_e164: None,
            email_normalized: None,
        }),
        ..event(1, "")
    };
    for body in [
        asked.encode(),
        asked.encode(),
        b"?".to_vec(),
        blanked.encode(),
    ] {
        let message = OutgoingMessage {
            routing_key: "person.erased".to_owned(),
            message_id: asked.id.to_string(),
            message_type: "person.erased".to_owned(),
            seq: None,
            traceparent: None,
            body: body.into(),
        };
        drop(publisher.publish(message).await.unwrap());
    }
    wait_until(DEADLINE, || async {
        outbox.jobs().await.iter().any(|job| job.erased == 1)
            && outbox.database.read(outbox::parked::count).await.unwrap() == 1
    })
    .await;
    assert_eq!(outbox.jobs().await.len(), 1);
    cancel.cancel();
}
