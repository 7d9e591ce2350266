//! The demo's own client of the REST API.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, http::request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

pub(super) struct Api {
    address: SocketAddr,
    authorization: String,
}

impl Api {
    pub(super) fn new(address: SocketAddr, token: &str) -> Self {
        Self {
            address,
            authorization: format!("Bearer {token}"),
        }
    }

    /// Creates a record and returns its id.
    pub(super) async fn created(&self, path: &str, body: Value) -> anyhow::Result<i64> {
        let made = self.call(Method::POST, path, Some(body)).await?;
        made["id"]
            .as_i64()
            .with_context(|| format!("POST {path} answered without an id"))
    }

    /// Calls the API; anything but a 2xx is an error with what was said.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<Value> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(AUTHORIZATION, &self.authorization)
            .header(CONTENT_TYPE, "application/json");
        let body = body.map(|json| json.to_string()).unwrap_or_default();
        self.send(request, body).await
    }

    /// Posts a form as a page of a site does: without a token.
    pub(super) async fn post_form(&self, path: &str, form: String) -> anyhow::Result<Value> {
        let request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, form).await
    }

    async fn send(&self, request: request::Builder, body: String) -> anyhow::Result<Value> {
        let request = request
            .header(HOST, self.address.to_string())
            .header(CONNECTION, "close")
            .body(Full::new(Bytes::from(body)))?;
        let what = format!("{} {}", request.method(), request.uri());
        let stream = TcpStream::connect(self.address)
            .await
            .context(what.clone())?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Its error reaches the request below as well.
        tokio::spawn(connection);
        let answer = sender.send_request(request).await.context(what.clone())?;
        let status = answer.status();
        let body = answer.into_body().collect().await.context(what.clone())?;
        let body = body.to_bytes();
        if !status.is_success() {
            bail!(
                "{what} answered {status}: {}",
                String::from_utf8_lossy(&body)
            );
        }
        Ok(serde_json::from_slice(&body).unwrap_or(Value::Null))
    }
}
