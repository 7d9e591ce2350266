//! Receives the callbacks and notes when each came.

use std::collections::HashSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

/// Without a new callback for so long, what is missing will not come.
const STALLED: Duration = Duration::from_secs(30);

/// A receiver on loopback; it ends with the program.
#[derive(Debug, Clone)]
pub(crate) struct Receiver {
    address: SocketAddr,
    arrivals: Arc<Mutex<Arrivals>>,
}

/// What came since the last measurement began.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    /// The client that a callback was about, and when it came; repeats left out.
    pub(crate) first: Vec<(u64, Instant)>,
    /// Callbacks whose `webhook-id` had come before.
    pub(crate) repeats: u64,
    seen: HashSet<Bytes>,
}

impl Receiver {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let receiver = Self {
            address: listener.local_addr()?,
            arrivals: Arc::default(),
        };
        let accepting = receiver.clone();
        tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        tokio::spawn(accepting.clone().serve(stream));
                    }
                    Err(error) => {
                        eprintln!("bench: the receiver cannot accept: {error}");
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                }
            }
        });
        Ok(receiver)
    }

    /// The URL of the receiver's webhook `number`.
    pub(crate) fn url(&self, number: u32) -> String {
        format!("http://{}/{number}", self.address)
    }

    /// Forgets what came before and hands it over.
    pub(crate) fn take(&self) -> Arrivals {
        std::mem::take(&mut *self.lock())
    }

    /// How many different callbacks came.
    pub(crate) fn count(&self) -> usize {
        self.lock().first.len()
    }

    /// Waits until `count` different callbacks came, or no more do.
    pub(crate) async fn wait_for(&self, count: usize) {
        let (mut before, mut since) = (self.count(), Instant::now());
        while before < count && since.elapsed() < STALLED {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let now = self.count();
            if now != before {
                (before, since) = (now, Instant::now());
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Arrivals> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(self, stream: TcpStream) {
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let service = service_fn(|request| {
            let receiver = self.clone();
            async move { Ok::<_, Infallible>(receiver.answer(request).await) }
        });
        let served = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await;
        if let Err(error) = served {
            eprintln!("bench: a callback's connection broke: {error}");
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let at = Instant::now();
        let id = request.headers().get("webhook-id");
        let id = id.map(|id| Bytes::copy_from_slice(id.as_bytes()));
        let status = match request.into_body().collect().await {
            Ok(body) => {
                self.note(id, client_of(&body.to_bytes()), at);
                StatusCode::OK
            }
            Err(_broken_off) => StatusCode::BAD_REQUEST,
        };
        let mut response = Response::new(Full::new(Bytes::new()));
        *response.status_mut() = status;
        response
    }

    fn note(&self, webhook_id: Option<Bytes>, client: Option<u64>, at: Instant) {
        // Test requests are about no client.
        let (Some(webhook_id), Some(client)) = (webhook_id, client) else {
            return;
        };
        let mut arrivals = self.lock();
        if arrivals.seen.insert(webhook_id) {
            arrivals.first.push((client, at));
        } else {
            arrivals.repeats += 1;
        }
    }
}

/// The id in a form body that begins `id=…`, as WIRE 1 orders it.
fn client_of(body: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(body).ok()?;
    text.strip_prefix("id=")?.split('&').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_id_of_a_callback_and_of_no_test_request() {
        assert_eq!(client_of(b"id=77&realname=x&component=client"), Some(77));
        assert_eq!(client_of(b"test=test"), None);
    }
}
