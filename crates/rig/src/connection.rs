//! One kept-alive connection to an HTTP API.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// How long `/readyz` may take before it counts as a no.
const PATIENCE: Duration = Duration::from_secs(2);

/// A connection that carries one request at a time.
#[derive(Debug)]
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: HeaderValue,
    authorization: Option<HeaderValue>,
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The request's method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// Beside `Host`, `Authorization` and, where the body is JSON, `Content-Type`.
    pub headers: HeaderMap,
    /// The body as it is sent.
    pub body: Bytes,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The answer's status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Bytes,
}

impl Ask {
    /// A `GET`.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// A request without a body.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// A request with a JSON body.
    pub fn json(method: Method, path: impl Into<String>, body: &Value) -> Self {
        let mut ask = Self::new(method, path);
        let json = HeaderValue::from_static("application/json");
        ask.headers.insert(CONTENT_TYPE, json);
        ask.body = body.to_string().into();
        ask
    }
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// It is none; the error shows it.
    pub fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_slice(&self.body)
            .with_context(|| format!("an answer is not JSON: {}", self.text()))
    }

    /// The body as text, for people.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

impl Connection {
    /// Connects; `token` goes with every request, where there is one.
    ///
    /// # Errors
    /// The connection is refused, or the token is no header value.
    pub async fn open(address: SocketAddr, token: Option<&str>) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Its errors reach whoever is sending.
        tokio::spawn(connection);
        let authorization = token.map(|token| HeaderValue::from_str(&format!("Bearer {token}")));
        Ok(Self {
            sender,
            host: HeaderValue::from_str(&address.to_string())?,
            authorization: authorization.transpose()?,
        })
    }

    /// Whether `/readyz` answers 200; a refused connection is a no.
    pub async fn is_ready(address: SocketAddr) -> bool {
        let asked = async {
            let mut connection = Self::open(address, None).await?;
            connection.send(Ask::get("/readyz")).await
        };
        matches!(
            tokio::time::timeout(PATIENCE, asked).await,
            Ok(Ok(answer)) if answer.status == StatusCode::OK
        )
    }

    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// The connection broke; whether the request had an effect is not known.
    pub async fn send(&mut self, ask: Ask) -> anyhow::Result<Answer> {
        let mut request = Request::new(Full::new(ask.body));
        *request.method_mut() = ask.method;
        *request.uri_mut() = ask.path.parse()?;
        *request.headers_mut() = ask.headers;
        let headers = request.headers_mut();
        headers.insert(HOST, self.host.clone());
        if let Some(authorization) = &self.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        let (head, body) = answer.into_parts();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body: body.collect().await?.to_bytes(),
        })
    }
}
