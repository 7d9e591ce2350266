//! One kept-alive connection to the product's API.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// An authorized connection.
#[derive(Debug)]
pub(crate) struct Api {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    authorization: String,
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
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Its errors reach whoever is sending.
        tokio::spawn(connection);
        Ok(Self {
            sender,
            host: address.to_string(),
            authorization: format!("Bearer {token}"),
        })
    }

    /// Whether `/readyz` answers 200; a refused connection is a no.
    pub(crate) async fn is_ready(address: SocketAddr) -> bool {
        let asked = async {
            let mut api = Self::connect(address, "").await?;
            api.send(Method::GET, "/readyz", Bytes::new()).await
        };
        asked
            .await
            .is_ok_and(|(status, _)| status == StatusCode::OK)
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

    /// Creates a webhook for new clients.
    pub(crate) async fn create_webhook(&mut self, url: &str) -> anyhow::Result<()> {
        let body = json!({
            "name": url,
            "url": url,
            "format": "form",
            "events": ["client.add"],
            "active": true,
        });
        self.post("/api/v1/webhooks", &body).await.map(drop)
    }

    async fn post(&mut self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let body = Bytes::from(serde_json::to_vec(body)?);
        let (status, answer) = self.send(Method::POST, path, body).await?;
        ensure!(
            status == StatusCode::CREATED,
            "{path} answered {status}: {}",
            String::from_utf8_lossy(&answer)
        );
        Ok(serde_json::from_slice(&answer)?)
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.host)
            .header(AUTHORIZATION, &self.authorization)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))?;
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }
}
