//! A receiver that keeps its callers waiting.

use std::time::{Duration, Instant};

use anyhow::ensure;
use hyper::StatusCode;
use rig::{Receiver, Reply};

use crate::under_way::UnderWay;

/// How long calls may take to come.
const DEADLINE: Duration = Duration::from_secs(30);

/// Counts those that wait.
#[derive(Debug)]
pub(crate) struct Holding {
    receiver: Receiver,
    under_way: UnderWay,
}

impl Holding {
    /// One that answers 200 after so long, or, without, never; a test request at once.
    pub(crate) async fn start(takes: Option<Duration>) -> anyhow::Result<Self> {
        let under_way = UnderWay::default();
        let calls = under_way.clone();
        let receiver = Receiver::start(move |callback| {
            let is_test = callback.body.starts_with(b"test=");
            let call = (!is_test).then(|| calls.begin());
            async move {
                match takes {
                    _ if is_test => {}
                    Some(takes) => tokio::time::sleep(takes).await,
                    // Until the caller goes away.
                    None => std::future::pending().await,
                }
                drop(call);
                Reply::Status(StatusCode::OK)
            }
        });
        Ok(Self {
            receiver: receiver.await?,
            under_way,
        })
    }

    pub(crate) fn url(&self, number: u32) -> String {
        self.receiver.url(number)
    }

    /// Calls that waited at the same time.
    pub(crate) fn most(&self) -> usize {
        self.under_way.most()
    }

    /// Waits until so many wait.
    ///
    /// # Errors
    /// They do not come.
    pub(crate) async fn wait_for(&self, calls: usize) -> anyhow::Result<()> {
        let started = Instant::now();
        while self.under_way.now() < calls {
            let now = self.under_way.now();
            ensure!(started.elapsed() < DEADLINE, "only {now} calls came");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}
