//! Several relays on one database: only where this run has such a database.

use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use outbox::queue::DELIVERY_EVENTS;
use outbox::{Relay, RelayConfig};
use test_support::wait_until;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::fixture::{DEADLINE, Outbox};
use crate::relay::receive;

#[tokio::test]
async fn of_two_relays_only_one_publishes() {
    let Some(outbox) = Outbox::shared().await else {
        return;
    };
    let cancel = CancellationToken::new();
    let first = tokio::spawn(outbox.relay().run(cancel.clone()));
    let other = outbox.other_relay(Outbox::config()).await;
    let second = tokio::spawn(other.run(cancel.clone()));
    for number in 0..50 {
        outbox.append(1, &number.to_string()).await;
    }
    let mut consumer = outbox.broker.consumer(DELIVERY_EVENTS, 100).await.unwrap();
    let received = receive(&mut consumer, 50).await;
    let numbers: Vec<u64> = received.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(numbers, (1..=50).collect::<Vec<u64>>());
    wait_until(DEADLINE, || async {
        outbox.published_through().await == 50
    })
    .await;
    cancel.cancel();
    timeout(DEADLINE, first).await.unwrap().unwrap();
    timeout(DEADLINE, second).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_replica_that_does_not_lead_wakes_the_one_that_does() {
    let Some(outbox) = Outbox::shared().await else {
        return;
    };
    // Nothing but the wake can make it look in time.
    let config = RelayConfig {
        lease: Duration::from_secs(60),
        poll: DEADLINE * 10,
        ..Outbox::config()
    };
    let cancel = CancellationToken::new();
    let leader = outbox.other_relay(config.clone()).await;
    outbox.append(1, "found when it began to lead").await;
    let leading = tokio::spawn(leader.run(cancel.clone()));
    let mut consumer = outbox.broker.consumer(DELIVERY_EVENTS, 100).await.unwrap();
    receive(&mut consumer, 1).await;

    let follower = outbox.other_relay(config).await;
    let waker = follower.waker();
    let following = tokio::spawn(follower.run(cancel.clone()));
    for seq in 2..5 {
        outbox.append(1, "told of").await;
        waker.wake();
        let received = receive(&mut consumer, 1).await;
        assert_eq!(received[0].0, seq);
    }
    cancel.cancel();
    timeout(DEADLINE, leading).await.unwrap().unwrap();
    timeout(DEADLINE, following).await.unwrap().unwrap();
}

#[tokio::test]
async fn another_relay_takes_over_when_the_lease_of_a_killed_one_ends() {
    let Some(outbox) = Outbox::shared().await else {
        return;
    };
    let cancel = CancellationToken::new();
    let killed = tokio::spawn(outbox.relay().run(cancel.clone()));
    let mut consumer = outbox.broker.consumer(DELIVERY_EVENTS, 100).await.unwrap();
    outbox.append(1, "first").await;
    receive(&mut consumer, 1).await;
    let heir = outbox.other_relay(Outbox::config()).await;
    let inheriting = tokio::spawn(heir.run(cancel.clone()));
    killed.abort();
    outbox.append(1, "second").await;
    wait_until(DEADLINE, || async { outbox.published_through().await == 2 }).await;
    cancel.cancel();
    timeout(DEADLINE, inheriting).await.unwrap().unwrap();
}

/// A relay on a thread and a runtime of its own, which can be brought to a stop
/// as SIGSTOP does it: in the middle of whatever it is at.
struct Stoppable {
    stop: tokio::sync::mpsc::UnboundedSender<mpsc::Receiver<()>>,
    thread: JoinHandle<()>,
}

impl Stoppable {
    fn start(
        make: impl AsyncFnOnce() -> Relay + Send + 'static,
        cancel: CancellationToken,
    ) -> Self {
        let (stop, mut stops) = tokio::sync::mpsc::unbounded_channel::<mpsc::Receiver<()>>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                tokio::spawn(async move {
                    while let Some(resumed) = stops.recv().await {
                        resumed.recv().unwrap_err();
                    }
                });
                make().await.run(cancel).await;
            });
        });
        Self { stop, thread }
    }

    /// It stands still until what this returns is dropped.
    fn stop(&self) -> mpsc::Sender<()> {
        let (resume, resumed) = mpsc::channel();
        self.stop.send(resumed).unwrap();
        resume
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_was_stopped_does_no_harm_when_it_comes_back() {
    let Some(outbox) = Outbox::shared().await else {
        return;
    };
    let outbox = std::sync::Arc::new(outbox);
    let cancel = CancellationToken::new();
    let home = std::sync::Arc::clone(&outbox);
    let first = Stoppable::start(
        async move || home.other_relay(Outbox::config()).await,
        cancel.clone(),
    );
    let mut consumer = outbox.broker.consumer(DELIVERY_EVENTS, 100).await.unwrap();
    outbox.append(1, "before").await;
    receive(&mut consumer, 1).await;

    let resume = first.stop();
    let heir = outbox.other_relay(Outbox::config()).await;
    let inheriting = tokio::spawn(heir.run(cancel.clone()));
    for number in 0..20 {
        outbox.append(1, &number.to_string()).await;
    }
    wait_until(DEADLINE, || async {
        outbox.published_through().await == 21
    })
    .await;

    drop(resume);
    let mut through = 21;
    for number in 0..20 {
        outbox.append(1, &number.to_string()).await;
        let now = outbox.published_through().await;
        assert!(now >= through, "from {through} back to {now}");
        through = now;
    }
    wait_until(DEADLINE, || async {
        outbox.published_through().await == 41
    })
    .await;
    let mut seen = std::collections::BTreeSet::from([1]);
    while seen.len() < 41 {
        seen.extend(receive(&mut consumer, 1).await.iter().map(|(seq, _)| *seq));
    }
    cancel.cancel();
    timeout(DEADLINE, inheriting).await.unwrap().unwrap();
    tokio::task::spawn_blocking(move || first.thread.join().unwrap())
        .await
        .unwrap();
}
