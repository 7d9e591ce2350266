//! Several processes convert at once.

use std::collections::{BTreeMap, BTreeSet};

use events::{DirectoryEntryId, LeadConversionRequested};
use tokio_util::sync::CancellationToken;

use super::{with_email, with_phone};
use crate::app::{TestApp, asked, conversions};

/// Leads of few people, who give now their phone, now their email, now both.
fn burst(leads: i64, people: i64) -> impl Iterator<Item = LeadConversionRequested> {
    (0..leads).map(move |id| {
        let person = id * 7 % people;
        let phone = format!("7999{person:07}");
        let e164 = format!("+{phone}");
        let email = format!("p{person}@b.ru");
        match id % 3 {
            0 => with_phone(id, &phone, &e164),
            1 => LeadConversionRequested {
                phone,
                phone_e164: Some(e164),
                ..with_email(id, &email)
            },
            _ => LeadConversionRequested {
                name: "Имя".to_owned(),
                ..with_phone(id, &format!("8{}", &phone[1..]), &e164)
            },
        }
    })
}

/// Each lead has one order, each phone one client.
async fn is_exact(app: &TestApp, leads: i64, people: i64) {
    assert_eq!(app.count_rows("orders").await, leads);
    assert_eq!(app.count_rows("lead_conversions").await, leads);
    assert_eq!(app.count_rows("clients").await, people);
    assert_eq!(app.count_rows("parked_events").await, 0);
    let events = app.new_events().await;
    let mut orders: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    for converted in conversions(&events) {
        let of_lead = orders.entry(converted.lead_id.0).or_default();
        of_lead.insert(converted.order_id.0);
    }
    assert_eq!(orders.len(), usize::try_from(leads).unwrap());
    assert!(orders.values().all(|orders| orders.len() == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_phone_never_makes_two_clients() {
    const LEADS: i64 = 600;
    const PEOPLE: i64 = 11;
    let app = TestApp::start().await;
    let _others = [app.replica().await, app.replica().await];
    let leads = app.leads().await;
    let mut answers = LEADS;
    for request in burst(LEADS, PEOPLE) {
        leads.publish(&asked(app.account_id, request.clone())).await;
        // Some are asked for twice, by events of their own.
        if request.lead_id.0 % 5 == 0 {
            leads.publish(&asked(app.account_id, request)).await;
            answers += 1;
        }
    }
    leads.answered(answers).await;
    is_exact(&app, LEADS, PEOPLE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_ends_amid_a_burst_loses_and_doubles_nothing() {
    const LEADS: i64 = 400;
    const PEOPLE: i64 = 50;
    let app = TestApp::start().await;
    let leads = app.leads().await;
    for round in 0..4 {
        let ending = CancellationToken::new();
        let _other = app.replica_until(&ending).await;
        let part = burst(LEADS, PEOPLE).skip(round * 100).take(100);
        for request in part {
            if request.lead_id.0 % 100 == 60 {
                // It is in the midst of a batch; what it did not ack comes again.
                ending.cancel();
            }
            leads.publish(&asked(app.account_id, request)).await;
        }
    }
    leads.answered(LEADS).await;
    is_exact(&app, LEADS, PEOPLE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_goes_meanwhile_is_left_out() {
    let app = TestApp::start().await;
    let leads = app.leads().await;
    let mut expected = 0;
    for round in 0..10 {
        let entry = app.create_entry("city", &format!("Город {round}")).await;
        let path = format!("/api/v1/directories/city/{entry}");
        let publishing = async {
            for number in 0..8 {
                let id = round * 8 + number;
                let phone = format!("7999888{id:04}");
                let lead = LeadConversionRequested {
                    city_id: Some(DirectoryEntryId(entry)),
                    ..with_phone(id, &phone, &format!("+{phone}"))
                };
                leads.publish(&asked(app.account_id, lead)).await;
            }
        };
        let (deleted, ()) = tokio::join!(app.api.delete(&path), publishing);
        assert!([204, 409].contains(&deleted.status.as_u16()));
        expected += 8;
        leads.answered(expected).await;
    }
    assert_eq!(app.count_rows("orders").await, expected);
    assert_eq!(app.count_rows("parked_events").await, 0);
}
