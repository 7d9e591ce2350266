//! A person is taken out of events that are kept.

use events::{
    Action, Change, ClientChanged, ClientId, ClientSnapshot, Decoded, Event, FieldValue,
    LeadConversionRequested, LeadConverted, LeadId, OrderChanged, OrderId, OrderSnapshot,
    PersonErased, TaskChanged, TaskSnapshot,
};
use proptest::prelude::*;

use crate::arbitrary::event as any_event;
use crate::sample::{client, event, field, mark, order, task};

/// The client of the samples.
fn names_ivan(text: &str) -> bool {
    text.contains("79998888888") || text.contains("a@b.ru")
}

/// Blanked once and read again; a second time there is nothing to blank.
fn blanked(change: Change) -> Change {
    let mut event = event(change);
    assert!(event.blank_person(names_ivan));
    assert!(!event.clone().blank_person(names_ivan));
    match Event::decode(&event.encode()) {
        Ok(Decoded::Event(read)) => assert_eq!(read, event),
        other => panic!("{other:?}"),
    }
    event.change
}

fn nobody() -> ClientSnapshot {
    let names = ["Город", "INN", "Скидка", "VIP", "Отчество"];
    ClientSnapshot {
        realname: String::new(),
        email: String::new(),
        phone: String::new(),
        position: String::new(),
        text: String::new(),
        fields: names.map(|name| field(name, FieldValue::Null)).to_vec(),
        ..client()
    }
}

fn somebody_else() -> ClientSnapshot {
    ClientSnapshot {
        id: ClientId(80),
        realname: "Анна".into(),
        phone: "79997777777".into(),
        email: "anna@b.com".into(),
        ..client()
    }
}

fn client_change(client: ClientSnapshot, previous: Option<ClientSnapshot>) -> Change {
    let changed = ["phone", "email", "text"].map(String::from).to_vec();
    Change::Client(Box::new(ClientChanged {
        action: Action::Edit,
        revision: 2,
        client,
        changed,
        previous,
    }))
}

fn order_change(order: OrderSnapshot, previous: Option<OrderSnapshot>) -> Change {
    Change::Order(Box::new(OrderChanged {
        action: Action::Edit,
        revision: 4,
        order,
        changed: vec!["id_client".into(), "name".into()],
        previous,
    }))
}

#[test]
fn a_client_keeps_its_ids_and_keys_only() {
    let change = blanked(client_change(client(), None));
    assert_eq!(change, client_change(nobody(), None));
}

#[test]
fn a_client_is_known_by_what_it_was_before_or_after() {
    let other = ClientSnapshot {
        phone: "79997777777".into(),
        email: String::new(),
        text: "сменил телефон".into(),
        ..client()
    };
    let gone = client_change(nobody(), Some(nobody()));
    assert_eq!(blanked(client_change(client(), Some(other.clone()))), gone);
    assert_eq!(blanked(client_change(other, Some(client()))), gone);
}

#[test]
fn an_order_loses_what_its_client_said() {
    let change = blanked(order_change(order(), None));
    let expected = OrderSnapshot {
        name: String::new(),
        text: String::new(),
        marks: vec![],
        client: Some(nobody()),
        ..order()
    };
    assert_eq!(change, order_change(expected, None));
}

#[test]
fn an_order_that_went_to_another_client_keeps_that_client() {
    let now = OrderSnapshot {
        client_id: Some(ClientId(80)),
        client: Some(somebody_else()),
        ..order()
    };
    let before = OrderSnapshot {
        name: "Заявка: Иван".into(),
        ..order()
    };
    let Change::Order(change) = blanked(order_change(now, Some(before))) else {
        panic!("still an order");
    };
    assert_eq!(change.order.client, Some(somebody_else()));
    let previous = change.previous.unwrap();
    assert_eq!(previous.client, Some(nobody()));
    assert_eq!(
        (previous.name.as_str(), change.order.name.as_str()),
        ("", "")
    );
}

#[test]
fn a_lead_asks_for_ids_only() {
    let lead = LeadConversionRequested {
        lead_id: LeadId(900),
        name: "Иван".into(),
        phone: "8 999".into(),
        email: "A@b.ru".into(),
        phone_e164: Some("+79998888888".into()),
        email_normalized: Some("a@b.ru".into()),
        owner_id: Some(9),
        origin_id: None,
        office_id: None,
        city_id: None,
        stage_id: None,
        cost: None,
        marks: vec![mark("ip", "203.0.113.7")],
        default_origin_id: None,
        default_office_id: None,
        default_city_id: None,
        default_stage_id: None,
    };
    let expected = LeadConversionRequested {
        name: String::new(),
        phone: String::new(),
        email: String::new(),
        phone_e164: None,
        email_normalized: None,
        marks: vec![],
        ..lead.clone()
    };
    let change = blanked(Change::LeadConversionRequested(Box::new(lead)));
    assert_eq!(change, Change::LeadConversionRequested(Box::new(expected)));
}

#[test]
fn words_about_the_person_go_from_records_of_others() {
    let mut theirs = somebody_else();
    theirs.text = "муж: 79998888888".into();
    theirs.fields = vec![
        field("Второй", FieldValue::Integer(79_998_888_888)),
        field("Город", FieldValue::Text("Москва".into())),
    ];
    let Change::Client(change) = blanked(client_change(theirs, None)) else {
        panic!("still a client");
    };
    assert_eq!(change.client.realname, "Анна");
    assert_eq!(change.client.text, "");
    assert_eq!(change.client.fields[0].value, FieldValue::Null);
    assert_eq!(
        change.client.fields[1].value,
        FieldValue::Text("Москва".into())
    );

    let change = blanked(Change::Task(Box::new(TaskChanged {
        action: Action::Add,
        revision: 1,
        task: TaskSnapshot {
            name: "Позвонить 79998888888".into(),
            ..task()
        },
        changed: vec![],
        previous: None,
    })));
    let Change::Task(change) = change else {
        panic!("still a task");
    };
    assert_eq!(
        (change.task.name.as_str(), change.task.text.as_str()),
        ("", "до обеда")
    );

    let change = blanked(Change::LeadConverted(LeadConverted {
        lead_id: LeadId(1),
        client_id: ClientId(2),
        order_id: OrderId(3),
        warnings: vec!["a@b.ru занят.".into(), "Источник 2 не найден.".into()],
    }));
    let Change::LeadConverted(change) = change else {
        panic!("still a conversion");
    };
    assert_eq!(change.warnings, ["Источник 2 не найден."]);
}

#[test]
fn the_request_itself_is_blanked() {
    let change = blanked(Change::PersonErased(PersonErased {
        phone_e164: Some("+79998888888".into()),
        email_normalized: Some("ivan@example.ru".into()),
    }));
    let nobody = PersonErased {
        phone_e164: None,
        email_normalized: None,
    };
    assert_eq!(change, Change::PersonErased(nobody));
}

#[test]
fn others_are_left_alone() {
    for change in [
        client_change(somebody_else(), Some(somebody_else())),
        Change::PersonErased(PersonErased {
            phone_e164: Some("+79997777777".into()),
            email_normalized: None,
        }),
    ] {
        let before = event(change);
        let mut after = before.clone();
        assert!(!after.blank_person(names_ivan));
        assert_eq!(after, before);
    }
}

proptest! {
    #[test]
    fn whatever_is_blanked_is_still_an_event(event in any_event()) {
        let mut blanked = event.clone();
        let has_blanked = blanked.blank_person(|text| !text.is_empty());
        prop_assert_eq!(has_blanked, blanked != event);
        prop_assert!(!blanked.blank_person(|text| !text.is_empty()));
        prop_assert_eq!(&blanked.id, &event.id);
        prop_assert_eq!(blanked.change.revision(), event.change.revision());
        prop_assert_eq!(blanked.change.event_type(), event.change.event_type());
        prop_assert_eq!(Event::decode(&blanked.encode()), Ok(Decoded::Event(blanked)));
    }
}
