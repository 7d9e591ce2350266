//! As many leads as are taken: every connection posts the next one when it is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::{People, Phones, Target, lead};

/// How it went.
#[derive(Debug)]
pub(crate) struct Flood {
    /// Before the first request.
    pub(crate) started: Instant,
    /// Until the last answer.
    pub(crate) took: Duration,
    /// From each request to its answer.
    pub(crate) answers: Vec<Duration>,
    /// The highest id of a lead that was made.
    pub(crate) highest_id: u64,
}

/// Posts `count` leads over so many connections.
pub(crate) async fn flood(
    target: &Target,
    connections: u32,
    count: u32,
    people: &Arc<People>,
    phones: Phones,
) -> anyhow::Result<Flood> {
    let mut senders = Vec::new();
    for _ in 0..connections {
        senders.push(target.connect().await?);
    }
    let begun = Arc::new(AtomicU32::new(0));
    let mut working: JoinSet<anyhow::Result<(u64, Vec<Duration>)>> = JoinSet::new();
    let started = Instant::now();
    for mut sender in senders {
        let (begun, people) = (Arc::clone(&begun), Arc::clone(people));
        working.spawn(async move {
            let (mut highest_id, mut answers) = (0, Vec::new());
            while begun.fetch_add(1, Ordering::Relaxed) < count {
                let lead = lead(people.next(), phones);
                let sent = Instant::now();
                highest_id = highest_id.max(sender.post(&lead).await?);
                answers.push(sent.elapsed());
            }
            Ok((highest_id, answers))
        });
    }
    let (mut highest_id, mut answers) = (0, Vec::new());
    while let Some(ended) = working.join_next().await {
        let (highest, times) = ended??;
        highest_id = highest_id.max(highest);
        answers.extend(times);
    }
    Ok(Flood {
        started,
        took: started.elapsed(),
        answers,
        highest_id,
    })
}
