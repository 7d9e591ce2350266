//! Traces: one from a request that came in to the callbacks that it caused, through every process.
//!
//! A span is made only where a collector takes it; each step goes on where the W3C `traceparent` of
//! the one before says. Spans are `tracing`'s, so the lines that are logged inside of one name its
//! trace. They have the target [`TARGET`] and a field `trace_id`, empty at first.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider,
};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// The target of all spans.
pub const TARGET: &str = "dealwire::trace";

/// The header of W3C Trace Context.
const TRACEPARENT: &str = "traceparent";

/// Spans that wait to be sent; more are dropped, and the log says so.
const MOST_WAITING: usize = 16 * 1024;

/// How often they are sent.
const SEND_EVERY: Duration = Duration::from_secs(1);

/// How long a collector may take for a batch, and for all that is left at the end.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);
const LAST_TIMEOUT: Duration = Duration::from_secs(2);

static ARE_ON: AtomicBool = AtomicBool::new(false);

/// Where spans go.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceConfig {
    /// The collector's OTLP address over HTTP, such as `http://collector:4318`.
    pub endpoint: String,
    /// Which part of the traces that begin here is kept, 0 to 1. A trace that began elsewhere is
    /// kept if its caller says so.
    pub sample_ratio: f64,
    /// The name of the process's service.
    pub service: String,
    /// The version of the program.
    pub version: &'static str,
}

/// Why spans cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// The address is none.
    #[error(
        "the collector's address {0:?} is not usable: give one such as \"http://collector:4318\""
    )]
    Endpoint(String),
    /// The exporter could not be made.
    #[error("traces cannot be sent to {endpoint:?}")]
    Exporter {
        /// The collector's address.
        endpoint: String,
        /// The reason.
        source: ExporterBuildError,
    },
}

/// Sends spans until it is dropped.
pub(crate) struct Provider {
    inner: SdkTracerProvider,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").finish_non_exhaustive()
    }
}

impl Provider {
    pub(crate) fn new(config: &TraceConfig) -> Result<Self, TracesError> {
        let endpoint = traces_url(&config.endpoint)?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(endpoint)
            .with_timeout(SEND_TIMEOUT)
            .build()
            .map_err(|source| TracesError::Exporter {
                endpoint: config.endpoint.clone(),
                source,
            })?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(MOST_WAITING)
            .with_scheduled_delay(SEND_EVERY)
            .build();
        let resource = Resource::builder()
            .with_service_name(config.service.clone())
            .with_attributes([
                KeyValue::new("service.namespace", "dealwire"),
                KeyValue::new("service.version", config.version),
            ])
            .build();
        let from_here = Sampler::TraceIdRatioBased(config.sample_ratio);
        let inner = SdkTracerProvider::builder()
            .with_span_processor(
                BatchSpanProcessor::builder(exporter)
                    .with_batch_config(batches)
                    .build(),
            )
            .with_sampler(Sampler::ParentBased(Box::new(from_here)))
            .with_resource(resource)
            .build();
        Ok(Self { inner })
    }

    /// What makes them of `tracing`'s spans.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.inner.tracer("dealwire"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_level(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|metadata| {
                metadata.is_span() && metadata.target() == TARGET
            }))
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        ARE_ON.store(false, Ordering::Relaxed);
        if let Err(error) = self.inner.shutdown_with_timeout(LAST_TIMEOUT) {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// The path that the protocol names, unless there is one.
fn traces_url(endpoint: &str) -> Result<String, TracesError> {
    let address = endpoint
        .strip_prefix("http://")
        .map(|it| it.trim_end_matches('/'));
    match address {
        None | Some("") => Err(TracesError::Endpoint(endpoint.to_owned())),
        Some(address) if address.contains('/') => Ok(endpoint.to_owned()),
        Some(address) => Ok(format!("http://{address}/v1/traces")),
    }
}

pub(crate) fn turn_on() {
    ARE_ON.store(true, Ordering::Relaxed);
}

/// Whether somebody collects spans.
pub fn are_on() -> bool {
    ARE_ON.load(Ordering::Relaxed)
}

/// The span that a request gets: under its caller's where that named one. None where nobody
/// collects spans.
pub fn of_request(traceparent: Option<&str>, make: impl FnOnce() -> Span) -> Span {
    if !are_on() {
        return Span::none();
    }
    let span = make();
    let caller = traceparent.and_then(context_of);
    begin(&span, caller.unwrap_or_default());
    span
}

/// The span of a step of a trace. None where nobody collects spans, or where there is no trace.
pub fn under(traceparent: &str, make: impl FnOnce() -> Span) -> Span {
    if traceparent.is_empty() || !are_on() {
        return Span::none();
    }
    let Some(parent) = context_of(traceparent) else {
        return Span::none();
    };
    let span = make();
    begin(&span, parent);
    span
}

/// The span of a step of the trace that the current span is in, if any.
pub fn here(make: impl FnOnce() -> Span) -> Span {
    if !are_on() || Span::current().is_none() {
        return Span::none();
    }
    let span = make();
    name_trace(&span);
    span
}

/// Names a span by what became known of it.
pub fn rename(span: &Span, name: String) {
    span.context().span().update_name(name);
}

/// How the next step names this one; empty for none.
pub fn traceparent_of(span: &Span) -> String {
    if span.is_none() || !are_on() {
        return String::new();
    }
    let mut header = Header(String::new());
    TraceContextPropagator::new().inject_context(&span.context(), &mut header);
    header.0
}

fn begin(span: &Span, parent: Context) {
    // Refused of a span that nobody takes.
    let _ = span.set_parent(parent);
    name_trace(span);
}

fn name_trace(span: &Span) {
    let context = span.context();
    let trace = context.span().span_context().trace_id();
    span.record("trace_id", tracing::field::display(trace));
}

fn context_of(traceparent: &str) -> Option<Context> {
    let header = Header(traceparent.to_owned());
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &header);
    let is_one = context.span().span_context().is_valid();
    is_one.then_some(context)
}

/// One header, read and written.
struct Header(String);

impl Extractor for Header {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT).then_some(self.0.as_str())
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

impl Injector for Header {
    fn set(&mut self, key: &str, value: String) {
        if key == TRACEPARENT {
            self.0 = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_named_by_its_address_or_with_a_path() {
        let url = |endpoint| traces_url(endpoint).ok();
        let usual = Some("http://collector:4318/v1/traces".to_owned());
        assert_eq!(url("http://collector:4318"), usual);
        assert_eq!(url("http://collector:4318/"), usual);
        let own = "http://collector/otlp/v1/traces";
        assert_eq!(url(own), Some(own.to_owned()));
        for bad in ["", "collector:4318", "http://", "https://collector"] {
            assert_eq!(url(bad), None, "{bad}");
        }
    }

    #[test]
    fn without_a_collector_there_are_no_spans() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        for span in [
            of_request(Some(parent), || unreachable!()),
            under(parent, || unreachable!()),
            here(|| unreachable!()),
        ] {
            assert!(span.is_none());
            assert_eq!(traceparent_of(&span), "");
        }
    }

    #[test]
    fn what_is_no_traceparent_begins_nothing() {
        for bad in [
            "",
            "00-0-0-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        ] {
            assert!(context_of(bad).is_none(), "{bad}");
        }
    }
}
