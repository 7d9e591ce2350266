//! `POST /leads/{id}/convert`: what the entity service is asked.

use broker::Consumer;
use events::{ActorKind, Change, Decoded, Event, LeadConversionRequested};
use outbox::queue::ENTITY_LEADS;
use serde_json::json;
use tokio::time::timeout;

use super::{get, inbox, post_lead};
use crate::app::{ACCOUNT, DEADLINE, TestApp};
use crate::problems::problem_code;

/// The next request to convert a lead.
async fn next(consumer: &mut Consumer) -> (Event, LeadConversionRequested) {
    let batch = timeout(DEADLINE, consumer.receive(1, 1 << 20))
        .await
        .unwrap()
        .unwrap();
    let Decoded::Event(event) = Event::decode(&batch.messages()[0].body).unwrap() else {
        panic!("an event of another version");
    };
    consumer.ack(batch).await.unwrap();
    match event.change.clone() {
        Change::LeadConversionRequested(request) => (event, *request),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lead_of_the_inbox_is_converted_on_demand() {
    let app = TestApp::start().await;
    let mut asked = app.broker.consumer(ENTITY_LEADS, 10).await.unwrap();
    let settings = json!({
        "auto_convert": false, "defaults": {"owner_id": 11, "office_id": 12, "stage_id": 13},
    });
    let inbound = app.add_source("webhook", settings).await;
    let body = json!({
        "name": "Иван", "phone": "8 999 888-88-88", "email": "A@b.ru", "cost": 1500,
        "utmSource": "ya", "gclid": "g", "locationUnitId": 5,
    });
    let address = post_lead(&app, &inbound, body).await;
    let convert = format!("{address}/convert");
    let converting = app
        .api
        .post(&convert, json!({"funnelStageId": 21}))
        .await
        .expect(200);
    assert_eq!(converting.headers["etag"], "\"2\"");
    let converting = converting.json();
    assert_eq!(converting["state"], "converting");
    assert_eq!(converting["funnelStageId"], 21);
    assert_eq!(get(&app, &address).await, converting);

    let (event, request) = next(&mut asked).await;
    assert_eq!(event.account_id.0, ACCOUNT);
    assert_eq!(event.actor.kind, ActorKind::Api);
    assert_eq!(json!(request.lead_id.0), converting["id"]);
    assert_eq!(request.name, "Иван");
    assert_eq!(request.phone, "79998888888");
    assert_eq!(request.phone_e164.as_deref(), Some("+79998888888"));
    assert_eq!(request.email, "A@b.ru");
    assert_eq!(request.email_normalized.as_deref(), Some("a@b.ru"));
    assert_eq!(request.stage_id.map(|id| id.0), Some(21));
    assert_eq!(request.owner_id, Some(11), "the source's");
    assert_eq!(request.office_id.map(|id| id.0), Some(5), "the lead's own");
    assert_eq!(
        request.cost.map(|cost| cost.to_string()),
        Some("1500".to_owned())
    );
    let marks: Vec<_> = request
        .marks
        .iter()
        .map(|mark| (mark.key.as_str(), mark.value.as_str()))
        .collect();
    assert_eq!(marks, [("utmSource", "ya"), ("gclid", "g")]);

    // Again, as after a lost answer: asked once more, and nothing changes.
    let again = app
        .api
        .post(&convert, json!({"funnelStageId": 21}))
        .await
        .expect(200);
    assert_eq!(again.json(), converting);
    let (repeat, same) = next(&mut asked).await;
    assert_ne!(repeat.id, event.id);
    assert_eq!(same, request);
    let refused = app.api.post(&convert, json!({"funnelStageId": 22})).await;
    assert_eq!(problem_code(&refused.expect(409)), "conflict");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lead_outlives_its_source() {
    let app = TestApp::start().await;
    let mut asked = app.broker.consumer(ENTITY_LEADS, 10).await.unwrap();
    let inbound = inbox(&app).await;
    let address = post_lead(&app, &inbound, json!({"phone": "12345"})).await;
    let source = format!("/api/v1/sources/{}", inbound.id);
    app.api.delete(&source).await.expect(204);
    app.api
        .patch(&address, json!({"phone": "9998888888"}))
        .await
        .expect(200);
    app.api
        .post(&format!("{address}/convert"), json!({}))
        .await
        .expect(200);
    let (_, request) = next(&mut asked).await;
    assert_eq!(request.phone_e164.as_deref(), Some("+79998888888"));
}
