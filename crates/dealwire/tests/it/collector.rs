//! Stands in for an OpenTelemetry Collector.

use std::collections::HashMap;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use prost::Message;
use test_support::{MockReceiver, wait_until};

use crate::process::DEADLINE;

/// The span of whoever calls: its trace, and itself.
pub(crate) const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLERS_SPAN: &str = "00f067aa0ba902b7";

pub(crate) struct Collector {
    receiver: MockReceiver,
}

/// A span as it came.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) attributes: HashMap<String, String>,
    trace: String,
    id: String,
    parent: String,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        Self {
            receiver: MockReceiver::start().await,
        }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.receiver.address())
    }

    /// The spans of the caller's trace, once one of each name has come.
    pub(crate) async fn trace(&self, names: &[&str]) -> Vec<Span> {
        wait_until(DEADLINE, || async {
            let spans = self.spans();
            names
                .iter()
                .all(|name| spans.iter().any(|it| it.name == *name))
        })
        .await;
        self.spans()
    }

    fn spans(&self) -> Vec<Span> {
        let requests = self.receiver.requests();
        let of_trace = requests.iter().flat_map(|request| {
            assert_eq!(request.target, "/v1/traces");
            decode(&request.body)
        });
        of_trace.filter(|span| span.trace == TRACE).collect()
    }
}

/// The names of the steps from the caller to the span of that name, in order.
pub(crate) fn way_to<'a>(spans: &'a [Span], name: &str) -> Vec<&'a str> {
    let mut at = spans.iter().find(|span| span.name == name).unwrap();
    let mut way = vec![at.name.as_str()];
    while at.parent != CALLERS_SPAN {
        at = spans.iter().find(|span| span.id == at.parent).unwrap();
        way.insert(0, &at.name);
    }
    way
}

fn decode(body: &[u8]) -> Vec<Span> {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let mut spans = Vec::new();
    for of_resource in request.resource_spans {
        let resource = attributes(of_resource.resource.unwrap().attributes);
        for span in of_resource.scope_spans.into_iter().flat_map(|it| it.spans) {
            spans.push(Span {
                service: resource["service.name"].clone(),
                name: span.name,
                attributes: attributes(span.attributes),
                trace: hex(&span.trace_id),
                id: hex(&span.span_id),
                parent: hex(&span.parent_span_id),
            });
        }
    }
    spans
}

fn attributes(all: Vec<KeyValue>) -> HashMap<String, String> {
    let text = |value| match value {
        any_value::Value::StringValue(text) => text,
        any_value::Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    all.into_iter()
        .filter_map(|one| Some((one.key, text(one.value?.value?))))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
