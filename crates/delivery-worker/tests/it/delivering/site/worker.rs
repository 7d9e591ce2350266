//! What a test does with a worker.

use std::sync::{Arc, Mutex};

use delivery_worker::{DeliveryConfig, Dependencies, Service};
use http_api::TokenVerifier;
use serde_json::{Value, json};
use test_support::{ApiClient, MockReceiver};
use tokio_util::sync::CancellationToken;

use super::*;

impl Worker {
    pub(super) async fn start(
        config: DeliveryConfig,
        dependencies: Dependencies,
        verifier: TokenVerifier,
        token: &str,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()
            .unwrap();
        let metrics = dependencies.metrics.clone();
        let cancel = CancellationToken::new();
        let stop = cancel.clone();
        let (running, base) = runtime
            .spawn(async move {
                let service = Service::build(config, dependencies).await.unwrap();
                let base = serve_on_loopback(&service, verifier, &stop);
                (tokio::spawn(service.run(stop)), base)
            })
            .await
            .unwrap();
        Self {
            api: ApiClient::new(&base, token),
            metrics,
            cancel,
            running,
            runtime: Some(runtime),
        }
    }

    /// Ends it at once, in the middle of whatever it does.
    pub(crate) fn kill(mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// Makes all its threads stand still, as SIGSTOP does, until the guard
    /// goes.
    pub(crate) fn freeze(&self) -> Frozen {
        let (thaw, frozen) = std::sync::mpsc::channel::<()>();
        let frozen = Arc::new(Mutex::new(frozen));
        for _ in 0..THREADS {
            let frozen = Arc::clone(&frozen);
            let runtime = self.runtime.as_ref().unwrap();
            // One after the other gets the lock once nobody can send any more.
            runtime.spawn(async move { frozen.lock().unwrap().recv().unwrap_err() });
        }
        Frozen(thaw)
    }

    /// Ends it as SIGTERM does, and waits.
    pub(crate) async fn stop(mut self) {
        self.cancel.cancel();
        (&mut self.running).await.unwrap();
    }

    /// Creates a webhook for orders; the receiver has got its test request
    /// when this returns.
    pub(crate) async fn webhook(&self, receiver: &MockReceiver) -> Value {
        self.webhook_with(receiver, json!({})).await
    }

    /// The same with more settings.
    pub(crate) async fn webhook_with(&self, receiver: &MockReceiver, settings: Value) -> Value {
        let mut body = json!({
            "name": "test",
            "url": receiver.url("/hook"),
            "events": ["order.add", "order.edit", "order.delete"],
        });
        let settings = settings.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(settings);
        let answer = self.api.post("/api/v1/webhooks", body).await;
        answer.expect(201).json()
    }

    /// The attempts of a delivery, as the API shows them.
    pub(crate) async fn logged_attempts(&self, id: &[u8]) -> Vec<Value> {
        let id = uuid::Uuid::from_slice(id).unwrap();
        let path = format!("/api/v1/deliveries/{id}");
        let shown = self.api.get(&path).await.expect(200).json();
        shown["attempts_log"].as_array().unwrap().clone()
    }

    /// What a counter without labels says.
    pub(crate) fn counted(&self, name: &str) -> u64 {
        let all = self.metrics.encode().unwrap();
        let mut lines = all.lines().filter_map(|line| line.split_once(' '));
        let (_, value) = lines.find(|(known, _)| *known == name).unwrap();
        value.parse().unwrap()
    }

    /// The state that the API shows.
    pub(crate) async fn webhook_state(&self, webhook: &Value) -> Value {
        let path = format!("/api/v1/webhooks/{}", webhook["id"]);
        self.api.get(&path).await.expect(200).json()["state"].clone()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.cancel.cancel();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
