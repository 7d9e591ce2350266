//! One exchange with a receiver that is bytes in memory: for fuzzing.

use std::time::Duration;

use bytes::Bytes;
use hyper::{HeaderMap, Method};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::Instant;

use super::connect::{Connection, ExchangeError};
use super::{OutgoingRequest, SendOutcome, TIME_LIMIT, response};
use crate::address::{AddressPolicy, WebhookUrl};

/// Nothing waits here, so this is never over.
const LIMIT: Duration = Duration::from_secs(3_600);

/// Sends a request to a receiver that answers `answer` and hangs up.
#[expect(clippy::expect_used, reason = "a fixed URL, which is one")]
pub(crate) async fn exchange(answer: &[u8]) -> SendOutcome {
    let url = WebhookUrl::parse("https://a.example/", &AddressPolicy::default());
    let url = url.expect("a URL");
    let headers = HeaderMap::new();
    let request = OutgoingRequest::new(Method::POST, url, headers, Bytes::new(), TIME_LIMIT);
    let (ours, mut theirs) = duplex(64 * 1024);
    let receiver = async {
        // What comes before the request is no answer to it.
        let mut head = [0; 4096];
        if theirs.read(&mut head).await.is_ok() {
            // Whether they listen to the end is up to them.
            drop(theirs.write_all(answer).await);
        }
        drop(theirs);
    };
    let sender = async {
        let mut connection = Connection::open(ours).await?;
        let answered = connection.exchange(&request).await;
        let response = answered.map_err(ExchangeError::into_failure)?;
        Ok(response::read(response, Instant::now() + LIMIT)
            .await
            .answer)
    };
    match tokio::join!(receiver, sender).1 {
        Ok(answer) => SendOutcome::Answered(answer),
        Err(failure) => SendOutcome::Failed(failure),
    }
}
