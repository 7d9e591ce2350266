//! The extra fields of clients: made by the first value, ordered by the account, merged by name.

use serde_json::{Value, json};

use super::{CLIENTS, path_of};
use crate::app::{TestApp, client_change, envelope, errors, field_errors};

async fn custom_fields(app: &TestApp) -> Vec<Value> {
    let answer = app.api.get("/api/v1/custom-fields").await.expect(200);
    let mut fields = answer.json()["items"].as_array().unwrap().clone();
    fields.sort_by_key(|field| field["position"].as_i64());
    fields
}

async fn field_names(app: &TestApp) -> Vec<String> {
    let fields = custom_fields(app).await;
    fields
        .iter()
        .map(|field| field["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_name_becomes_a_text_field_of_the_account() {
    let app = TestApp::start().await;
    app.create_client(json!({"realname": "a", "fields": {"Город": "Москва", "INN": 1}}))
        .await;
    let fields = custom_fields(&app).await;
    let shown: Vec<_> = fields
        .iter()
        .map(|field| (field["name"].clone(), field["kind"].clone()))
        .collect();
    assert_eq!(
        shown,
        [
            (json!("Город"), json!("text")),
            (json!("INN"), json!("text"))
        ]
    );
    // Only records have events that receivers know.
    assert_eq!(app.new_events().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_come_out_in_the_order_of_the_account() {
    let app = TestApp::start().await;
    app.create_client(json!({"realname": "a", "fields": {"b": 1, "a": 2}}))
        .await;
    let client = app
        .create_client(json!({"realname": "b", "fields": {"c": 3, "a": 2, "b": 1}}))
        .await;
    assert_eq!(client["fields"].to_string(), r#"{"b":1,"a":2,"c":3}"#);
    assert_eq!(field_names(&app).await, ["b", "a", "c"]);

    let fields = custom_fields(&app).await;
    let path = format!("/api/v1/custom-fields/{}", fields[2]["id"]);
    app.api
        .patch(&path, json!({"position": 0}))
        .await
        .expect(200);
    let read = app.api.get(&path_of(&client)).await.expect(200).json();
    assert_eq!(read["fields"].to_string(), r#"{"c":3,"b":1,"a":2}"#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_merges_fields_by_name() {
    let app = TestApp::start().await;
    let client = app
        .create_client(json!({"realname": "a", "fields": {"Город": "Москва", "INN": 7701}}))
        .await;
    app.new_events().await;

    let patch = json!({"fields": {"Улица": "Мира", "INN": "7702"}});
    let answer = app.api.patch(&path_of(&client), patch).await.expect(200);

    assert_eq!(
        answer.json()["fields"].to_string(),
        r#"{"Город":"Москва","INN":"7702","Улица":"Мира"}"#
    );
    let event = app.new_event().await;
    assert_eq!(client_change(&event).changed, ["fields"]);
    let envelope = envelope(&event);
    assert_eq!(
        envelope["previous"].to_string(),
        r#"{"fields":{"Город":"Москва","INN":7701}}"#
    );
    assert_eq!(envelope["data"].to_string().as_bytes(), &*answer.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_values_change_nothing_however_they_are_written() {
    let app = TestApp::start().await;
    let client = app
        .create_client(json!({"realname": "a", "fields": {"n": 5, "t": "5", "f": 0.5, "z": null}}))
        .await;
    app.new_events().await;
    for patch in [
        json!({"fields": {}}),
        json!({"fields": {"n": 5.0}}),
        json!({"fields": {"f": 5e-1, "t": "5"}}),
        json!({"fields": client["fields"]}),
    ] {
        let answer = app.api.patch(&path_of(&client), patch.clone()).await;
        assert_eq!(
            answer.expect(200).body,
            client.to_string().as_bytes(),
            "{patch}"
        );
    }
    app.no_new_event().await;
    // Text is not a number.
    let answer = app
        .api
        .patch(&path_of(&client), json!({"fields": {"n": "5"}}))
        .await;
    assert_eq!(answer.expect(200).json()["fields"]["n"], "5");
    app.new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn null_removes_all_fields() {
    let app = TestApp::start().await;
    let client = app
        .create_client(json!({"realname": "a", "fields": {"b": 1, "a": 2}}))
        .await;
    let answer = app
        .api
        .patch(&path_of(&client), json!({"fields": null}))
        .await;
    assert_eq!(answer.expect(200).json()["fields"], json!({}));
    // The account keeps the fields for others.
    assert_eq!(field_names(&app).await, ["b", "a"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_come_back_as_they_were() {
    let app = TestApp::start().await;
    let long = "я".repeat(64);
    for (name, value) in [
        ("text", json!("")),
        ("text", json!("=\"'<&\u{1f642}\n")),
        ("integer", json!(i64::MAX)),
        ("integer", json!(i64::MIN)),
        ("number", json!(0.1)),
        ("number", json!(-2.5)),
        ("number", json!(1e-300)),
        ("flag", json!(false)),
        ("null", json!(null)),
        (" ", json!("a blank is a name")),
        ("a.b c=d&e", json!(1)),
        (long.as_str(), json!(1)),
    ] {
        let client = app
            .create_client(json!({"realname": "a", "fields": {name: value}}))
            .await;
        let read = app.api.get(&path_of(&client)).await.expect(200).json();
        assert_eq!(read["fields"], json!({name: value}));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_names_and_values_are_refused_and_make_no_fields() {
    let app = TestApp::start().await;
    let client = app.create_client(json!({"realname": "a"})).await;
    app.new_events().await;
    let long = "я".repeat(65);
    for (fields, pointers) in [
        (json!({"a[b": 1}), vec!["/fields/a[b"]),
        (json!({"a]": 1}), vec!["/fields/a]"]),
        (json!({"": 1}), vec!["/fields/"]),
        (json!({"a\nb": 1}), vec!["/fields/a\nb"]),
        (json!({"a\0b": 1}), vec!["/fields/a\0b"]),
        (json!({"a": [1]}), vec!["/fields/a"]),
        (json!({"a": {"b": 1}}), vec!["/fields/a"]),
        (json!({"a": "\0"}), vec!["/fields/a"]),
        // A double would round these.
        (
            json!({"a": 18_446_744_073_709_551_615_u64}),
            vec!["/fields/a"],
        ),
        (json!({"a": 1e300}), vec!["/fields/a"]),
        (
            json!({"a/b": [], "c~d": {}}),
            vec!["/fields/a~1b", "/fields/c~0d"],
        ),
        (json!({"good": 1, "bad[": 2}), vec!["/fields/bad["]),
        (json!(["a"]), vec!["/fields"]),
        (json!("a"), vec!["/fields"]),
        (json!({long.as_str(): 1}), vec!["/fields/LONG"]),
    ] {
        let pointers: Vec<String> = pointers
            .iter()
            .map(|pointer| pointer.replace("LONG", &long))
            .collect();
        for answer in [
            app.api
                .post(CLIENTS, json!({"realname": "b", "fields": fields}))
                .await,
            app.api
                .patch(&path_of(&client), json!({"fields": fields}))
                .await,
        ] {
            let listed = field_errors(&answer);
            let found: Vec<String> = listed.into_iter().map(|(pointer, _)| pointer).collect();
            assert_eq!(found, pointers, "{fields}");
        }
    }
    assert_eq!(field_names(&app).await, Vec::<String>::new());
    assert_eq!(app.count_rows("clients").await, 1);
    app.no_new_event().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_has_at_most_two_hundred_fields() {
    let app = TestApp::start().await;
    let fields = |range: std::ops::Range<usize>| -> Value {
        range.map(|n| (format!("f{n:03}"), json!(n))).collect()
    };
    let answer = app
        .api
        .post(CLIENTS, json!({"realname": "a", "fields": fields(0..201)}))
        .await;
    assert_eq!(field_errors(&answer), errors(&[("/fields", "too_many")]));
    assert_eq!(field_names(&app).await, Vec::<String>::new());

    let client = app
        .create_client(json!({"realname": "a", "fields": fields(0..200)}))
        .await;
    assert_eq!(client["fields"], fields(0..200));
    app.new_events().await;
    // Merged, it would have one too many.
    let answer = app
        .api
        .patch(&path_of(&client), json!({"fields": fields(199..201)}))
        .await;
    assert_eq!(field_errors(&answer), errors(&[("/fields", "too_many")]));
    assert_eq!(app.api.get(&path_of(&client)).await.json(), client);
    app.no_new_event().await;
}
