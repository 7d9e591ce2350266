//! Records and settings for tests to work on, made over the API.

use serde_json::{Value, json};
use test_support::ApiClient;

use super::TestApp;

/// The id in a body.
pub(crate) fn id_of(body: &Value) -> i64 {
    body["id"].as_i64().unwrap()
}

impl TestApp {
    /// `POST`, expecting 201; returns the body.
    pub(crate) async fn create(&self, path: &str, body: Value) -> Value {
        self.api.post(path, body).await.expect(201).json()
    }

    /// `POST /orders`, expecting 201; returns the body. An order that the test does not name is
    /// called `n`.
    pub(crate) async fn create_order(&self, mut body: Value) -> Value {
        if body.get("name").is_none() {
            body["name"] = json!("n");
        }
        self.create("/api/v1/orders", body).await
    }

    /// `POST /tasks`, expecting 201; returns the body.
    pub(crate) async fn create_task(&self, body: Value) -> Value {
        self.create("/api/v1/tasks", body).await
    }

    /// `POST /clients`, expecting 201; returns the body.
    pub(crate) async fn create_client(&self, body: Value) -> Value {
        self.create("/api/v1/clients", body).await
    }

    /// A new entry of a directory; returns its id.
    pub(crate) async fn create_entry(&self, kind: &str, name: &str) -> i64 {
        let path = format!("/api/v1/directories/{kind}");
        id_of(&self.create(&path, json!({"name": name})).await)
    }

    /// The pipeline in which new orders of `api`'s account start, as the API shows it.
    pub(crate) async fn first_pipeline(&self, api: &ApiClient) -> Value {
        let pipelines = api.get("/api/v1/pipelines").await.expect(200).json();
        let items = pipelines["items"].as_array().unwrap();
        let first = items.iter().min_by_key(|item| item["position"].as_i64());
        first.unwrap().clone()
    }

    /// The first entry of a directory of `api`'s account: what records default to.
    pub(crate) async fn first_entry(&self, api: &ApiClient, kind: &str) -> i64 {
        let path = format!("/api/v1/directories/{kind}");
        let entries = api.get(&path).await.expect(200).json();
        let items = entries["items"].as_array().unwrap();
        let first = items.iter().min_by_key(|item| item["position"].as_i64());
        id_of(first.unwrap())
    }
}
