//! When each callback came.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::StatusCode;
use rig::{Callback, Receiver, Reply};

/// Without a new callback for so long, what is missing will not come.
const STALLED: Duration = Duration::from_secs(30);

/// A receiver that answers 200 at once and notes what came.
#[derive(Debug, Clone)]
pub(crate) struct Noting {
    receiver: Receiver,
    arrivals: Arc<Mutex<Arrivals>>,
}

/// What came since the last measurement began.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    /// The client that a callback was about, and when it came; repeats left out.
    pub(crate) first: Vec<(u64, Instant)>,
    /// Callbacks whose `webhook-id` had come before.
    pub(crate) repeats: u64,
    /// The body of one of them.
    pub(crate) sample: Bytes,
    seen: HashSet<Bytes>,
}

impl Noting {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let arrivals = Arc::new(Mutex::new(Arrivals::default()));
        let noting = Arc::clone(&arrivals);
        let receiver = Receiver::start(move |callback| {
            lock(&noting).note(callback);
            std::future::ready(Reply::Status(StatusCode::OK))
        });
        Ok(Self {
            receiver: receiver.await?,
            arrivals,
        })
    }

    pub(crate) fn receiver(&self) -> Receiver {
        self.receiver
    }

    /// Forgets what came before and hands it over.
    pub(crate) fn take(&self) -> Arrivals {
        std::mem::take(&mut *lock(&self.arrivals))
    }

    /// Waits until `count` different callbacks came, or no more do.
    pub(crate) async fn wait_for(&self, count: usize) {
        let arrived = || lock(&self.arrivals).first.len();
        let (mut before, mut since) = (arrived(), Instant::now());
        while before < count && since.elapsed() < STALLED {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let now = arrived();
            if now != before {
                (before, since) = (now, Instant::now());
            }
        }
    }
}

impl Arrivals {
    fn note(&mut self, callback: Callback) {
        let Callback {
            headers, body, at, ..
        } = callback;
        // Test requests are about no client.
        let (Some(id), Some(client)) = (headers.get("webhook-id"), client_of(&body)) else {
            return;
        };
        if self.seen.insert(Bytes::copy_from_slice(id.as_bytes())) {
            self.first.push((client, at));
            self.sample = body;
        } else {
            self.repeats += 1;
        }
    }
}

fn lock(arrivals: &Mutex<Arrivals>) -> MutexGuard<'_, Arrivals> {
    arrivals.lock().unwrap_or_else(PoisonError::into_inner)
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
