//! What a record would refuse: cut or left out, never an error.

use events::{LeadConversionRequested, Mark, Price};
use serde_json::Value;

use super::{with_email, with_phone};
use crate::app::{TestApp, client_change, conversions, lead, order_change};

fn mark(key: impl Into<String>, value: impl Into<String>) -> Mark {
    Mark {
        key: key.into(),
        value: value.into(),
    }
}

/// What a manager could not send by the API is not in the records either.
async fn is_editable(app: &TestApp, kind: &str, id: i64) -> Value {
    let path = format!("/api/v1/{kind}/{id}");
    let body = app.api.get(&path).await.expect(200).json();
    app.api.patch(&path, body.clone()).await.expect(200);
    body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_too_long_is_cut() {
    let app = TestApp::start().await;
    let mut marks = vec![
        mark("", "no name"),
        mark("ключ\n", "control"),
        mark("к".repeat(65), "long name"),
        mark("yclid", "я".repeat(3_000)),
        mark("nul", "a\0b"),
        mark("yclid", "ж".repeat(2_049)),
    ];
    marks.extend((0..120).map(|number| mark(format!("m{number}"), "v")));
    let asked = LeadConversionRequested {
        name: format!("{}\0{}", "И".repeat(200), "в".repeat(200)),
        email: format!("{}@b.ru", "a".repeat(300)),
        cost: Some(Price(1_000_000_000_000_000)),
        marks,
        ..with_phone(1, &"8 999 888 88 81, ".repeat(40), "+79998888881")
    };
    let events = app.leads().await.convert([asked]).await;
    let client = &client_change(&events[0]).client;
    assert_eq!(client.realname.chars().count(), 255);
    assert!(client.realname.starts_with("И") && client.realname.ends_with("в"));
    assert_eq!(client.phone, "+79998888881");
    assert_eq!(client.email.chars().count(), 255);
    let order = &order_change(&events[1]).order;
    assert_eq!(order.name.chars().count(), 255);
    assert_eq!(order.price, None);
    assert_eq!(order.marks.len(), 100);
    assert_eq!(order.marks[0], mark("yclid", "ж".repeat(2_048)));
    assert_eq!(order.marks[1], mark("nul", "ab"));
    let warnings = conversions(&events)[0].warnings.join("\n");
    for part in [
        "Имя:",
        "Email:",
        "Название заказа:",
        "Стоимость",
        ": 3.",
        ": 2.",
        ": 22.",
    ] {
        assert!(warnings.contains(part), "{part}: {warnings}");
    }
    is_editable(&app, "clients", client.id.0).await;
    let shown = is_editable(&app, "orders", order.id.0).await;
    assert_eq!(shown["marks"].as_object().unwrap().len(), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_order_can_have_is_told() {
    let app = TestApp::start().await;
    let leads = app.leads().await;
    for (id, cost) in (1..).zip([
        1_000_000_000_000_000,
        -1_000_000_000_000_000,
        i64::MAX,
        i64::MIN,
    ]) {
        let asked = LeadConversionRequested {
            cost: Some(Price(cost)),
            owner_id: Some(-id),
            ..with_phone(id, "79998888881", "+79998888881")
        };
        let events = leads.convert([asked]).await;
        let converted = conversions(&events)[0];
        let order = is_editable(&app, "orders", converted.order_id.0).await;
        assert_eq!(order["price"], Value::Null, "{cost}");
        assert_eq!(order["id_owner"], Value::Null);
        assert_eq!(
            converted.warnings,
            [
                "Стоимость вне допустимых пределов, в заказе не указана.".to_owned(),
                format!(
                    "Ответственный -{id} не указан в заказе: номера сотрудников начинаются с 1."
                ),
            ],
            "{cost}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts_that_do_not_compare_are_kept() {
    let app = TestApp::start().await;
    let raw = |id, phone: &str, email: &str| LeadConversionRequested {
        phone: phone.to_owned(),
        email: email.to_owned(),
        ..lead(id)
    };
    let events = app
        .leads()
        .await
        .convert([
            raw(1, "12-345", ""),
            raw(2, "12-345", "не почта\0"),
            with_email(3, "a@b.ru"),
        ])
        .await;
    let clients: Vec<&events::ClientSnapshot> = [0, 3, 6]
        .map(|at| &client_change(&events[at]).client)
        .to_vec();
    assert_eq!(clients[0].phone, "12-345");
    assert_eq!(clients[1].email, "не почта");
    assert_ne!(clients[0].id, clients[1].id);
}
