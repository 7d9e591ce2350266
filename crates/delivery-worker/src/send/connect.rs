//! Connections to checked addresses, and one exchange on one of them.

use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::rustls;

use super::outcome::{FailureKind, SendFailure};
use super::request::OutgoingRequest;

/// How large an answer's status line and headers may be together.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// How much may come before the last header: the interim answers (1xx) in front, which
/// the client library reads without end, count as well.
const MAX_BYTES_BEFORE_BODY: u64 = 64 * 1024;

/// Connects to the first of `addresses` that takes a connection, and to no
/// other address.
///
/// While there are more to try, one gets at most half of the time that is left,
/// so that one that swallows packets does not hide the next. The caller ends
/// the last one at the deadline.
pub(super) async fn connect(
    addresses: &[IpAddr],
    port: u16,
    deadline: Instant,
) -> Result<(TcpStream, SocketAddr), SendFailure> {
    let mut failure = None;
    for (index, &address) in addresses.iter().enumerate() {
        let remote = SocketAddr::new(address, port);
        let connecting = TcpStream::connect(remote);
        let connected = if index + 1 == addresses.len() {
            connecting.await
        } else {
            let left = deadline.saturating_duration_since(Instant::now());
            timeout(left / 2, connecting)
                .await
                .unwrap_or_else(|_elapsed| Err(io::ErrorKind::TimedOut.into()))
        };
        match connected.and_then(|stream| stream.set_nodelay(true).map(|()| stream)) {
            Ok(stream) => return Ok((stream, remote)),
            Err(error) => failure = Some(format!("no connection to {remote}: {error}")),
        }
    }
    let detail = failure.unwrap_or_else(|| "there is no address to connect to".to_owned());
    Err(SendFailure::new(FailureKind::Connect, detail))
}

/// An HTTP/1.1 connection, driven by a task of its own until it ends or this
/// is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    meter: Arc<Meter>,
}

/// An exchange without an answer.
#[derive(Debug)]
pub(super) struct ExchangeError {
    error: hyper::Error,
    /// Whether not a byte of an answer came.
    pub(super) heard_nothing: bool,
}

impl Connection {
    pub(super) async fn open<S>(stream: S) -> Result<Self, SendFailure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let meter = Arc::new(Meter::default());
        let counted = Counted {
            stream,
            meter: Arc::clone(&meter),
        };
        let (sender, connection) = http1::Builder::new()
            .max_header_size(MAX_HEAD_BYTES)
            .handshake(TokioIo::new(counted))
            .await
            .map_err(|error| classify(&error))?;
        tokio::spawn(async move {
            // An exchange in flight hears of the error by itself; without one
            // it is only the end of an idle connection.
            drop(connection.await);
        });
        Ok(Self { sender, meter })
    }

    /// Waits until the last exchange is cleared away; `false` if the
    /// connection has ended.
    pub(super) async fn is_usable(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    pub(super) async fn exchange(
        &mut self,
        request: &OutgoingRequest,
    ) -> Result<Response<Incoming>, ExchangeError> {
        let read_before = self.meter.read();
        self.meter.stop_at(read_before + MAX_BYTES_BEFORE_BODY);
        let answered = self.sender.send_request(request.to_http()).await;
        // A body is read when it is asked for, which is later, and has limits of its own.
        self.meter.stop_at(u64::MAX);
        answered.map_err(|error| ExchangeError {
            error,
            heard_nothing: self.meter.read() == read_before,
        })
    }
}

impl ExchangeError {
    pub(super) fn into_failure(self) -> SendFailure {
        if self.heard_nothing && !self.error.is_parse() && tls_error(&self.error).is_none() {
            return SendFailure::new(
                FailureKind::Reset,
                "the connection was closed without an answer",
            );
        }
        classify(&self.error)
    }
}

fn classify(error: &hyper::Error) -> SendFailure {
    if let Some(tls) = tls_error(error) {
        return SendFailure::new(FailureKind::Tls, tls.to_string());
    }
    if find_source::<TooMuchBeforeBody>(error).is_some() {
        return SendFailure::new(FailureKind::BadResponse, TooMuchBeforeBody.to_string());
    }
    if error.is_parse() {
        let detail = format!("the answer is not proper HTTP/1.1: {error}");
        return SendFailure::new(FailureKind::BadResponse, detail);
    }
    SendFailure::new(
        FailureKind::Reset,
        "the connection was closed in the middle of the status line and headers",
    )
}

/// The TLS error behind an error of the connection, such as the alert of a
/// receiver that wants a client certificate.
fn tls_error(error: &hyper::Error) -> Option<&rustls::Error> {
    find_source(error)
}

fn find_source<E: Error + 'static>(error: &hyper::Error) -> Option<&E> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        // An I/O error shows the source of what it wraps, not what it wraps.
        if let Some(io) = error.downcast_ref::<io::Error>()
            && let Some(found) = io.get_ref().and_then(|inner| inner.downcast_ref())
        {
            return Some(found);
        }
        source = error.source();
    }
    None
}

/// A receiver talks and talks, and answers nothing.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error(
    "{} KiB of interim answers and headers came, and no end of them",
    MAX_BYTES_BEFORE_BODY / 1024
)]
struct TooMuchBeforeBody;

/// Counts what is read, since the client library does not tell whether an
/// answer had begun, and ends it where it is enough.
#[derive(Debug)]
struct Meter {
    bytes_read: AtomicU64,
    stop_at: AtomicU64,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            bytes_read: AtomicU64::new(0),
            stop_at: AtomicU64::new(u64::MAX),
        }
    }
}

impl Meter {
    fn read(&self) -> u64 {
        self.bytes_read.load(Ordering::Acquire)
    }

    fn stop_at(&self, bytes: u64) {
        self.stop_at.store(bytes, Ordering::Release);
    }
}

struct Counted<S> {
    stream: S,
    meter: Arc<Meter>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.meter.read() >= self.meter.stop_at.load(Ordering::Acquire) {
            return Poll::Ready(Err(io::Error::other(TooMuchBeforeBody)));
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let read = buffer.filled().len() - before;
        if read > 0 {
            let meter = &self.meter.bytes_read;
            meter.fetch_add(read as u64, Ordering::Release);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
