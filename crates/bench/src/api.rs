//! The requests that are measured.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use hyper::{Method, StatusCode};
use rig::{Ask, Connection};
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

    /// Creates a webhook for one kind of event.
    pub(crate) async fn create_webhook(&mut self, url: &str, event: &str) -> anyhow::Result<()> {
        let body = json!({
            "name": url,
            "url": url,
            "format": "form",
            "events": [event],
            "active": true,
        });
        self.post("/api/v1/webhooks", &body).await.map(drop)
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
