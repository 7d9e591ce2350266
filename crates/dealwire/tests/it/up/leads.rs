//! A lead in, a client and an order made of it, callbacks out.

use serde_json::{Value, json};
use test_support::{ApiAnswer, Method, MockReceiver, wait_until};

use super::process::{DEADLINE, Up, bodies};

const FORM: &str = "application/x-www-form-urlencoded";

/// A source; the path of its URL.
async fn source(up: &Up, preset: &str) -> String {
    let source = json!({"type": preset, "name": format!("Сайт {preset}")});
    let source = up.api.post("/api/v1/sources", source).await.expect(201);
    format!("/in/{}", source.json()["token"].as_str().unwrap())
}

async fn post(up: &Up, path: &str, content_type: &str, body: &str) -> ApiAnswer {
    let headers = [("content-type", content_type)];
    up.api
        .send_bytes(Method::POST, path, &headers, body.as_bytes().to_vec())
        .await
        .unwrap()
}

/// The newest lead, once it has become an order.
async fn converted(up: &Up, phone: &str) -> Value {
    let path = format!("/api/v1/leads?phone={phone}&limit=1");
    let newest = || async { up.api.get(&path).await.expect(200).json()["items"][0].clone() };
    wait_until(DEADLINE, || async { newest().await["orderId"].is_i64() }).await;
    newest().await
}

#[tokio::test]
async fn the_example_of_the_documentation_becomes_a_client_and_an_order() {
    let home = tempfile::tempdir().unwrap();
    let (up, receiver) = (Up::start(&home).await, MockReceiver::start().await);
    up.webhook(
        &receiver.url("/hook"),
        "json",
        &["client.add", "client.edit", "order.add"],
    )
    .await;
    let path = source(&up, "webhook").await;
    let sent = r#"{
  "name": "test",
  "phone": 79998888888,
  "email": "fff@mail.ru",
  "userIdOwner": 1
  }"#;
    let answer = post(&up, &path, "application/json", sent).await.expect(201);
    assert_eq!(answer.headers["content-type"], "application/json");
    let at = answer.json()["data"]["dtCreate"].as_i64().unwrap();
    let expected = format!(
        "{{\"data\":{{\"id\":1,\"firstId\":null,\"name\":\"test\",\"sourceId\":null,\
         \"clientId\":null,\"phone\":\"79998888888\",\"email\":\"fff@mail.ru\",\
         \"notAnswer\":null,\"userIdCreate\":null,\"userIdUpdate\":null,\"dtCreate\":{at},\
         \"dtUpdate\":{at},\"dtNotAnswer\":null,\"locationUnitId\":null,\"locationCityId\":null,\
         \"funnelStageId\":null,\"userIdOwner\":1,\"otherCount\":0,\"cost\":null,\
         \"remoteId\":null,\"utmSource\":null,\"utmMedium\":null,\"utmCampaign\":null,\
         \"utmContent\":null,\"utmTerm\":null,\"utmReferrer\":null,\"openstatService\":null,\
         \"openstatCampaign\":null,\"openstatAd\":null,\"openstatSource\":null,\"from\":null,\
         \"yclid\":null,\"ymclid\":null,\"ymClientId\":null,\"gclid\":null,\"yqrid\":null,\
         \"fbclid\":null,\"roistatId\":null,\"referrer\":null,\"ip\":null}}}}"
    );
    assert_eq!(std::str::from_utf8(&answer.body).unwrap(), expected);

    let lead = converted(&up, "79998888888").await;
    let order = up
        .api
        .get(&format!("/api/v1/orders/{}", lead["orderId"]))
        .await
        .expect(200)
        .json();
    assert_eq!(order["name"], "Заявка: test");
    assert_eq!(order["id_client"], lead["clientId"]);
    assert_eq!(order["id_owner"], 1);
    let client = up
        .api
        .get(&format!("/api/v1/clients/{}", lead["clientId"]))
        .await
        .expect(200)
        .json();
    assert_eq!(client["realname"], "test");
    assert_eq!(client["email"], "fff@mail.ru");

    // The same person again: the lead points at the first, the client is the same.
    let again = post(&up, &path, "application/json", sent).await.expect(201);
    assert_eq!(again.json()["data"]["firstId"], 1);
    assert_eq!(again.json()["data"]["otherCount"], 1);
    let second = converted(&up, "79998888888").await;
    assert_eq!(second["clientId"], lead["clientId"]);
    assert_ne!(second["orderId"], lead["orderId"]);

    // One client, two orders.
    wait_until(DEADLINE, || async { bodies(&receiver).len() == 3 }).await;
    let told: Vec<Value> = bodies(&receiver)
        .iter()
        .map(|body| serde_json::from_str(body).unwrap())
        .collect();
    let of = |component: &str| {
        let of_it = told.iter().filter(|body| body["component"] == component);
        of_it.map(|body| body["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("client"), [lead["clientId"].clone()]);
    assert_eq!(
        of("order"),
        [lead["orderId"].clone(), second["orderId"].clone()]
    );
    let said = up.operator(&["verify", "--wait", "20"]).await;
    assert!(said.contains("Nothing is lost."), "{said}");
}

#[tokio::test]
async fn what_senders_send_becomes_orders_with_their_marks() {
    let home = tempfile::tempdir().unwrap();
    let up = Up::start(&home).await;

    let tilda = source(&up, "tilda").await;
    let cookies = "TILDAUTM=utm_source%253Dyandex%257C%257C%257Cutm_campaign%253Dautumn";
    let body = format!(
        "Name=%D0%90%D0%BD%D0%BD%D0%B0&Phone=%2B7+(916)+123-45-67&Email=anna%40example.com\
         &tranid=467251%3A8442970&formid=form1&COOKIES={cookies}"
    );
    let answer = post(&up, &tilda, FORM, &body).await.expect(200);
    assert_eq!(&answer.body[..], b"ok");
    let lead = converted(&up, "79161234567").await;
    assert_eq!(lead["remoteId"], "467251:8442970");
    let order = order_of(&up, &lead).await;
    assert_eq!(order["marks"]["utmSource"], "yandex");
    assert_eq!(order["marks"]["utmCampaign"], "autumn");
    // Tilda tries again when the answer was slow: nothing new.
    post(&up, &tilda, FORM, &body).await.expect(200);
    let leads = up.api.get("/api/v1/leads").await.expect(200).json();
    assert_eq!(leads["items"].as_array().unwrap().len(), 1);

    let google = source(&up, "google_ads").await;
    let body = json!({
        "lead_id": "TeSter-123-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "form_id": 40_000_000_000_i64,
        "campaign_id": 123_098_i64, "gcl_id": "Cj0KCQ", "google_key": "hush", "is_test": false,
        "user_column_data": [
            {"column_id": "FULL_NAME", "string_value": "John"},
            {"column_id": "PHONE_NUMBER", "string_value": "+375 80 011-11-11"},
            {"column_id": "EMAIL", "string_value": "john@example.com"},
        ],
    });
    let answer = post(&up, &google, "application/json", &body.to_string()).await;
    assert_eq!(answer.status.as_u16(), 200);
    let lead = converted(&up, "375800111111").await;
    assert_eq!(lead["gclid"], "Cj0KCQ");
    assert!(!lead.to_string().contains("hush"), "{lead}");
    assert_eq!(order_of(&up, &lead).await["name"], "Заявка: John");

    let roistat = source(&up, "roistat").await;
    let query =
        "?id=7&visit=1234&title=%D0%97%D0%B2%D0%BE%D0%BD%D0%BE%D0%BA&name=Max&phone=88005553535";
    let answer = up.api.get(&format!("{roistat}{query}")).await;
    assert!(answer.status.is_success(), "{answer:?}");
    let lead = converted(&up, "88005553535").await;
    assert_eq!(lead["phone"], "78005553535");
    assert_eq!(order_of(&up, &lead).await["marks"]["roistatId"], "1234");

    let plain = source(&up, "webhook").await;
    let body = "fio=%D0%9E%D0%BB%D1%8F&tel=9998888888&utm_source=vk&comment=%D0%90%2B%D0%91";
    let answer = post(&up, &plain, FORM, body).await.expect(201);
    assert_eq!(answer.json()["data"]["name"], "Оля");
    let lead = converted(&up, "79998888888").await;
    assert_eq!(lead["extra"]["comment"], "А+Б");
    assert_eq!(order_of(&up, &lead).await["marks"]["utmSource"], "vk");
    let said = up.operator(&["verify", "--wait", "20"]).await;
    assert!(said.contains("Nothing is lost."), "{said}");
}

async fn order_of(up: &Up, lead: &Value) -> Value {
    let path = format!("/api/v1/orders/{}", lead["orderId"]);
    up.api.get(&path).await.expect(200).json()
}
