//! Receives callbacks and answers them as the tool wants.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::RETRY_AFTER;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

/// A receiver on loopback; it ends with the program.
#[derive(Debug, Clone, Copy)]
pub struct Receiver {
    address: SocketAddr,
}

/// One request that came.
#[derive(Debug, Clone)]
pub struct Callback {
    /// Which URL it came to, see [`Receiver::url`]; `None` for a path that is none of them.
    pub webhook: Option<u32>,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Bytes,
    /// When its head had arrived.
    pub at: Instant,
}

/// How a callback is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// With this status and no body.
    Status(StatusCode),
    /// With this status and a `Retry-After` of so many seconds.
    RetryAfter(StatusCode, u32),
    /// Not at all: the connection is closed.
    Close,
}

/// Why a connection ends without an answer.
#[derive(Debug)]
struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("closed on purpose, or broken off by the sender")
    }
}

impl std::error::Error for Closed {}

impl Receiver {
    /// Starts answering with what `answer` says.
    ///
    /// A sender that goes away cancels the future that works on its callback.
    ///
    /// # Errors
    /// No address is free.
    pub async fn start<F, A>(answer: F) -> anyhow::Result<Self>
    where
        F: Fn(Callback) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Reply> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        tokio::spawn(serve(stream, answer.clone()));
                    }
                    Err(error) => {
                        eprintln!("the receiver cannot accept: {error}");
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                }
            }
        });
        Ok(Self { address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of webhook `number`.
    pub fn url(&self, number: u32) -> String {
        format!("http://{}/{number}", self.address)
    }
}

async fn serve<F, A>(stream: TcpStream, answer: F)
where
    F: Fn(Callback) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Reply> + Send + 'static,
{
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(|request| {
        let answer = answer.clone();
        async move { handle(request, answer).await }
    });
    // A sender may be killed in the middle, and closing on purpose ends here as well.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn handle<F, A>(
    request: Request<Incoming>,
    answer: F,
) -> Result<Response<Full<Bytes>>, Closed>
where
    F: Fn(Callback) -> A,
    A: Future<Output = Reply>,
{
    let at = Instant::now();
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_broken_off| Closed)?;
    let callback = Callback {
        webhook: head
            .uri
            .path()
            .strip_prefix('/')
            .and_then(|path| path.parse().ok()),
        headers: head.headers,
        body: body.to_bytes(),
        at,
    };
    match answer(callback).await {
        Reply::Status(status) => {
            let mut response = Response::new(Full::new(Bytes::new()));
            *response.status_mut() = status;
            Ok(response)
        }
        Reply::RetryAfter(status, seconds) => {
            let mut response = Response::new(Full::new(Bytes::new()));
            *response.status_mut() = status;
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            Ok(response)
        }
        Reply::Close => Err(Closed),
    }
}
