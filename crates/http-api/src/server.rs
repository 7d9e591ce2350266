//! One HTTP server for all services of a process.

mod boundary;
mod drain;
mod readiness;
mod request_metrics;

use std::fmt;
use std::io;
use std::net::{Shutdown, TcpListener};
use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::{Server, ServerHandle, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer};
use socket2::SockRef;
use telemetry::{METRICS_CONTENT_TYPE, Metrics, MetricsError};
use tokio_util::sync::CancellationToken;
use utoipa::openapi::OpenApi;

use crate::body::MAX_BODY_BYTES;
use crate::idempotency_key::InFlightKeys;
use crate::openapi::API_PREFIX;
use crate::problem::ApiError;
use crate::token::TokenVerifier;

use boundary::Boundary;
use drain::Drain;
use request_metrics::RequestMetrics;

pub use boundary::AskedByHead;
pub use readiness::Readiness;

/// How long the request of a connection that is not refused any more may take to begin.
const LAST_REQUEST: Duration = Duration::from_millis(30);

/// How long the thread that accepts connections may take to hear that it is paused. It says when it
/// was asked, not when it has done so, and complains about a listener that closes before.
const PAUSED: Duration = Duration::from_millis(10);

/// A service's URL map: registers its resources.
pub type RouteTable = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// How the server treats connections.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Threads that answer requests; `None`: as many as there are processors to use.
    pub workers: Option<NonZeroUsize>,
    /// How long an idle connection is kept.
    pub keep_alive: Duration,
    /// How long the head of a request may take to arrive.
    pub head_timeout: Duration,
    /// How long requests in flight may take when the server stops; whole seconds, at least one.
    pub drain_timeout: Duration,
    /// Whether another server goes on with the same listeners: who connects while this one stops
    /// then waits for that one instead of being refused.
    pub hands_over: bool,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            workers: None,
            keep_alive: Duration::from_secs(75),
            head_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(5),
            hands_over: false,
        }
    }
}

/// Why the server did not start, or ended early.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listener cannot be used.
    #[error("the server cannot listen")]
    Listen(#[source] io::Error),
    /// The server ended with an error.
    #[error("the server failed")]
    Run(#[source] io::Error),
}

/// What an [`HttpApi`] is made of.
pub struct HttpApiParts {
    /// Decides who is let in.
    pub verifier: TokenVerifier,
    /// The services' URL maps, relative to [`API_PREFIX`].
    pub routes: Vec<RouteTable>,
    /// The services' URL maps outside of it, relative to the root.
    pub root_routes: Vec<RouteTable>,
    /// Makes what `/api/v1/openapi.json` answers, when it is asked for first: it takes megabytes.
    pub openapi: fn() -> OpenApi,
    /// What must be well for `/readyz` to say so.
    pub readiness: Vec<Readiness>,
    /// What `/metrics` shows; the server adds its own.
    pub metrics: Metrics,
}

impl fmt::Debug for HttpApiParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpApiParts")
            .field("routes", &self.routes.len())
            .field("root_routes", &self.root_routes.len())
            .field("readiness", &self.readiness)
            .finish_non_exhaustive()
    }
}

/// All services of a process behind one address; clones share everything.
#[derive(Debug, Clone)]
pub struct HttpApi {
    parts: Arc<HttpApiParts>,
    openapi_json: Arc<OnceLock<web::Bytes>>,
    boundary: Boundary,
    in_flight_keys: InFlightKeys,
}

impl HttpApi {
    /// Puts the services together.
    ///
    /// # Errors
    /// [`MetricsError`] if the server's own metrics are registered already.
    pub fn new(parts: HttpApiParts) -> Result<Self, MetricsError> {
        let metrics = RequestMetrics::register(&parts.metrics)?;
        Ok(Self {
            parts: Arc::new(parts),
            openapi_json: Arc::default(),
            boundary: Boundary::new(metrics, Drain::default()),
            in_flight_keys: InFlightKeys::default(),
        })
    }

    /// The application that [`serve`] runs; tests call it without a socket.
    pub fn app(
        &self,
    ) -> App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<BoxBody>,
            Error = actix_web::Error,
            InitError = (),
        > + use<>,
    > {
        let scope = self
            .parts
            .routes
            .iter()
            .fold(web::scope(API_PREFIX), |scope, table| {
                scope.configure(|config| table(config))
            })
            .route("/openapi.json", web::get().to(show_openapi))
            .default_service(web::to(not_found));
        let app = App::new()
            .app_data(self.clone())
            .app_data(self.boundary.clone())
            .app_data(self.parts.verifier.clone())
            .app_data(self.in_flight_keys.clone())
            // An id that is not a number names nothing.
            .app_data(web::PathConfig::default().error_handler(|_, _| ApiError::NotFound.into()))
            .app_data(web::PayloadConfig::new(MAX_BODY_BYTES))
            .route("/healthz", web::get().to(show_health))
            .route("/readyz", web::get().to(show_readiness))
            .route("/metrics", web::get().to(show_metrics));
        self.parts
            .root_routes
            .iter()
            .fold(app, |app, table| app.configure(|config| table(config)))
            .service(scope)
            .default_service(web::to(not_found))
            .wrap(from_fn(boundary::cross))
    }
}

/// Answers requests on `listeners` until `cancel`, then finishes those in flight.
///
/// # Errors
/// [`ServeError`]: the listeners cannot be used, or the server ended by itself.
pub async fn serve(
    listeners: Vec<TcpListener>,
    config: ServerConfig,
    api: HttpApi,
    cancel: CancellationToken,
) -> Result<(), ServeError> {
    let drain = api.boundary.drain().clone();
    let drain_timeout = config.drain_timeout;
    let to_close = match config.hands_over {
        true => Vec::new(),
        false => same(&listeners).map_err(ServeError::Listen)?,
    };
    let server = start(listeners, &config, api).map_err(ServeError::Listen)?;
    let handle = server.handle();
    let mut server = std::pin::pin!(server);
    tokio::select! {
        ended = &mut server => ended.map_err(ServeError::Run),
        () = cancel.cancelled() => {
            let (ended, ()) = tokio::join!(server, stop(handle, to_close, drain, drain_timeout));
            ended.map_err(ServeError::Run)
        }
    }
}

fn start(listeners: Vec<TcpListener>, config: &ServerConfig, api: HttpApi) -> io::Result<Server> {
    let mut server = HttpServer::new(move || api.app())
        .disable_signals()
        .keep_alive(config.keep_alive)
        .client_request_timeout(config.head_timeout)
        // What is in flight has been waited for by then; only idle connections are left.
        .shutdown_timeout(1);
    if let Some(workers) = config.workers {
        server = server.workers(workers.get());
    }
    for listener in listeners {
        server = server.listen(listener)?;
    }
    Ok(server.run())
}

fn same(listeners: &[TcpListener]) -> io::Result<Vec<TcpListener>> {
    listeners.iter().map(TcpListener::try_clone).collect()
}

async fn stop(handle: ServerHandle, listeners: Vec<TcpListener>, drain: Drain, timeout: Duration) {
    handle.pause().await;
    tokio::time::sleep(PAUSED).await;
    // Who is refused tries elsewhere; who waits in a queue that nobody serves has sent its request
    // by the time it is reset, and cannot know what came of it.
    for listener in listeners {
        if let Err(error) = SockRef::from(&listener).shutdown(Shutdown::Read) {
            tracing::debug!(%error, "a listener does not close before its process ends");
        }
    }
    // The request of a connection that was taken just before is on its way.
    tokio::time::sleep(LAST_REQUEST).await;
    // One second of the time allowed is kept for connections that are still open.
    let patience = timeout.saturating_sub(Duration::from_secs(1));
    if !drain.finish(patience).await {
        tracing::warn!("requests in flight did not finish in time and are cut off");
    }
    handle.stop(true).await;
}

/// Routes of a service that has not started: every request below `prefix`, which is empty or begins
/// with a slash, is answered 503, to be repeated after `retry_after`.
pub fn unavailable_routes(prefix: &str, retry_after: Duration) -> RouteTable {
    let path = format!("{prefix}/{{resource:.*}}");
    Arc::new(move |app| {
        let answer = move || {
            let unavailable = ApiError::Unavailable {
                retry_after,
                source: None,
            };
            std::future::ready(Err::<HttpResponse, _>(unavailable))
        };
        app.route(&path, web::route().to(answer));
    })
}

async fn show_health() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({"status": "ok"}))
}

async fn show_readiness(api: ApiHandle) -> HttpResponse {
    readiness::answer(&api.0.parts.readiness, api.0.boundary.drain().is_stopping()).await
}

async fn show_metrics(api: ApiHandle) -> Result<HttpResponse, ApiError> {
    let text = api.0.parts.metrics.encode().map_err(ApiError::internal)?;
    Ok(HttpResponse::Ok()
        .content_type(METRICS_CONTENT_TYPE)
        .body(text))
}

async fn show_openapi(api: ApiHandle) -> Result<HttpResponse, ApiError> {
    let HttpApi {
        parts,
        openapi_json,
        ..
    } = api.0;
    let body = match openapi_json.get() {
        Some(body) => body.clone(),
        None => {
            let body = serde_json::to_vec(&(parts.openapi)()).map_err(ApiError::internal)?;
            openapi_json.get_or_init(|| body.into()).clone()
        }
    };
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .body(body))
}

async fn not_found() -> Result<HttpResponse, ApiError> {
    Err(ApiError::NotFound)
}

/// The API itself, for its own handlers.
struct ApiHandle(HttpApi);

impl actix_web::FromRequest for ApiHandle {
    type Error = ApiError;
    type Future = std::future::Ready<Result<Self, ApiError>>;

    fn from_request(
        request: &actix_web::HttpRequest,
        _: &mut actix_web::dev::Payload,
    ) -> Self::Future {
        let api = request.app_data::<HttpApi>().cloned();
        std::future::ready(
            api.map(Self)
                .ok_or_else(|| ApiError::internal("the application has no API")),
        )
    }
}
