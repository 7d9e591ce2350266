//! The requests that are measured.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use hyper::{Method, StatusCode};
use rig::{Answer, Ask, Connection};
use serde_json::{Value, json};

/// An authorized connection.
#[derive(Debug)]
pub(crate) struct Api {
    connection: Connection,
}

/// A change that was accepted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Accepted {
    /// The id of the record.
    pub(crate) id: u64,
    /// When the answer had arrived.
    pub(crate) at: Instant,
    /// From the request's first byte to the answer's last.
    pub(crate) took: Duration,
}

impl Api {
    pub(crate) async fn connect(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        Ok(Self {
            connection: Connection::open(address, Some(token)).await?,
        })
    }

    /// Creates a client that nobody else has.
    pub(crate) async fn create_client(&mut self, number: u64) -> anyhow::Result<Accepted> {
        let body = json!({
            "realname": format!("Клиент {number}"),
            "email": format!("client{number}@example.com"),
            "phone": format!("7999{:07}", number % 10_000_000),
            "text": "Звонил утром, просил перезвонить после обеда.",
        });
        let started = Instant::now();
        let created = self.post("/api/v1/clients", &body).await?;
        let at = Instant::now();
        let id = created["id"].as_u64().context("a client has an id")?;
        Ok(Accepted {
            id,
            at,
            took: at - started,
        })
    }

    /// Creates a task.
    pub(crate) async fn create_task(&mut self) -> anyhow::Result<()> {
        let body = json!({ "name": "Позвонить" });
        self.post("/api/v1/tasks", &body).await.map(drop)
    }

    /// Creates a webhook for one kind of event; its id.
    pub(crate) async fn create_webhook(&mut self, url: &str, event: &str) -> anyhow::Result<u64> {
        let body = json!({
            "name": url,
            "url": url,
            "format": "form",
            "events": [event],
            "active": true,
        });
        let created = self.post("/api/v1/webhooks", &body).await?;
        created["id"].as_u64().context("a webhook has an id")
    }

    /// Holds a webhook's deliveries.
    pub(crate) async fn pause_webhook(&mut self, id: u64) -> anyhow::Result<()> {
        let path = format!("/api/v1/webhooks/{id}/pause");
        self.ask(Ask::new(Method::POST, path)).await.map(drop)
    }

    /// Lets them go.
    pub(crate) async fn resume_webhook(&mut self, id: u64) -> anyhow::Result<()> {
        let path = format!("/api/v1/webhooks/{id}/resume");
        self.ask(Ask::new(Method::POST, path)).await.map(drop)
    }

    /// Drops a webhook and what waits for it.
    pub(crate) async fn delete_webhook(&mut self, id: u64) -> anyhow::Result<()> {
        let path = format!("/api/v1/webhooks/{id}");
        self.ask(Ask::new(Method::DELETE, path)).await.map(drop)
    }

    /// How many deliveries wait for a webhook.
    pub(crate) async fn waiting(&mut self, webhook: u64) -> anyhow::Result<u64> {
        let path = format!("/api/v1/webhooks/{webhook}");
        let answer = self.ask(Ask::get(path)).await?.json()?;
        answer["waiting"]
            .as_u64()
            .context("a webhook says what waits")
    }

    /// What a webhook's pending deliveries wait for, as the product says it: the webhook, and the
    /// one that is due first.
    pub(crate) async fn why_waiting(&mut self, webhook: u64) -> anyhow::Result<String> {
        let path = format!("/api/v1/webhooks/{webhook}");
        let itself = self.ask(Ask::get(path)).await?;
        let path = format!("/api/v1/deliveries?webhook_id={webhook}&state=pending&limit=1");
        let first = self.ask(Ask::get(path)).await?;
        Ok(format!("{}\n{}", itself.text(), first.text()))
    }

    async fn ask(&mut self, ask: Ask) -> anyhow::Result<Answer> {
        let what = format!("{} {}", ask.method, ask.path);
        let answer = self.connection.send(ask).await?;
        ensure!(
            answer.status.is_success(),
            "{what} answered {}: {}",
            answer.status,
            answer.text()
        );
        Ok(answer)
    }

    async fn post(&mut self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let ask = Ask::json(Method::POST, path, body);
        let answer = self.connection.send(ask).await?;
        ensure!(
            answer.status == StatusCode::CREATED,
            "{path} answered {}: {}",
            answer.status,
            answer.text()
        );
        answer.json()
    }
}
