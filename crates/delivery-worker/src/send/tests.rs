//! Receivers that answer well, badly and not at all.

mod addresses;
mod bad_receivers;
mod endless_receivers;
mod keep_alive;
mod late_bodies;
mod requests;
mod tls;

use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{HeaderMap, HeaderValue};
use test_support::{Answer as Scripted, MockDns, MockReceiver, wait_until};

use super::*;

/// For attempts that are meant to run out of time.
const SHORT: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(10);

fn loopback_open() -> AddressPolicy {
    AddressPolicy {
        allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
        https_only: false,
    }
}

fn config() -> SendConfig {
    SendConfig {
        policy: loopback_open(),
        // On a busy machine even what follows at once may take its time.
        body_wait: PATIENCE,
        ..SendConfig::default()
    }
}

fn sender() -> Sender {
    Sender::new(config()).unwrap()
}

fn request_within(url: &str, time_limit: Duration) -> OutgoingRequest {
    let url = WebhookUrl::parse(url, &loopback_open()).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("user-agent", HeaderValue::from_static("Dealwire/test"));
    let mut key = HeaderValue::from_static("s3cret");
    key.set_sensitive(true);
    headers.insert("x-api-key", key);
    let body = Bytes::from_static(b"id=42&event=add");
    OutgoingRequest::new(Method::POST, url, headers, body, time_limit)
}

fn request(url: &str) -> OutgoingRequest {
    request_within(url, TIME_LIMIT)
}

#[track_caller]
fn answer(sent: Sent) -> Answer {
    match sent.outcome {
        SendOutcome::Answered(answer) => answer,
        SendOutcome::Failed(failure) => panic!("no answer: {failure}"),
    }
}

#[track_caller]
fn failure(sent: Sent) -> SendFailure {
    match sent.outcome {
        SendOutcome::Failed(failure) => failure,
        SendOutcome::Answered(answer) => panic!("an answer: {answer:?}"),
    }
}

async fn send(receiver: &MockReceiver) -> Sent {
    sender().send(&request(&receiver.url("/hook"))).await
}
