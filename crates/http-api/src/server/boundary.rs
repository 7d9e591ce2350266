//! What every request crosses on its way in and out: a request id, one log line per error of ours,
//! metrics, and the promise that whatever goes wrong is answered as problem+json.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpResponse, ResponseError};
use futures_util::FutureExt;
use telemetry::{Chain, traces};
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};

use super::drain::Drain;
use super::request_metrics::RequestMetrics;
use crate::correlation::CorrelationId;
use crate::problem::{ApiError, PROBLEM_CONTENT_TYPE, Problem};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// What has no span.
const UNTRACED: [&str; 3] = ["/healthz", "/readyz", "/metrics"];
/// What stands for the route of a request that met none.
const UNMATCHED: &str = "unmatched";

/// An extension of a request that came as HEAD and is answered as GET: a handler that does something
/// on GET does not do it then.
#[derive(Debug, Clone, Copy)]
pub struct AskedByHead;

/// What crossing needs; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Boundary {
    metrics: RequestMetrics,
    drain: Drain,
    unanswered: Arc<Mutex<Unanswered>>,
}

/// Requests that could not be answered, as the log tells of them: while a database is away that is
/// every one, and a line for each would bury all else.
#[derive(Debug, Default)]
struct Unanswered {
    told_at: Option<Instant>,
    untold: u64,
}

/// How long after a line about requests that could not be answered the next one comes.
const TELL_EVERY: Duration = Duration::from_secs(10);

impl Unanswered {
    /// Counts one more; `Some` if the log is to tell of it, with how many came since it last did.
    fn count(&mut self, now: Instant) -> Option<u64> {
        if self.told_at.is_some_and(|at| now - at < TELL_EVERY) {
            self.untold += 1;
            return None;
        }
        self.told_at = Some(now);
        Some(std::mem::take(&mut self.untold))
    }
}

impl Boundary {
    pub(super) fn new(metrics: RequestMetrics, drain: Drain) -> Self {
        Self {
            metrics,
            drain,
            unanswered: Arc::default(),
        }
    }

    fn count_unanswered(&self) -> Option<u64> {
        let mut unanswered = self
            .unanswered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        unanswered.count(Instant::now())
    }

    pub(super) fn drain(&self) -> &Drain {
        &self.drain
    }
}

/// The middleware.
pub(super) async fn cross(
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Instant::now();
    let boundary = request
        .app_data::<Boundary>()
        .cloned()
        .ok_or_else(|| ApiError::internal("the application has no boundary"))?;
    let in_flight = boundary.drain.enter();
    let method = request.method().clone();
    // HEAD is GET without the body, and the connection leaves the body out by itself.
    if method == Method::HEAD {
        request.head_mut().method = Method::GET;
        request.extensions_mut().insert(AskedByHead);
    }
    let id = CorrelationId::of(request.headers());
    let span = span_of(&request, &method, &id);
    let id = id.in_trace(traces::traceparent_of(&span));
    request.extensions_mut().insert(id.clone());

    let answering = AssertUnwindSafe(next.call(request)).catch_unwind();
    let answered = answering.instrument(span.clone()).await;
    let _entered = span.enter();
    let response = match answered {
        Ok(response) => response?,
        Err(_panic) => {
            // The hook has logged where; the connection lives on for the client's next request.
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            tracing::error!(%method, request_id = %id, "a handler panicked");
            boundary
                .metrics
                .record(&method, UNMATCHED, status, started.elapsed());
            return Err(ApiError::internal("a handler panicked").into());
        }
    };
    let route = response
        .request()
        .match_pattern()
        .unwrap_or_else(|| UNMATCHED.to_owned());
    note_answer(&span, &method, &route, response.status());
    log_error(&boundary, &response, &method, &route, &id);
    let mut response = as_problem(response);
    finish(&mut response, &boundary, &id);
    boundary
        .metrics
        .record(&method, &route, response.status(), started.elapsed());
    tracing::debug!(
        %method,
        route,
        status = response.status().as_u16(),
        took_ms = started.elapsed().as_secs_f64() * 1000.0,
        request_id = %id,
        "answered"
    );
    drop(in_flight);
    Ok(response)
}

/// The request's span; none for what machines ask all the time.
fn span_of(request: &ServiceRequest, method: &Method, id: &CorrelationId) -> Span {
    if UNTRACED.contains(&request.path()) {
        return Span::none();
    }
    let caller = request.headers().get(TRACEPARENT);
    // Not its path: an inbound URL is a secret.
    traces::of_request(caller.and_then(|value| value.to_str().ok()), || {
        info_span!(
            target: traces::TARGET,
            "request",
            otel.kind = "server",
            otel.status_code = Empty,
            trace_id = Empty,
            request_id = %id,
            http.request.method = %method,
            http.route = Empty,
            http.response.status_code = Empty,
        )
    })
}

fn note_answer(span: &Span, method: &Method, route: &str, status: StatusCode) {
    if span.is_none() {
        return;
    }
    traces::rename(span, format!("{method} {route}"));
    span.record("http.route", route);
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

fn finish(response: &mut ServiceResponse, boundary: &Boundary, id: &CorrelationId) {
    if boundary.drain.is_stopping() {
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
    let headers = response.headers_mut();
    if let Some(value) = id.header_value() {
        headers.insert(X_REQUEST_ID, value);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
}

fn log_error(
    boundary: &Boundary,
    response: &ServiceResponse,
    method: &Method,
    route: &str,
    id: &CorrelationId,
) {
    let Some(error) = response.response().error() else {
        return;
    };
    match error.as_error::<ApiError>() {
        Some(ApiError::Internal(source)) => tracing::error!(
            %method, route, request_id = %id, error = %Chain(source.as_ref()),
            "a request failed through our fault"
        ),
        Some(ApiError::Unavailable {
            source: Some(source),
            ..
        }) => {
            if let Some(others) = boundary.count_unanswered() {
                tracing::warn!(
                    %method, route, request_id = %id, error = %Chain(source.as_ref()), others,
                    "a request could not be answered"
                );
            }
        }
        Some(_) => {}
        None if response.status().is_server_error() => tracing::error!(
            %method, route, request_id = %id, %error, "a request failed in the server"
        ),
        None => {}
    }
}

/// Replaces what the framework answers by itself (405 without a body, its own errors as plain text).
fn as_problem(response: ServiceResponse) -> ServiceResponse {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || is_ours(&response) {
        return response;
    }
    let allow = response.headers().get(header::ALLOW).cloned();
    let mut replaced = match status {
        StatusCode::NOT_FOUND => ApiError::NotFound.error_response(),
        StatusCode::METHOD_NOT_ALLOWED => method_not_allowed(allow.as_ref()),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ApiError::UnsupportedMediaType.error_response(),
        other => other_problem(other),
    };
    if let Some(allow) = allow {
        replaced.headers_mut().insert(header::ALLOW, allow);
    }
    response.into_response(replaced)
}

fn is_ours(response: &ServiceResponse) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let is_problem = content_type.is_some_and(|kind| kind == PROBLEM_CONTENT_TYPE);
    let made_by_framework = response.response().error().is_some();
    let has_body = !matches!(
        response.response().body().size(),
        BodySize::None | BodySize::Sized(0)
    );
    is_problem || (has_body && !made_by_framework)
}

fn method_not_allowed(allow: Option<&HeaderValue>) -> HttpResponse {
    let allow = allow
        .and_then(|names| names.to_str().ok())
        .unwrap_or_default()
        .split(',')
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    ApiError::MethodNotAllowed { allow }.error_response()
}

fn other_problem(status: StatusCode) -> HttpResponse {
    let (code, detail) = if status.is_server_error() {
        ("internal", "Something went wrong on our side.")
    } else {
        ("bad_request", "The request cannot be read.")
    };
    Problem::new(status, code, detail.to_owned()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_now_and_then_with_how_many_it_met() {
        let mut unanswered = Unanswered::default();
        let start = Instant::now();
        assert_eq!(unanswered.count(start), Some(0));
        for _ in 0..3 {
            assert_eq!(unanswered.count(start + TELL_EVERY / 2), None);
        }
        assert_eq!(unanswered.count(start + TELL_EVERY), Some(3));
        assert_eq!(unanswered.count(start + 3 * TELL_EVERY), Some(0));
    }
}
