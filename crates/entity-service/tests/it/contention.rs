//! Everything at once on a few records: whatever wins, nothing of ours fails, each record's events
//! are its history without a gap, and what is left is what they told.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use events::{Change, Event};
use futures_util::future::join_all;
use serde_json::{Value, json};
use test_support::{ApiAnswer, ApiClient};

use crate::app::{TestApp, envelope, id_of};
use crate::listing::walk;

const WORKERS: u64 = 8;
const STEPS: u64 = 40;

/// The ids that were ever made of one resource.
#[derive(Default)]
struct Ids(Mutex<Vec<i64>>);

impl Ids {
    fn keep(&self, answer: &ApiAnswer) {
        if answer.status == 201 {
            let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            ids.push(answer.id());
        }
    }

    /// One of the newest few, so that callers meet.
    fn pick(&self, dice: &mut Dice) -> i64 {
        let ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = &ids[ids.len().saturating_sub(4)..];
        newest[dice.roll(newest.len() as u64) as usize]
    }
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[derive(Default)]
struct Pool {
    orders: Ids,
    tasks: Ids,
    clients: Ids,
    stages: Vec<i64>,
}

impl Pool {
    async fn fill(app: &TestApp) -> Self {
        let pipeline = app.first_pipeline(&app.api).await;
        let stages = pipeline["stages"].as_array().unwrap();
        let pool = Self {
            stages: stages.iter().map(id_of).collect(),
            ..Self::default()
        };
        for n in 0..3 {
            let client = app
                .api
                .post("/api/v1/clients", json!({"realname": "n"}))
                .await;
            let body = json!({"name": "n", "id_client": client.id()});
            let order = app.api.post("/api/v1/orders", body).await;
            let body = json!({"name": n.to_string(), "id_order": order.id()});
            let task = app.api.post("/api/v1/tasks", body).await;
            pool.clients.keep(&client);
            pool.orders.keep(&order);
            pool.tasks.keep(&task);
        }
        pool
    }

    async fn step(&self, api: &ApiClient, dice: &mut Dice) -> ApiAnswer {
        let note = dice.roll(3).to_string();
        let order = self.orders.pick(dice);
        let task = self.tasks.pick(dice);
        let client = self.clients.pick(dice);
        let stage = self.stages[dice.roll(self.stages.len() as u64) as usize];
        let field = ["a", "b", "c"][dice.roll(3) as usize];
        match dice.roll(12) {
            0 => {
                let body = json!({"name": note, "id_client": client, "id_status": stage});
                let answer = api.post("/api/v1/orders", body).await;
                self.orders.keep(&answer);
                answer
            }
            1 => {
                let body = json!({"name": note, "id_order": order});
                let answer = api.post("/api/v1/tasks", body).await;
                self.tasks.keep(&answer);
                answer
            }
            2 => {
                let body = json!({"realname": note, "fields": {field: note}});
                let answer = api.post("/api/v1/clients", body).await;
                self.clients.keep(&answer);
                answer
            }
            3..=4 => {
                let body = json!({"id_status": stage, "id_client": client, "text": note});
                api.patch(&format!("/api/v1/orders/{order}"), body).await
            }
            5..=6 => {
                let body = json!({"id_order": order, "text": note});
                api.patch(&format!("/api/v1/tasks/{task}"), body).await
            }
            7..=8 => {
                let body = json!({"text": note, "fields": {field: note}});
                api.patch(&format!("/api/v1/clients/{client}"), body).await
            }
            9 => api.delete(&format!("/api/v1/orders/{order}/tasks")).await,
            10 => api.delete(&format!("/api/v1/orders/{order}")).await,
            _ => api.delete(&format!("/api/v1/clients/{client}")).await,
        }
    }
}

/// What events told of each record that is left, by component and id.
#[derive(Default)]
struct Told {
    bodies: HashMap<(String, i64), Value>,
    /// The last revision, of records that are gone too.
    revisions: HashMap<(String, i64), i64>,
}

impl Told {
    fn hear(&mut self, event: &Event) {
        if let Change::TasksOfOrderDeleted(change) = &event.change {
            for task in &change.tasks {
                let key = ("task".to_owned(), task.id.0);
                let body = self.bodies.remove(&key).unwrap();
                assert_eq!(body["id_order"], change.order_id.0, "{event:#?}");
                self.count(&key, task.revision);
            }
            return;
        }
        let envelope = envelope(event);
        let (component, action) = event.change.event_type().split_once('.').unwrap();
        let key = (component.to_owned(), id_of(&envelope["data"]));
        self.count(&key, envelope["revision"].as_i64().unwrap());
        let before = self.bodies.remove(&key);
        assert_eq!(before.is_none(), action == "add", "{event:#?}");
        if let Some(previous) = envelope["previous"].as_object() {
            for (name, value) in previous {
                assert_eq!(value, &before.as_ref().unwrap()[name], "{event:#?}");
            }
        }
        if action != "delete" {
            self.bodies.insert(key, envelope["data"].clone());
        }
    }

    fn count(&mut self, key: &(String, i64), revision: i64) {
        let last = self.revisions.insert(key.clone(), revision);
        assert_eq!(revision, last.unwrap_or(0) + 1, "{key:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn histories_stay_whole_whoever_meets_whom() {
    let app = TestApp::start().await;
    let replicas = [app.api.clone(), app.replica().await];
    let pool = Pool::fill(&app).await;
    join_all((0..WORKERS).map(|worker| {
        let (replicas, pool) = (&replicas, &pool);
        async move {
            let mut dice = Dice(worker);
            for step in 0..STEPS {
                let api = &replicas[usize::from((worker + step) % 2 == 1)];
                let answer = pool.step(api, &mut dice).await;
                let status = answer.status.as_u16();
                assert!(
                    [200, 201, 204, 404, 409, 422].contains(&status),
                    "{status}: {}",
                    answer.json()
                );
            }
        }
    }))
    .await;

    let mut told = Told::default();
    for event in app.new_events().await {
        told.hear(&event);
    }
    let mut left = 0;
    for component in ["order", "task", "client"] {
        let list = format!("/api/v1/{component}s");
        for id in walk(&app.api, &list).await.concat() {
            let shown = app
                .api
                .get(&format!("{list}/{id}"))
                .await
                .expect(200)
                .json();
            assert_eq!(told.bodies[&(component.to_owned(), id)], shown);
            left += 1;
        }
    }
    assert_eq!(left, told.bodies.len());
    for body in told.bodies.values() {
        if let Some(order) = body.get("id_deal").and_then(Value::as_i64) {
            assert!(told.bodies.contains_key(&("order".to_owned(), order)));
        }
        if let Some(client) = body.get("id_client").and_then(Value::as_i64) {
            assert!(told.bodies.contains_key(&("client".to_owned(), client)));
        }
    }
}

/// Settings that records refer to go while records come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_refers_to_what_has_gone_meanwhile() {
    let app = TestApp::start().await;
    for round in 0..5 {
        let city = app.create_entry("city", "Москва").await;
        let pipeline = app
            .create("/api/v1/pipelines", json!({"name": round.to_string()}))
            .await;
        let stage = id_of(&pipeline["stages"][1]);
        let settings = [
            ("id_city", city, format!("/api/v1/directories/city/{city}")),
            (
                "id_status",
                stage,
                format!("/api/v1/pipelines/{}/stages/{stage}", pipeline["id"]),
            ),
            (
                "id_pipeline",
                id_of(&pipeline),
                format!("/api/v1/pipelines/{}", pipeline["id"]),
            ),
        ];
        for (key, id, path) in settings {
            let body = json!({"name": "n", key: id});
            let adding = join_all((0..6).map(|_| app.api.post("/api/v1/orders", body.clone())));
            let (added, deleted) = tokio::join!(adding, app.api.delete(&path));
            let mut made = Vec::new();
            for answer in &added {
                match answer.status.as_u16() {
                    201 => made.push(answer.id()),
                    409 | 422 => {}
                    other => panic!("{other}: {}", answer.json()),
                }
            }
            match deleted.status.as_u16() {
                204 => assert_eq!(made, Vec::<i64>::new(), "{path}"),
                409 => {}
                other => panic!("{other}: {}", deleted.json()),
            }
            for id in made {
                let order = app.api.get(&format!("/api/v1/orders/{id}")).await;
                assert_eq!(order.expect(200).id(), id);
                app.api
                    .delete(&format!("/api/v1/orders/{id}"))
                    .await
                    .expect(204);
            }
        }
    }
}
