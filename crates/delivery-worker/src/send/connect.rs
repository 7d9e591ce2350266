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
    bytes_read: Arc<AtomicU64>,
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
        let bytes_read = Arc::new(AtomicU64::new(0));
        let counted = Counted {
            stream,
            bytes_read: Arc::clone(&bytes_read),
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
        Ok(Self { sender, bytes_read })
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
        let read_before = self.bytes_read.load(Ordering::Acquire);
        self.sender
            .send_request(request.to_http())
            .await
            .map_err(|error| ExchangeError {
                error,
                heard_nothing: self.bytes_read.load(Ordering::Acquire) == read_before,
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
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        // An I/O error shows the source of what it wraps, not what it wraps.
        if let Some(io) = error.downcast_ref::<io::Error>()
            && let Some(tls) = io.get_ref().and_then(|inner| inner.downcast_ref())
        {
            return Some(tls);
        }
        source = error.source();
    }
    None
}

/// Counts what is read, since the client library does not tell whether an
/// answer had begun.
struct Counted<S> {
    stream: S,
    bytes_read: Arc<AtomicU64>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let read = buffer.filled().len() - before;
        if read > 0 {
            self.bytes_read.fetch_add(read as u64, Ordering::Release);
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
