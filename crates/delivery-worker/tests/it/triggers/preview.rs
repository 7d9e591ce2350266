//! The request that would be made, shown.

mod refused;

use std::net::IpAddr;

use http_api::Scope;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use test_support::wait_until;

use crate::app::{ACCOUNT, DEADLINE, TestApp, path_of, problem_code};
use crate::moves::{order_in, order_moved};
use crate::samples::client_added;

async fn preview(app: &TestApp, trigger: &Value, body: Value) -> Value {
    let answer = app.api.post(&path(trigger), body).await;
    answer.expect(200).json()
}

fn path(trigger: &Value) -> String {
    format!("/api/v1/triggers/{}/preview", trigger["id"])
}

/// Name and value, but for what changes from one second to the next.
fn lasting_headers(shown: &Value) -> Vec<(String, String)> {
    let headers = shown["request"]["headers"].as_array().unwrap();
    headers
        .iter()
        .map(|header| {
            let text = |key: &str| header[key].as_str().unwrap().to_owned();
            (text("name"), text("value"))
        })
        .filter(|(name, _)| name != "webhook-timestamp" && name != "webhook-signature")
        .collect()
}

fn failed_rules(shown: &Value) -> Vec<&str> {
    let rules = shown["rules"].as_array().unwrap();
    let failed = rules.iter().filter(|rule| rule["passed"] == false);
    failed.map(|rule| rule["rule"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn of_an_event_it_is_what_was_sent() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let settings = json!({"headers": {"X-Key": "k"}});
    let created = app.create_stage_trigger("entered", 13, settings).await;
    let moved = order_moved(ACCOUNT, 42, 12, 13);
    app.publish(&moved).await;
    let sent = app.receiver.wait_for_requests(2).await.pop().unwrap();

    let shown = preview(&app, &created, json!({"event_id": moved.id.to_string()})).await;
    assert_eq!(shown["fires"], true);
    assert_eq!(shown["erased"], false);
    let rules: Vec<_> = shown["rules"].as_array().unwrap().iter().collect();
    let names: Vec<_> = rules.iter().map(|rule| &rule["rule"]).collect();
    assert_eq!(
        names,
        [
            "active",
            "event",
            "stage",
            "changed",
            "skip_own",
            "condition",
            "address",
        ]
    );
    assert_eq!(failed_rules(&shown), Vec::<&str>::new());
    let request = &shown["request"];
    assert_eq!(request["method"], sent.method);
    assert_eq!(request["url"], app.receiver.url(&sent.target));
    assert_eq!(request["body"], sent.text());
    assert_eq!(request["body_encoding"], "text");
    let sent_headers: Vec<_> = sent
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .filter(|(name, _)| {
            let of_the_moment = [
                "webhook-timestamp",
                "webhook-signature",
                "x-delivery-next-attempt",
            ];
            !of_the_moment.contains(&name.as_str())
        })
        .collect();
    assert_eq!(lasting_headers(&shown), sent_headers);
    // Nothing was sent to show it.
    assert_eq!(app.receiver.requests().len(), 2);
}

#[tokio::test]
async fn of_an_order_it_names_what_the_replica_knows_and_is_signed() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let field = |name: &str, value: &str| json!({"name": name, "kind": "field", "value": value});
    let settings = json!({
        "method": "GET",
        "parameters": [
            field("id", "id"), field("name", "name"), field("price", "price"),
            field("stage", "stage.name"), field("pipeline", "pipeline.name"),
            field("was", "previous.name"), field("tags", "tags"), field("color", "color"),
            field("mark", "marks.utmSource"), field("email", "client.email"),
            field("city", "client.fields.Город"), field("owner", "id_owner"),
        ],
    });
    let created = app.create_stage_trigger("entered", 13, settings).await;
    let order = json!({
        "id": 42, "name": "Заказ", "price": 1500.50, "id_cat": 3, "id_status": 13,
        "id_origin": 2, "id_client": 77, "archive": false, "tags": "vip, spb", "color": "#ad3939",
        "text": "", "id_pipeline": 1, "id_owner": null, "id_office": null, "id_city": null,
        "marks": {"utmSource": "ya&ndex"}, "revision": 5,
        "created_at": "2026-01-02T03:04:05.123456Z", "updated_at": "2026-01-02T03:04:05Z",
    });
    let body = json!({
        "order": order,
        "client": {"id": 77, "email": "a@b.ru", "fields": {"Город": "Москва"}},
        "previous": {"name": "Сделка", "id_status": 12},
    });
    let shown = preview(&app, &created, body).await;
    assert_eq!(shown["fires"], true, "{shown:#}");
    let request = &shown["request"];
    assert_eq!(request["method"], "GET");
    assert_eq!(request["body"], "");
    let url = request["url"].as_str().unwrap();
    let (target, query) = url.split_once('?').unwrap();
    assert_eq!(target, app.receiver.url("/trigger"));
    assert_eq!(
        query,
        "id=42&name=%D0%97%D0%B0%D0%BA%D0%B0%D0%B7&price=1500.5\
         &stage=%D0%92+%D1%80%D0%B0%D0%B1%D0%BE%D1%82%D0%B5\
         &pipeline=%D0%9F%D1%80%D0%BE%D0%B4%D0%B0%D0%B6%D0%B8\
         &was=%D0%A1%D0%B4%D0%B5%D0%BB%D0%BA%D0%B0&tags=vip%2Cspb&color=AD3939&mark=ya%26ndex\
         &email=a%40b.ru&city=%D0%9C%D0%BE%D1%81%D0%BA%D0%B2%D0%B0&owner="
    );
    let headers = lasting_headers(&shown);
    assert!(headers.contains(&("x-record-revision".to_owned(), "5".to_owned())));
    assert!(!headers.iter().any(|(name, _)| name.starts_with("content-")));

    let verifier = Webhook::new(created["secret"].as_str().unwrap()).unwrap();
    let all: hyper::HeaderMap = request["headers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|header| {
            let name: hyper::header::HeaderName = header["name"].as_str().unwrap().parse().unwrap();
            (name, header["value"].as_str().unwrap().parse().unwrap())
        })
        .collect();
    verifier.verify(query.as_bytes(), &all).unwrap();
}

#[tokio::test]
async fn what_happens_to_the_order_is_what_the_trigger_waits_for() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let parameters = json!([
        {"name": "event", "kind": "field", "value": "event"},
        {"name": "was", "kind": "field", "value": "previous.id_status"},
    ]);
    let settings = json!({"parameters": parameters});
    for (event, body, sent, failed) in [
        ("created_in", json!({}), "event=add&was=", vec![]),
        // An order in the stage has just come there, unless the caller says so.
        ("entered", json!({}), "event=edit&was=12", vec![]),
        ("entered_or_created", json!({}), "event=edit&was=12", vec![]),
        (
            "entered",
            json!({"previous": {"name": "Old"}}),
            "event=edit&was=13",
            vec!["stage"],
        ),
        // It is still there.
        ("left", json!({}), "event=edit&was=13", vec!["stage"]),
        (
            "entered",
            json!({"previous": {"id_status": 12}}),
            "event=edit&was=12",
            vec![],
        ),
        ("changed", json!({}), "event=edit&was=13", vec![]),
        (
            "entered",
            json!({"event": "delete"}),
            "event=delete&was=",
            vec!["event", "stage"],
        ),
    ] {
        let trigger = app.create_stage_trigger(event, 13, settings.clone()).await;
        let mut body = body;
        body["order"] = json!({"id_status": 13});
        let shown = preview(&app, &trigger, body).await;
        assert_eq!(shown["request"]["body"], sent, "{event}");
        assert_eq!(failed_rules(&shown), failed, "{event}");
        assert_eq!(shown["fires"], failed.is_empty(), "{event}");
    }
    let left = app.create_stage_trigger("left", 13, settings).await;
    let shown = preview(&app, &left, json!({"order": {"id_status": 14}})).await;
    assert_eq!(shown["request"]["body"], "event=edit&was=13");
    assert_eq!(shown["fires"], true);
    let off = app
        .create_stage_trigger("changed", 13, json!({"active": false}))
        .await;
    let shown = preview(&app, &off, json!({"order": {"id_status": 13}})).await;
    assert_eq!(failed_rules(&shown), ["active"]);
    assert_eq!(shown["fires"], false);
}

#[tokio::test]
async fn webhooks_have_it_too() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let created = app.create_webhook(json!({"events": ["order.add"]})).await;
    let added = order_in(ACCOUNT, 42, 12, events::Action::Add);
    app.publish(&added).await;
    let sent = app.receiver.wait_for_requests(2).await.pop().unwrap();
    let path = format!("{}/preview", path_of(&created));
    let body = json!({"event_id": added.id.to_string()});
    let shown = app.api.post(&path, body).await.expect(200).json();
    assert_eq!(shown["fires"], true);
    assert_eq!(shown["request"]["body"], sent.text());

    let client = client_added(ACCOUNT, 7);
    app.publish(&client).await;
    let body = json!({"event_id": client.id.to_string()});
    let shown = app.api.post(&path, body).await.expect(200).json();
    assert_eq!(shown["fires"], false);
    assert_eq!(failed_rules(&shown), ["event"]);
    let text = shown["request"]["body"].as_str().unwrap();
    assert!(text.ends_with("component=client&event=add"), "{text}");

    let body = json!({"order": {"id_status": 12, "name": "x"}});
    let shown = app.api.post(&path, body).await.expect(200).json();
    assert_eq!(shown["fires"], true);
    let text = shown["request"]["body"].as_str().unwrap();
    assert!(text.starts_with("id=1&name=x&price=&"), "{text}");
}

fn header<'a>(shown: &'a Value, name: &str) -> &'a Value {
    let headers = shown["request"]["headers"].as_array().unwrap();
    let found = headers.iter().find(|header| header["name"] == name);
    &found.unwrap()["value"]
}

#[tokio::test]
async fn a_token_that_only_reads_gets_no_signature_of_what_it_makes_up() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let trigger = app.create_stage_trigger("entered", 13, json!({})).await;
    let webhook = app.create_webhook(json!({})).await;
    let moved = order_moved(ACCOUNT, 42, 12, 13);
    app.publish(&moved).await;
    let reader = app.api_with(&[Scope::WebhooksRead]);
    let writer = app.api_with(&[Scope::WebhooksRead, Scope::WebhooksWrite]);
    let of_webhook = format!("{}/preview", path_of(&webhook));
    for path in [path(&trigger), of_webhook] {
        for body in [
            json!({"order": {"id_status": 13, "text": "paid"}, "client": {"phone": "1"}}),
            json!({"event_id": moved.id.to_string()}),
        ] {
            let shown = writer.post(&path, body.clone()).await.expect(200).json();
            let signature = header(&shown, "webhook-signature").as_str().unwrap();
            assert!(signature.starts_with("v1,"), "{signature}");
            let masked = reader.post(&path, body).await.expect(200).json();
            assert_eq!(header(&masked, "webhook-signature"), "***");
            assert_eq!(masked["request"]["body"], shown["request"]["body"]);
        }
    }
}

/// What the rule `address` says.
fn address_rule(shown: &Value) -> (&Value, &str) {
    let rule = shown["rules"].as_array().unwrap().last().unwrap();
    assert_eq!(rule["rule"], "address");
    (&rule["passed"], rule["detail"].as_str().unwrap())
}

#[tokio::test]
async fn it_says_whether_the_address_may_be_called() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let port = app.receiver.address().port();
    let url = format!("http://moving.test:{port}/h");
    app.dns
        .set("moving.test", &[app.receiver.address().ip()], 1);
    let settings = json!({"url": url, "events": ["order.edit"]});
    let created = app.create_webhook(settings).await;
    let path = format!("{}/preview", path_of(&created));
    let body = json!({"order": {"id_status": 13}});
    let shown = app.api.post(&path, body.clone()).await.expect(200).json();
    assert_eq!(address_rule(&shown).0, true);

    let private: IpAddr = "10.1.2.3".parse().unwrap();
    app.dns.set("moving.test", &[private], 60);
    let look = || async { app.api.post(&path, body.clone()).await.expect(200).json() };
    // What was looked up before is believed for a moment.
    let is_refused = || async { address_rule(&look().await).0 == false };
    wait_until(DEADLINE, is_refused).await;
    let refused = look().await;
    assert_eq!(
        address_rule(&refused).1,
        format!("The address behind {url} may not be called: 10.1.2.3 is a private address.")
    );
    // The event fires the webhook all the same, and the request is shown.
    assert_eq!(refused["fires"], true);
    assert_eq!(failed_rules(&refused), ["address"]);
    assert_eq!(refused["request"]["body"], shown["request"]["body"]);
}

#[tokio::test]
async fn own_headers_are_masked_for_a_token_that_only_reads() {
    let app = TestApp::start().await;
    app.know_stages(ACCOUNT).await;
    let settings = json!({"headers": {"X-Key": "s3cret"}});
    let created = app.create_stage_trigger("entered", 13, settings).await;
    let body = json!({"order": {"id_status": 13}});
    let reader = app.api_with(&[Scope::WebhooksRead]);
    for (api, shown) in [(&app.api, "s3cret"), (&reader, "***")] {
        let answer = api.post(&path(&created), body.clone()).await;
        let headers = lasting_headers(&answer.expect(200).json());
        assert!(headers.contains(&("x-key".to_owned(), shown.to_owned())));
    }
    let stranger = app.api_with(&[Scope::RecordsRead]);
    let refused = stranger.post(&path(&created), body).await;
    assert_eq!(refused.status, 403);
    assert_eq!(problem_code(&refused), "forbidden");
}
