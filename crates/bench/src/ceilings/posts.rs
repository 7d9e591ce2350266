//! A client that only sends: as fast as the receiver answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use anyhow::ensure;
use bytes::Bytes;
use hyper::Method;
use hyper::header::HeaderValue;
use rig::{Ask, Connection};
use tokio::task::JoinSet;

use super::Done;
use crate::arrivals::{Component, Noting};

/// So many requests over `connections` that are kept alive.
pub(super) async fn send(connections: u32, count: u32, body: &Bytes) -> anyhow::Result<Done> {
    let receiver = Noting::start(Component::Client).await?;
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(Connection::open(receiver.receiver().address(), None).await?);
    }
    let next = Arc::new(AtomicU32::new(0));
    let mut senders: JoinSet<anyhow::Result<()>> = JoinSet::new();
    let started = Instant::now();
    for mut connection in open {
        let (next, body) = (Arc::clone(&next), body.clone());
        senders.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return Ok(());
                }
                let mut ask = Ask::new(Method::POST, "/0");
                ask.headers.insert("webhook-id", HeaderValue::from(number));
                ask.body = body.clone();
                let answer = connection.send(ask).await?;
                ensure!(
                    answer.status.is_success(),
                    "the receiver answers {}",
                    answer.status
                );
            }
        });
    }
    while let Some(ended) = senders.join_next().await {
        ended??;
    }
    let took = started.elapsed();
    let came = receiver.take().first.len();
    ensure!(came == count as usize, "{came} of {count} requests came");
    Ok(Done { count: came, took })
}
