//! When each callback came.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use hyper::StatusCode;
use rig::{Callback, Receiver, Reply};

use crate::under_way::UnderWay;

/// Without a new callback for so long, what is missing will not come.
const STALLED: Duration = Duration::from_secs(30);

/// A receiver that answers 200 and notes what came.
#[derive(Debug, Clone)]
pub(crate) struct Noting {
    receiver: Receiver,
    arrivals: Arc<Mutex<Arrivals>>,
    under_way: UnderWay,
}

/// What the callbacks are about that are noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Component {
    Client,
    Order,
}

/// What came since the last measurement began.
#[derive(Debug)]
pub(crate) struct Arrivals {
    component: Component,
    /// The record that a callback was about, and when it came; repeats left out.
    pub(crate) first: Vec<(u64, Instant)>,
    /// When callbacks came whose `webhook-id` had come before.
    pub(crate) repeats: Vec<Instant>,
    /// The body of one of them.
    pub(crate) sample: Bytes,
    /// Callbacks about tasks, which only mark that all before them has come.
    tasks: usize,
    /// Callbacks about records up to this one are not noted.
    ignored_up_to: u64,
    seen: HashSet<Bytes>,
}

impl Noting {
    /// One that answers at once.
    pub(crate) async fn start(component: Component) -> anyhow::Result<Self> {
        Self::start_taking(component, Duration::ZERO).await
    }

    /// One that takes so long to answer.
    pub(crate) async fn start_taking(
        component: Component,
        takes: Duration,
    ) -> anyhow::Result<Self> {
        let arrivals = Arc::new(Mutex::new(Arrivals::of(component, 0)));
        let under_way = UnderWay::default();
        let (noting, calls) = (Arc::clone(&arrivals), under_way.clone());
        let receiver = Receiver::start(move |callback| {
            lock(&noting).note(callback);
            let call = calls.begin();
            async move {
                if !takes.is_zero() {
                    tokio::time::sleep(takes).await;
                }
                drop(call);
                Reply::Status(StatusCode::OK)
            }
        });
        Ok(Self {
            receiver: receiver.await?,
            arrivals,
            under_way,
        })
    }

    pub(crate) fn receiver(&self) -> Receiver {
        self.receiver
    }

    /// Calls that came and are not answered.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way.now()
    }

    /// Forgets what came before and hands it over.
    pub(crate) fn take(&self) -> Arrivals {
        let mut arrivals = lock(&self.arrivals);
        let fresh = Arrivals::of(arrivals.component, arrivals.ignored_up_to);
        std::mem::replace(&mut *arrivals, fresh)
    }

    /// Leaves out callbacks about records up to this one from now on.
    pub(crate) fn ignore_up_to(&self, record: u64) {
        lock(&self.arrivals).ignored_up_to = record;
    }

    /// Waits until `count` different callbacks came, or no more do.
    pub(crate) async fn wait_for(&self, count: usize) {
        self.wait(count, |arrivals| arrivals.first.len()).await;
    }

    /// Waits until a callback about a task came.
    ///
    /// # Errors
    /// It did not.
    pub(crate) async fn wait_for_task(&self) -> anyhow::Result<()> {
        self.wait(1, |arrivals| arrivals.tasks).await;
        ensure!(
            lock(&self.arrivals).tasks > 0,
            "the callback about a task did not come"
        );
        Ok(())
    }

    /// Waits until so many were counted, or the count stays the same.
    async fn wait(&self, count: usize, counted: fn(&Arrivals) -> usize) {
        let arrived = || counted(&lock(&self.arrivals));
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
    fn of(component: Component, ignored_up_to: u64) -> Self {
        Self {
            component,
            first: Vec::new(),
            repeats: Vec::new(),
            sample: Bytes::new(),
            tasks: 0,
            ignored_up_to,
            seen: HashSet::new(),
        }
    }

    /// Every callback came, and none twice: without a crash there is no reason to repeat.
    pub(crate) fn check(&self, expected: usize) -> anyhow::Result<()> {
        let came = self.first.len();
        ensure!(came == expected, "{came} of {expected} callbacks came");
        if !self.repeats.is_empty() {
            eprintln!("bench: {} callbacks came again", self.repeats.len());
        }
        Ok(())
    }

    /// From when each record was `answered` for to its callback; zero where the callback
    /// was first.
    pub(crate) fn latencies(
        &self,
        answered: &HashMap<u64, Instant>,
    ) -> anyhow::Result<Vec<Duration>> {
        let latency = |(record, at): &(u64, Instant)| {
            let answered = answered
                .get(record)
                .with_context(|| format!("a callback is about the unknown record {record}"))?;
            Ok(at.saturating_duration_since(*answered))
        };
        self.first.iter().map(latency).collect()
    }

    fn note(&mut self, callback: Callback) {
        let Callback {
            headers, body, at, ..
        } = callback;
        let Some(id) = headers.get("webhook-id") else {
            return;
        };
        let Some(record) = id_of(&body, self.component.pair()) else {
            // Test requests are about nothing.
            self.tasks += usize::from(id_of(&body, b"component=task").is_some());
            return;
        };
        if record <= self.ignored_up_to {
            return;
        }
        if self.seen.insert(Bytes::copy_from_slice(id.as_bytes())) {
            self.first.push((record, at));
            self.sample = body;
        } else {
            self.repeats.push(at);
        }
    }
}

impl Component {
    /// How a form body says it (WIRE 1).
    fn pair(self) -> &'static [u8] {
        match self {
            Self::Client => b"component=client",
            Self::Order => b"component=order",
        }
    }
}

fn lock(arrivals: &Mutex<Arrivals>) -> MutexGuard<'_, Arrivals> {
    arrivals.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The id in a form body about such a component, which begins `id=…` (WIRE 1).
fn id_of(body: &[u8], component: &[u8]) -> Option<u64> {
    let is_about_it = body
        .split(|byte| *byte == b'&')
        .any(|pair| pair == component);
    let id = body
        .strip_prefix(b"id=")?
        .split(|byte| *byte == b'&')
        .next();
    let id = id.filter(|_| is_about_it)?;
    std::str::from_utf8(id).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_id_of_a_callback_and_of_no_test_request() {
        let body = b"id=77&realname=x&component=client&event=add";
        assert_eq!(id_of(body, b"component=client"), Some(77));
        assert_eq!(id_of(body, b"component=task"), None);
        assert_eq!(id_of(b"test=test", b"component=client"), None);
    }
}
