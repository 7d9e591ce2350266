//! kill -9 under load: what was answered 2xx arrives.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use test_support::{ApiClient, MockReceiver, wait_until};
use tokio::sync::Mutex;

use super::process::{DEADLINE, Up};

/// Writers that run at once.
const WRITERS: usize = 8;
/// Orders accepted before each kill.
const ORDERS_PER_ROUND: usize = 300;
const ROUNDS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_answered_is_lost_over_three_kills() {
    let home = tempfile::tempdir().unwrap();
    let receiver = MockReceiver::start().await;
    let accepted = Arc::new(Mutex::new(BTreeSet::new()));
    let mut up = Up::start(&home).await;
    up.webhook(&receiver.url("/"), "json", &["order.add"]).await;
    for round in 1..=ROUNDS {
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                tokio::spawn(write(
                    up.api.clone(),
                    Arc::clone(&accepted),
                    Arc::clone(&stop),
                ))
            })
            .collect();
        wait_until(DEADLINE, || async {
            accepted.lock().await.len() >= round * ORDERS_PER_ROUND
        })
        .await;
        up.kill().await;
        stop.store(true, Ordering::SeqCst);
        for writer in writers {
            writer.await.unwrap();
        }
        up = Up::start(&home).await;
    }
    let accepted = accepted.lock().await.clone();
    wait_until(3 * DEADLINE, || async {
        accepted.is_subset(&delivered(&receiver).into_keys().collect())
    })
    .await;
    assert_repeats_keep_their_id(&receiver);
    let repeats: usize = delivered(&receiver).values().map(|times| times - 1).sum();
    println!(
        "{} orders accepted over {ROUNDS} kills, all delivered, {repeats} repeats",
        accepted.len()
    );
}

/// Creates orders until told to stop; notes those that were answered 201.
async fn write(api: ApiClient, accepted: Arc<Mutex<BTreeSet<i64>>>, stop: Arc<AtomicBool>) {
    let body = json!({"name": "load"});
    while !stop.load(Ordering::SeqCst) {
        let answer = api
            .send("POST".parse().unwrap(), "/api/v1/orders", &[], Some(&body))
            .await;
        match answer {
            Ok(answer) if answer.status.as_u16() == 201 && !answer.body.is_empty() => {
                accepted.lock().await.insert(answer.id());
            }
            // The program is down or going down.
            _ => tokio::task::yield_now().await,
        }
    }
}

/// How often each order came.
fn delivered(receiver: &MockReceiver) -> HashMap<i64, usize> {
    let mut times = HashMap::new();
    for request in receiver.requests() {
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        if let Some(id) = body["id"].as_i64() {
            *times.entry(id).or_default() += 1;
        }
    }
    times
}

fn assert_repeats_keep_their_id(receiver: &MockReceiver) {
    let mut ids: HashMap<i64, String> = HashMap::new();
    for request in receiver.requests() {
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        let Some(order) = body["id"].as_i64() else {
            continue;
        };
        let id = request.header("webhook-id").unwrap().to_owned();
        assert_eq!(ids.entry(order).or_insert_with(|| id.clone()), &id);
    }
}
