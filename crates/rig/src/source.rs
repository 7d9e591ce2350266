//! A source of leads, and the posts to its URL.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::connection::{Ask, Connection};

/// A source of type `webhook` without limits.
#[derive(Debug, Clone)]
pub struct Source {
    id: u64,
    /// Of the inbound URL; every address that takes leads has it.
    path: String,
}

impl Source {
    /// Makes it over the management API at `address`, which `token` opens.
    ///
    /// # Errors
    /// The API refuses, or does not answer.
    pub async fn create(address: SocketAddr, token: &str, name: &str) -> anyhow::Result<Self> {
        Self::make(address, token, name, true).await
    }

    /// The same, but its leads wait in the inbox.
    ///
    /// # Errors
    /// The API refuses, or does not answer.
    pub async fn create_inbox(
        address: SocketAddr,
        token: &str,
        name: &str,
    ) -> anyhow::Result<Self> {
        Self::make(address, token, name, false).await
    }

    async fn make(
        address: SocketAddr,
        token: &str,
        name: &str,
        auto_convert: bool,
    ) -> anyhow::Result<Self> {
        let body = json!({
            "auto_convert": auto_convert,
            "type": "webhook",
            "name": name,
            // 0 is no limit (WIRE 2).
            "limits": { "per_second": 0, "per_address_per_minute": 0 },
        });
        let mut connection = Connection::open(address, Some(token)).await?;
        let ask = Ask::json(Method::POST, "/api/v1/sources", &body);
        let answer = connection.send(ask).await?;
        ensure!(
            answer.status == StatusCode::CREATED,
            "a source was answered with {} {}",
            answer.status,
            answer.text()
        );
        let made = answer.json()?;
        let token = made["token"].as_str().context("a source has a token")?;
        Ok(Self {
            id: made["id"].as_u64().context("a source has an id")?,
            path: format!("/in/{token}"),
        })
    }

    /// Its id.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The path of its inbound URL.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The post of a lead.
    pub fn post(&self, lead: &Value) -> Ask {
        Ask::json(Method::POST, &*self.path, lead)
    }
}
