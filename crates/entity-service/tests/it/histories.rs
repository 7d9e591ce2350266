//! Random histories: whatever is sent, a record's revision is the number of its events, and what
//! the API shows is what the last event told.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use crate::app::{TestApp, envelope};

const CASES: u32 = 24;

/// Values that a field may get, some of them wrong.
fn values(key: &str) -> BoxedStrategy<Value> {
    let text = prop_oneof![
        Just(json!("")),
        Just(json!(null)),
        "[a-zа-я ,#\"\\\\🙂]{0,6}".prop_map(|text| json!(text)),
        Just(json!(5)),
        Just(json!("a\0")),
    ];
    match key {
        "price" => prop_oneof![
            Just(json!(null)),
            (0_i64..300).prop_map(|minor| json!(f64::from(i32::try_from(minor).unwrap()) / 100.0)),
            (0_i64..5).prop_map(|units| json!(units)),
            Just(json!(-1)),
            Just(json!(0.005)),
        ]
        .boxed(),
        "color" => prop_oneof![
            Just(json!(null)),
            "#?[aA0][bB1]3939".prop_map(|text| json!(text)),
            Just(json!("red")),
        ]
        .boxed(),
        "archive" | "all_day" => prop_oneof![
            any::<bool>().prop_map(|flag| json!(flag)),
            Just(json!(null)),
            Just(json!("yes")),
        ]
        .boxed(),
        "date_from" | "date_to" => prop_oneof![
            Just(json!(null)),
            (0_i64..4).prop_map(|second| json!(second)),
            Just(json!(1.5)),
        ]
        .boxed(),
        "id_owner" => prop_oneof![Just(json!(null)), (0_i64..3).prop_map(|id| json!(id))].boxed(),
        "marks" | "fields" => prop_oneof![
            Just(json!(null)),
            prop::collection::hash_map(
                "[abc]",
                prop_oneof![
                    Just(json!("")),
                    Just(json!("x")),
                    Just(json!("y")),
                    Just(json!(null)),
                ],
                0..3
            )
            .prop_map(|entries| entries.into_iter().collect::<Value>()),
        ]
        .boxed(),
        _ => text.boxed(),
    }
}

/// A patch of some of `keys`.
fn patch(keys: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop::sample::subsequence(keys, 1..=3).prop_flat_map(|keys| {
        keys.into_iter()
            .map(|key| values(key).prop_map(move |value| (key.to_owned(), value)))
            .collect::<Vec<_>>()
            .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>()))
    })
}

/// A record's life as its events tell it.
struct History<'a> {
    app: &'a TestApp,
    path: String,
    /// The record's REST body after the last event.
    told: Value,
    events: i64,
}

impl<'a> History<'a> {
    async fn begin(app: &'a TestApp, resource: &str, body: Value) -> Self {
        let list = format!("/api/v1/{resource}");
        let told = app.create(&list, body).await;
        let event = envelope(&app.new_event().await);
        assert_eq!(event["data"], told);
        Self {
            app,
            path: format!("{list}/{}", told["id"]),
            told,
            events: 1,
        }
    }

    async fn send(&mut self, patch: &Value) {
        let answer = self.app.api.patch(&self.path, patch.clone()).await;
        let status = answer.status.as_u16();
        assert!([200, 422].contains(&status), "{patch}: {}", answer.json());
        match self.app.new_events().await.as_slice() {
            [] => {}
            [event] => {
                assert_eq!(status, 200, "{patch}");
                self.events += 1;
                self.hear(&envelope(event), patch);
            }
            more => panic!("{patch}: {more:#?}"),
        }
        if status == 200 {
            assert_eq!(answer.json().to_string(), self.told.to_string(), "{patch}");
        }
        let shown = self.app.api.get(&self.path).await.expect(200).json();
        assert_eq!(shown.to_string(), self.told.to_string(), "{patch}");
        assert_eq!(shown["revision"], self.events, "{patch}");
    }

    /// `previous` is exactly what differs from what was told before.
    fn hear(&mut self, event: &Value, patch: &Value) {
        let previous = event["previous"].as_object().unwrap();
        assert!(!previous.is_empty(), "{patch}");
        for (key, before) in self.told.as_object().unwrap() {
            let after = &event["data"][key];
            match previous.get(key) {
                Some(said) => {
                    assert_eq!(said.to_string(), before.to_string(), "{key} by {patch}");
                    assert_ne!(before.to_string(), after.to_string(), "{key} by {patch}");
                }
                None if key == "revision" => assert_eq!(after, self.events),
                None if key == "updated_at" => {}
                None => assert_eq!(before.to_string(), after.to_string(), "{key} by {patch}"),
            }
        }
        self.told = event["data"].clone();
    }
}

fn check(resource: &str, first: &Value, keys: &'static [&'static str]) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let app = runtime.block_on(TestApp::start());
    let mut runner = TestRunner::new(ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let patches = prop::collection::vec(patch(keys), 1..12);
    runner
        .run(&patches, |patches| {
            runtime.block_on(async {
                let mut history = History::begin(&app, resource, first.clone()).await;
                for patch in &patches {
                    app.clock.advance(std::time::Duration::from_micros(1));
                    history.send(patch).await;
                }
            });
            Ok(())
        })
        .unwrap();
}

#[test]
fn of_orders() {
    let keys = &[
        "name", "price", "archive", "tags", "color", "text", "id_owner", "marks",
    ];
    check("orders", &json!({"name": "n"}), keys);
}

#[test]
fn of_tasks() {
    let keys = &["name", "date_from", "date_to", "all_day", "color", "text"];
    check("tasks", &json!({"name": "n"}), keys);
}

#[test]
fn of_clients() {
    let keys = &["realname", "email", "phone", "position", "text", "fields"];
    check("clients", &json!({"realname": "n"}), keys);
}
