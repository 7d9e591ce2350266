//! One account never sees, changes or learns of anything of another; and a token does no more
//! than its scopes say.

use http_api::Scope;
use serde_json::{Value, json};
use test_support::{ApiAnswer, ApiClient, Method};

use crate::app::{TestApp, errors, field_errors, id_of, problem_code};
use crate::listing::list;

/// One record of each kind of the first account, referring to each other, and what they refer to.
struct Records {
    order: Value,
    task: Value,
    client: Value,
}

impl Records {
    async fn of_first_account(app: &TestApp) -> Self {
        let client = app
            .create_client(json!({"realname": "Иван", "phone": "79998888888", "fields": {"a": 1}}))
            .await;
        let order = app
            .create_order(json!({"name": "Заказ", "id_client": client["id"]}))
            .await;
        let task = app
            .create_task(json!({"name": "Дело", "id_order": order["id"]}))
            .await;
        app.new_events().await;
        Self {
            order,
            task,
            client,
        }
    }

    fn all(&self) -> [(String, &Value); 3] {
        [
            (format!("/api/v1/orders/{}", self.order["id"]), &self.order),
            (format!("/api/v1/tasks/{}", self.task["id"]), &self.task),
            (
                format!("/api/v1/clients/{}", self.client["id"]),
                &self.client,
            ),
        ]
    }

    async fn are_untouched(&self, app: &TestApp) {
        for (path, record) in self.all() {
            assert_eq!(&app.api.get(&path).await.expect(200).json(), record);
        }
        app.no_new_event().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_of_another_account_are_not_there() {
    let app = TestApp::start().await;
    let records = Records::of_first_account(&app).await;
    let mut addresses: Vec<(Method, String)> = Vec::new();
    for (path, _) in records.all() {
        for method in [Method::GET, Method::PATCH, Method::DELETE] {
            addresses.push((method, path.clone()));
        }
    }
    addresses.push((
        Method::DELETE,
        format!("/api/v1/orders/{}/tasks", records.order["id"]),
    ));
    for (method, path) in addresses {
        // Wrong fields and stale conditions must not tell that the record exists either.
        for (body, headers) in [
            (json!({"text": "чужое"}), vec![]),
            (json!({"text": 5, "id": 5}), vec![]),
            (json!({"text": "x"}), vec![("If-Match", "\"77\"")]),
            (json!({"text": "x"}), vec![("If-None-Match", "\"1\"")]),
        ] {
            let body = (method == Method::PATCH).then_some(body);
            let theirs = app
                .other
                .send(method.clone(), &path, &headers, body.as_ref())
                .await
                .unwrap()
                .expect(404);
            assert_eq!(problem_code(&theirs), "not_found", "{method} {path}");
            let absent = path.replace("/1", "/999999");
            let nobodys = app
                .other
                .send(method.clone(), &absent, &headers, body.as_ref())
                .await
                .unwrap()
                .expect(404);
            assert_eq!(theirs.body, nobodys.body, "{method} {path}");
            assert!(!theirs.headers.contains_key("etag"));
        }
    }
    records.are_untouched(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_of_another_account_are_empty_whatever_is_asked() {
    let app = TestApp::start().await;
    let records = Records::of_first_account(&app).await;
    let (client, order) = (id_of(&records.client), id_of(&records.order));
    let status = &records.client["id_status"];
    for path in [
        "/api/v1/orders".to_owned(),
        "/api/v1/tasks".to_owned(),
        "/api/v1/clients".to_owned(),
        format!("/api/v1/orders?id_client={client}"),
        format!("/api/v1/orders?id_status={}", records.order["id_status"]),
        format!("/api/v1/tasks?id_order={order}"),
        format!("/api/v1/clients?id_status={status}"),
        "/api/v1/clients?phone=79998888888".to_owned(),
    ] {
        assert_eq!(list(&app.api, &path).await.len(), 1, "{path}");
        assert_eq!(list(&app.other, &path).await, Vec::<i64>::new(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_of_another_account_opens_nothing() {
    let app = TestApp::start().await;
    for n in 0..3 {
        app.create_order(json!({"name": n.to_string()})).await;
    }
    let page = app.api.get("/api/v1/orders?limit=1").await.json();
    let path = format!(
        "/api/v1/orders?cursor={}",
        page["next_cursor"].as_str().unwrap()
    );
    assert_eq!(list(&app.api, &path).await.len(), 2);
    assert_eq!(list(&app.other, &path).await, Vec::<i64>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_another_account_can_be_referred_to() {
    let app = TestApp::start().await;
    let records = Records::of_first_account(&app).await;
    let pipeline = app.first_pipeline(&app.api).await;
    let entry = |kind: &'static str| {
        let app = &app;
        async move { app.create_entry(kind, "чужое").await }
    };
    let (status, kind) = (entry("task_status").await, entry("task_type").await);
    let cases = [
        ("orders", "id_cat", entry("order_category").await),
        ("orders", "id_origin", entry("origin").await),
        ("orders", "id_office", entry("office").await),
        ("orders", "id_city", entry("city").await),
        ("orders", "id_client", id_of(&records.client)),
        ("orders", "id_status", id_of(&pipeline["stages"][0])),
        ("orders", "id_pipeline", id_of(&pipeline)),
        ("tasks", "id_order", id_of(&records.order)),
        ("tasks", "id_deal", id_of(&records.order)),
        ("tasks", "id_status", status),
        ("tasks", "id_type", kind),
        ("clients", "id_status", entry("client_status").await),
    ];
    app.new_events().await;
    let other = &app.other;
    let mut own = Vec::new();
    for (path, body) in [
        ("/api/v1/orders", json!({"name": "n"})),
        ("/api/v1/tasks", json!({"name": "n"})),
        ("/api/v1/clients", json!({"realname": "n"})),
    ] {
        let record = other.post(path, body).await.expect(201).json();
        own.push((path, format!("{path}/{}", record["id"]), record));
    }
    app.new_events().await;
    for (resource, key, id) in cases {
        let (path, own_path, _) = own
            .iter()
            .find(|(path, ..)| path.ends_with(resource))
            .unwrap();
        let name = if resource == "clients" {
            "realname"
        } else {
            "name"
        };
        let expected = errors(&[(&format!("/{key}"), "not_found")]);
        let posted = other.post(path, json!({name: "n", key: id})).await;
        assert_eq!(field_errors(&posted), expected, "POST {path} {key}");
        let patched = other.patch(own_path, json!({key: id})).await;
        assert_eq!(field_errors(&patched), expected, "PATCH {path} {key}");
        // The same words as for what nobody has: no oracle.
        let nobodys = other.patch(own_path, json!({key: 999_999})).await;
        let message = |answer: &ApiAnswer, id: i64| {
            let body = answer.json();
            let message = body["errors"][0]["message"].as_str().unwrap();
            message.replace(&id.to_string(), "N")
        };
        assert_eq!(message(&patched, id), message(&nobodys, 999_999));
    }
    for (_, path, record) in &own {
        assert_eq!(&other.get(path).await.expect(200).json(), record);
    }
    records.are_untouched(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn custom_fields_are_the_accounts_own() {
    let app = TestApp::start().await;
    let body = json!({"realname": "n", "fields": {"b": 1, "a": 2}});
    app.create_client(body).await;
    let body = json!({"realname": "n", "fields": {"a": 1, "b": 2}});
    let theirs = app.other.post("/api/v1/clients", body).await.expect(201);
    assert_eq!(theirs.json()["fields"].to_string(), r#"{"a":1,"b":2}"#);
    let events = app.new_events().await;
    let accounts: Vec<i64> = events.iter().map(|event| event.account_id.0).collect();
    assert_eq!(accounts, [app.account_id, app.other_account_id]);
    assert_eq!(app.count_rows("custom_fields").await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_does_what_its_scopes_say() {
    let app = TestApp::start().await;
    let records = Records::of_first_account(&app).await;
    let reader = app.api_with(&[Scope::RecordsRead]);
    let writer = app.api_with(&[Scope::RecordsWrite]);
    let stranger = app.api_with(&[Scope::LeadsWrite, Scope::WebhooksWrite, Scope::AdminWrite]);
    let nobody = app.api.with_token("none");
    let tasks = format!("/api/v1/orders/{}/tasks", records.order["id"]);
    for (path, _) in records.all() {
        let list = path.rsplit_once('/').unwrap().0;
        for (method, path, writes) in [
            (Method::GET, list, false),
            (Method::GET, path.as_str(), false),
            (Method::POST, list, true),
            (Method::PATCH, path.as_str(), true),
            (Method::DELETE, path.as_str(), true),
            (Method::DELETE, tasks.as_str(), true),
        ] {
            // A body that would be refused: access is decided before it is looked at.
            let body = writes.then(|| json!({"nonsense": 1}));
            let send = |api: &ApiClient| {
                let (api, method, body) = (api.clone(), method.clone(), body.clone());
                async move { api.send(method, path, &[], body.as_ref()).await.unwrap() }
            };
            let answer = send(&nobody).await.expect(401);
            assert_eq!(problem_code(&answer), "unauthenticated");
            assert!(answer.headers.contains_key("www-authenticate"));
            let answer = send(&stranger).await.expect(403);
            assert_eq!(problem_code(&answer), "forbidden");
            if writes {
                let answer = send(&reader).await.expect(403);
                assert_eq!(problem_code(&answer), "forbidden");
            } else {
                send(&reader).await.expect(200);
                send(&writer).await.expect(200);
            }
        }
    }
    records.are_untouched(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_actor_of_an_event_is_the_token_that_was_used() {
    let app = TestApp::start().await;
    let order = app.create_order(json!({"name": "n"})).await;
    app.new_events().await;
    let path = format!("/api/v1/orders/{}", order["id"]);
    for token_id in ["first", "second"] {
        let api = app.api_as(token_id);
        api.patch(&path, json!({"name": token_id}))
            .await
            .expect(200);
        let event = app.new_event().await;
        assert_eq!(event.actor.token_id.unwrap().0, token_id);
    }
}
