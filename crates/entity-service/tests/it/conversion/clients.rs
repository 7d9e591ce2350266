//! The client of a lead: found, or added.

use events::{Change, Event, LeadConversionRequested};
use serde_json::{Value, json};

use super::{with_email, with_phone};
use crate::app::{TestApp, client_change, conversions, envelope, id_of};

const CLIENTS: &str = "/api/v1/clients";

fn named(name: &str, lead: LeadConversionRequested) -> LeadConversionRequested {
    LeadConversionRequested {
        name: name.to_owned(),
        ..lead
    }
}

fn with_both(id: i64, (phone, e164): (&str, &str), email: &str) -> LeadConversionRequested {
    LeadConversionRequested {
        phone: phone.to_owned(),
        phone_e164: Some(e164.to_owned()),
        ..with_email(id, email)
    }
}

fn client_events(events: &[Event]) -> Vec<&Event> {
    events
        .iter()
        .filter(|event| matches!(event.change, Change::Client(_)))
        .collect()
}

async fn client(app: &TestApp, id: i64) -> Value {
    app.api
        .get(&format!("{CLIENTS}/{id}"))
        .await
        .expect(200)
        .json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_phone_in_any_spelling_is_one_client() {
    let app = TestApp::start().await;
    let there = app
        .create_client(
            json!({"realname": "Пётр", "phone": "8 812 315 98 83", "fields": {"ИНН": "7"}}),
        )
        .await;
    app.new_events().await;
    let spellings = ["+78123159883", "8123159883", "8 (812) 315-98-83 доб. 5"];
    let leads = (1..).zip(spellings).map(|(id, phone)| {
        // Neither name nor phone of the client is overwritten.
        named("Другой", with_phone(id, phone, "+78123159883"))
    });
    let events = app.leads().await.convert(leads).await;
    let clients: Vec<i64> = conversions(&events)
        .iter()
        .map(|converted| converted.client_id.0)
        .collect();
    assert_eq!(clients, [id_of(&there); 3]);
    assert_eq!(client_events(&events), Vec::<&Event>::new());
    assert_eq!(client(&app, id_of(&there)).await, there);
    // Receivers learn of the whole client with the order.
    let Change::Order(order) = &events[0].change else {
        panic!("the order comes first: {events:?}");
    };
    let summary = order.order.client.as_ref().unwrap();
    assert_eq!(summary.realname, "Пётр");
    assert_eq!(summary.fields[0].name, "ИНН");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_contact_is_known_to_the_next_lead_of_the_batch() {
    let app = TestApp::start().await;
    let events = app
        .leads()
        .await
        .convert([
            named("Анна", with_phone(1, "79998888881", "+79998888881")),
            // Tells the email of the client with this phone.
            with_both(2, ("89998888881", "+79998888881"), "anna@b.ru"),
            with_email(3, "anna@b.ru"),
        ])
        .await;
    let ids: Vec<i64> = conversions(&events)
        .iter()
        .map(|converted| converted.client_id.0)
        .collect();
    assert_eq!(ids, [ids[0]; 3]);
    let told: Vec<Value> = client_events(&events).into_iter().map(envelope).collect();
    assert_eq!(told.len(), 2);
    assert_eq!(told[1]["type"], "client.edit");
    assert_eq!(told[1]["revision"], 2);
    assert_eq!(told[1]["previous"], json!({"email": ""}));
    let types: Vec<&str> = events
        .iter()
        .map(|event| event.change.event_type())
        .collect();
    assert_eq!(
        types,
        [
            "client.add",
            "order.add",
            "lead.converted",
            "client.edit",
            "order.add",
            "lead.converted",
            "order.add",
            "lead.converted"
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blanks_are_filled_and_nothing_is_overwritten() {
    let app = TestApp::start().await;
    let blank = app
        .create_client(json!({"email": "a@b.ru", "text": "старый"}))
        .await;
    app.new_events().await;
    let leads = app.leads().await;
    let first = with_both(1, ("79998888881", "+79998888881"), "a@b.ru");
    let events = leads.convert([named("Анна", first)]).await;
    let change = client_change(&events[0]);
    assert_eq!(change.revision, 2);
    assert_eq!(change.changed, ["realname", "phone"]);
    let filled = client(&app, id_of(&blank)).await;
    assert_eq!(filled["realname"], "Анна");
    assert_eq!(filled["phone"], "79998888881");
    assert_eq!(filled["text"], "старый");
    // Another phone of the same email: the client keeps the one that it has.
    let second = with_both(2, ("79998888882", "+79998888882"), "a@b.ru");
    let events = leads.convert([named("Ольга", second)]).await;
    assert_eq!(conversions(&events)[0].client_id.0, id_of(&blank));
    assert_eq!(client_events(&events), Vec::<&Event>::new());
    assert_eq!(client(&app, id_of(&blank)).await, filled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contact_that_the_client_does_not_get_is_told() {
    let app = TestApp::start().await;
    let kept = app
        .create_client(json!({"phone": "8 999 888-88-81", "email": "A@b.ru"}))
        .await;
    app.new_events().await;
    let (id, leads) = (id_of(&kept), app.leads().await);
    let (phone, other) = (
        ("79998888881", "+79998888881"),
        ("79998888882", "+79998888882"),
    );
    let by_email =
        format!("У клиента {id} уже указан другой телефон: телефон из заявки ему не записан.");
    let by_phone =
        format!("У клиента {id} уже указан другой email: email из заявки ему не записан.");
    let unread = LeadConversionRequested {
        phone: "12-345".to_owned(),
        ..with_email(5, "a@b.ru")
    };
    for (lead, warnings) in [
        (with_both(1, other, "a@b.ru"), vec![&by_email]),
        (with_both(2, phone, "other@b.ru"), vec![&by_phone]),
        // The same in another spelling, or nothing, is no other.
        (with_both(3, phone, "a@b.ru"), vec![]),
        (with_phone(4, phone.0, phone.1), vec![]),
        (unread, vec![&by_email]),
    ] {
        let events = leads.convert([lead]).await;
        let converted = conversions(&events)[0];
        assert_eq!(converted.client_id.0, id);
        let told: Vec<&String> = converted.warnings.iter().collect();
        assert_eq!(told, warnings, "{}", converted.lead_id);
        assert_eq!(client_events(&events), Vec::<&Event>::new());
    }
    assert_eq!(client(&app, id).await, kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_phone_goes_before_the_email() {
    let app = TestApp::start().await;
    let by_email = app.create_client(json!({"email": "a@b.ru"})).await;
    let by_phone = app.create_client(json!({"phone": "79998888881"})).await;
    app.new_events().await;
    let leads = app.leads().await;
    let contacts = ("89998888881", "+79998888881");
    let events = leads.convert([with_both(1, contacts, "a@b.ru")]).await;
    let converted = conversions(&events)[0];
    assert_eq!(converted.client_id.0, id_of(&by_phone));
    // The email stays with who has it: two could not be told apart by it.
    assert_eq!(client(&app, id_of(&by_phone)).await["email"], "");
    let warning = &converted.warnings[0];
    for id in [&by_phone, &by_email] {
        assert!(
            warning.contains(&format!("клиента {}", id["id"])),
            "{warning}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_the_one_with_both_goes_first_then_the_lowest() {
    let app = TestApp::start().await;
    let mut ids = Vec::new();
    for email in ["", "a@b.ru", "a@b.ru"] {
        let body = json!({"phone": "79998888881", "email": email});
        ids.push(id_of(&app.create_client(body).await));
    }
    app.new_events().await;
    let contacts = ("89998888881", "+79998888881");
    let events = app
        .leads()
        .await
        .convert([
            with_phone(1, contacts.0, contacts.1),
            with_both(2, contacts, "a@b.ru"),
            with_email(3, "a@b.ru"),
            with_both(4, contacts, "other@b.ru"),
        ])
        .await;
    let found: Vec<i64> = conversions(&events)
        .iter()
        .map(|converted| converted.client_id.0)
        .collect();
    assert_eq!(found, [ids[0], ids[1], ids[1], ids[0]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_of_another_region_is_found_again() {
    let app = TestApp::start().await;
    let leads = app.leads().await;
    // A national number of Belarus, which no Russian reading makes of it.
    let events = leads
        .convert([with_phone(1, "8 029 123-45-67", "+375291234567")])
        .await;
    assert_eq!(client_change(&events[0]).client.phone, "+375291234567");
    let again = leads
        .convert([with_phone(2, "+375 (29) 123-45-67", "+375291234567")])
        .await;
    assert_eq!(
        conversions(&again)[0].client_id,
        conversions(&events)[0].client_id
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_another_account_are_nobody() {
    let app = TestApp::start().await;
    let body = json!({"phone": "79998888881", "email": "a@b.ru"});
    app.other.post(CLIENTS, body).await.expect(201);
    app.new_events().await;
    let contacts = ("89998888881", "+79998888881");
    let events = app
        .leads()
        .await
        .convert([with_both(1, contacts, "a@b.ru")])
        .await;
    assert_eq!(events[0].change.event_type(), "client.add");
    assert_eq!(events[0].account_id.0, app.account_id);
}
