//! S1's own examples, and what WIRE 2 fixes about a plain `webhook` source.

use serde_json::{Value, json};
use test_support::Method;

use crate::app::TestApp;

/// S1's answer, but for id and times, which are put in.
fn example_answer(id: i64, at: i64) -> String {
    let keys = [
        ("id", id.to_string()),
        ("firstId", "null".to_owned()),
        ("name", "\"test\"".to_owned()),
        ("sourceId", "8".to_owned()),
        ("clientId", "null".to_owned()),
        ("phone", "\"79998888888\"".to_owned()),
        ("email", "\"fff@mail.ru\"".to_owned()),
        ("notAnswer", "null".to_owned()),
        ("userIdCreate", "null".to_owned()),
        ("userIdUpdate", "null".to_owned()),
        ("dtCreate", at.to_string()),
        ("dtUpdate", at.to_string()),
        ("dtNotAnswer", "null".to_owned()),
        ("locationUnitId", "null".to_owned()),
        ("locationCityId", "null".to_owned()),
        ("funnelStageId", "null".to_owned()),
        ("userIdOwner", "1".to_owned()),
        ("otherCount", "0".to_owned()),
    ];
    let unset = [
        "cost",
        "remoteId",
        "utmSource",
        "utmMedium",
        "utmCampaign",
        "utmContent",
        "utmTerm",
        "utmReferrer",
        "openstatService",
        "openstatCampaign",
        "openstatAd",
        "openstatSource",
        "from",
        "yclid",
        "ymclid",
        "ymClientId",
        "gclid",
        "yqrid",
        "fbclid",
        "roistatId",
        "referrer",
        "ip",
    ];
    let set = keys.map(|(key, value)| format!("\"{key}\":{value}"));
    let unset = unset.map(|key| format!("\"{key}\":null"));
    let all: Vec<String> = set.into_iter().chain(unset).collect();
    format!("{{\"data\":{{{}}}}}", all.join(","))
}

#[tokio::test]
async fn the_example_of_s1_is_answered_as_in_s1() {
    let app = TestApp::start().await;
    let settings = json!({"defaults": {"origin_id": 8}});
    let source = app.add_source("webhook", settings).await;
    let example = r#"  {
  "name": "test",
  "phone": 79998888888,
  "email": "fff@mail.ru",
  "userIdOwner": 1
  }"#;
    let headers = [("content-type", "application/json")];
    let answer = app
        .send(Method::POST, &source.path, &headers, example)
        .await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.headers["content-type"], "application/json");
    let data = &answer.json()["data"];
    let (id, at) = (
        data["id"].as_i64().unwrap(),
        data["dtCreate"].as_i64().unwrap(),
    );
    assert!(at > 1_690_290_640);
    assert_eq!(
        std::str::from_utf8(&answer.body).unwrap(),
        example_answer(id, at)
    );
}

#[tokio::test]
async fn without_a_contact_the_refusal_is_that_of_s1() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    for body in [
        json!({}),
        json!({"name": "x"}),
        json!({"phone": null, "email": " "}),
    ] {
        let answer = app.post(&source.path, &body).await;
        assert_eq!(answer.status, 422, "{body}");
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(
            std::str::from_utf8(&answer.body).unwrap(),
            r#"{"errors":{"phone":["Поле Телефон обязательно для заполнения."]}}"#
        );
    }
    let headers = [
        ("content-type", "application/json"),
        ("accept-language", "en"),
    ];
    let answer = app.send(Method::POST, &source.path, &headers, "{}").await;
    assert_eq!(
        answer.json(),
        json!({"errors": {"phone": ["The Phone field is required."]}})
    );
    assert_eq!(app.count_rows("leads").await, 0);
    assert_eq!(app.count_rows("intake_requests").await, 4);
}

#[tokio::test]
async fn each_bad_field_is_told() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    let answer = app
        .post(&source.path, &json!({"phone": "12", "email": "nobody"}))
        .await;
    assert_eq!(answer.status, 422);
    let errors = answer.json()["errors"].clone();
    assert_eq!(
        errors["phone"].as_array().map(Vec::len),
        Some(1),
        "{errors}"
    );
    assert_eq!(
        errors["email"],
        json!(["Поле Email должно быть действительным электронным адресом."])
    );
}

#[tokio::test]
async fn a_lead_lies_beside_its_request_and_its_event() {
    let app = TestApp::start().await;
    let defaults = json!({"origin_id": 8, "owner_id": 5, "stage_id": 6});
    let source = app
        .add_source("webhook", json!({"defaults": defaults}))
        .await;
    let body = json!({
        "phone": "8 (999) 888-88-88", "cost": 1500, "utmSource": "ya", "remoteId": "A-1",
        "userIdOwner": 3, "unknown": {"x": [1, 2]},
    });
    let data = app.post(&source.path, &body).await.expect(201).json()["data"].clone();
    assert_eq!(data["cost"], 1500);
    assert_eq!(data["remoteId"], "A-1");
    assert_eq!(data["userIdOwner"], 3);
    // Only the advertising source falls back in the answer.
    assert_eq!(data["funnelStageId"], Value::Null);
    assert_eq!(data["sourceId"], 8);
    for table in [
        "leads",
        "intake_requests",
        "intake_bodies",
        "outbox_events",
        "outbox_bodies",
    ] {
        assert_eq!(app.count_rows(table).await, 1, "{table}");
    }
    assert_eq!(
        app.texts("SELECT state AS text FROM leads").await,
        ["converting"]
    );
    assert_eq!(
        app.texts("SELECT event_type AS text FROM outbox_events")
            .await,
        ["lead.conversion_requested"]
    );
    let crossed = "SELECT l.id AS number FROM leads l JOIN intake_requests r \
                   ON r.lead_id = l.id AND l.request_id = r.id";
    assert_eq!(Some(app.number(crossed).await), data["id"].as_i64());
}

#[tokio::test]
async fn a_lead_of_an_inbox_waits() {
    let app = TestApp::start().await;
    let source = app
        .add_source("webhook", json!({"auto_convert": false}))
        .await;
    app.post(&source.path, &json!({"phone": "88005553535"}))
        .await
        .expect(201);
    assert_eq!(app.texts("SELECT state AS text FROM leads").await, ["new"]);
    assert_eq!(app.count_rows("outbox_events").await, 0);
}

#[tokio::test]
async fn later_leads_know_the_first_and_count_the_others() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    let mut ids = Vec::new();
    for (body, first, others) in [
        (json!({"phone": "88005553535"}), None, 0),
        (json!({"email": "A@b.ru"}), None, 0),
        (json!({"phone": "+7 800 555-35-35"}), Some(0), 1),
        (
            json!({"phone": "8005553535", "email": "a@B.ru"}),
            Some(0),
            3,
        ),
        (
            json!({"phone": "9001112233", "email": "a@b.ru"}),
            Some(1),
            2,
        ),
        // No E.164: kept, and compared with nothing.
        (json!({"phone": "12345"}), None, 0),
        (json!({"phone": "12345"}), None, 0),
    ] {
        let data = app.post(&source.path, &body).await.expect(201).json()["data"].clone();
        let first = first.map(|place: usize| ids[place]);
        assert_eq!(data["firstId"].as_i64(), first, "{body}");
        assert_eq!(data["otherCount"], others, "{body}");
        ids.push(data["id"].as_i64().unwrap());
    }
}

#[tokio::test]
async fn the_same_remote_id_again_is_the_same_lead() {
    let app = TestApp::start().await;
    let source = app.webhook_source().await;
    let other = app.webhook_source().await;
    let body = json!({"phone": "88005553535", "remoteId": 77});
    let first = app.post(&source.path, &body).await.expect(201);
    assert!(!first.headers.contains_key("idempotency-replayed"));
    app.execute("UPDATE leads SET name = 'renamed', revision = 2")
        .await;

    let again = json!({"phone": "+79990001122", "remoteId": "77"});
    let second = app.post(&source.path, &again).await.expect(200);
    assert_eq!(second.headers["idempotency-replayed"], "true");
    let (first, second) = (first.json(), second.json());
    assert_eq!(second["data"]["id"], first["data"]["id"]);
    assert_eq!(second["data"]["remoteId"], 77);
    assert_eq!(second["data"]["name"], "renamed");
    assert_eq!(app.count_rows("leads").await, 1);
    assert_eq!(
        app.texts("SELECT outcome AS text FROM intake_requests ORDER BY id")
            .await,
        ["lead", "repeat"]
    );

    app.post(&other.path, &body).await.expect(201);
    app.execute("UPDATE leads SET deleted_at_us = 1").await;
    app.post(&source.path, &body).await.expect(201);
}
