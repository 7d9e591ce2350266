//! Reads the requests of one connection and answers them.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use events::Clock;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::arrival::{Arrival, Paint, time_of_day};
use super::counts::Counts;
use super::printer::Printer;
use super::repeats::Repeats;
use super::signature::{Secrets, Verdict};
use super::text;

/// The largest body that is read, in bytes.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The time in which a body must have come.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// What all connections of a receiver share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) secrets: Secrets,
    pub(crate) status: StatusCode,
    pub(crate) delay: Duration,
    /// Where each request is shown, if at all.
    pub(crate) printer: Option<Printer>,
    pub(crate) paint: Paint,
    pub(crate) counts: Counts,
    pub(crate) repeats: Mutex<Repeats>,
    pub(crate) clock: Clock,
}

/// Answers on `stream` until the peer is done, or the open answer once `stop`
/// is cancelled.
pub(crate) async fn serve(stream: TcpStream, shared: Arc<Shared>, stop: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY was refused");
    }
    let service = service_fn(|request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer(request, &shared).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // A sender that is done sending still waits for its answer.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // A peer that hangs up or writes no HTTP is the peer's affair.
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn answer(request: Request<Incoming>, shared: &Shared) -> Response<Full<Bytes>> {
    let at = shared.clock.now();
    let (head, body) = request.into_parts();
    let (body, status) = match read(body).await {
        Read::Whole(body) => (Some(body), shared.status),
        Read::TooLarge => (None, StatusCode::PAYLOAD_TOO_LARGE),
        Read::Broken => return refuse(shared, &head, "body broke off", StatusCode::BAD_REQUEST),
        Read::TooSlow => {
            return refuse(shared, &head, "body stalled", StatusCode::REQUEST_TIMEOUT);
        }
    };
    let signed = match head.method {
        Method::GET => Some(head.uri.query().unwrap_or_default().as_bytes()),
        _ => body.as_deref(),
    };
    let verdict = signed.map_or(Verdict::NotChecked, |signed| {
        shared.secrets.judge(&head.headers, signed, at)
    });
    let repeats = head.headers.get("webhook-id").map_or(0, |id| {
        let mut seen = shared
            .repeats
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        seen.note(id.as_bytes())
    });
    shared.counts.add(verdict, repeats > 0);
    if let Some(printer) = &shared.printer {
        let arrival = Arrival {
            at,
            head: &head,
            body: body.as_deref(),
            verdict,
            repeats,
            answer: status,
        };
        printer.print(arrival.block(shared.paint));
    }
    if !shared.delay.is_zero() {
        tokio::time::sleep(shared.delay).await;
    }
    response(status)
}

/// Shows a request whose body never came whole; it is not counted.
fn refuse(shared: &Shared, head: &Parts, why: &str, status: StatusCode) -> Response<Full<Bytes>> {
    if let Some(printer) = &shared.printer {
        let time = time_of_day(shared.clock.now());
        let target = text::one_line(head.uri.path());
        printer.print(format!("{time}  {} {target}  {why}\n\n", head.method));
    }
    response(status)
}

enum Read {
    Whole(Bytes),
    TooLarge,
    Broken,
    TooSlow,
}

async fn read(body: Incoming) -> Read {
    let limited = Limited::new(body, MAX_BODY_BYTES);
    match tokio::time::timeout(BODY_TIMEOUT, limited.collect()).await {
        Ok(Ok(body)) => Read::Whole(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Read::TooLarge,
        Ok(Err(error)) => {
            tracing::debug!(%error, "a body broke off");
            Read::Broken
        }
        Err(_elapsed) => Read::TooSlow,
    }
}

fn response(status: StatusCode) -> Response<Full<Bytes>> {
    let has_body = !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let body = match status.canonical_reason() {
        _ if !has_body => Bytes::new(),
        Some(reason) if !status.is_success() => Bytes::from_static(reason.as_bytes()),
        _ => Bytes::from_static(b"ok"),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    if has_body {
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, plain);
    }
    response
}
