//! The webhooks of a run, and how their receivers behave.

use std::time::Duration;

use hyper::StatusCode;
use rig::Reply;
use serde_json::{Value, json};

/// Seconds before each attempt: short, so that what a fault delayed comes within the run.
const RETRIES: [u32; 20] = [0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5];

/// One webhook.
#[derive(Debug)]
pub(crate) struct Hook {
    pub(crate) name: &'static str,
    format: &'static str,
    events: &'static [&'static str],
    temper: Temper,
    /// Milliseconds that a usual answer takes.
    takes_ms: std::ops::Range<u64>,
}

/// What a receiver does beside answering 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Temper {
    Calm,
    /// Some answers are refusals, late, too late, or do not come.
    Moody,
}

const ALL: &[&str] = &[
    "order.add",
    "order.edit",
    "order.delete",
    "task.add",
    "task.edit",
    "task.delete",
    "client.add",
    "client.edit",
    "client.delete",
];

pub(crate) const COUNT: usize = 4;

/// All webhooks; a webhook's place here is its number.
pub(crate) static HOOKS: [Hook; COUNT] = [
    Hook {
        name: "calm",
        format: "envelope",
        events: ALL,
        temper: Temper::Calm,
        takes_ms: 0..2,
    },
    Hook {
        name: "moody",
        format: "form",
        events: ALL,
        temper: Temper::Moody,
        takes_ms: 0..30,
    },
    Hook {
        name: "slow",
        format: "json",
        events: &["order.add", "order.edit", "order.delete"],
        temper: Temper::Calm,
        takes_ms: 50..250,
    },
    Hook {
        name: "clients",
        format: "form",
        events: &["client.add", "client.delete"],
        temper: Temper::Moody,
        takes_ms: 0..10,
    },
];

impl Hook {
    /// Whether an event of this type fires it.
    pub(crate) fn wants(&self, event: &str) -> bool {
        self.events.contains(&event)
    }

    /// The request that makes it.
    pub(crate) fn request(&self, url: &str) -> Value {
        json!({
            "name": self.name,
            "url": url,
            "format": self.format,
            "events": self.events,
            "retry_schedule_s": RETRIES,
        })
    }

    /// How the next callback is answered, and after what time.
    pub(crate) fn mood(&self) -> (Duration, Reply) {
        let usual = Duration::from_millis(fastrand::u64(self.takes_ms.clone()));
        let fine = Reply::Status(StatusCode::OK);
        if self.temper == Temper::Calm {
            return (usual, fine);
        }
        match fastrand::u32(0..1_000) {
            0..20 => (usual, Reply::Status(StatusCode::INTERNAL_SERVER_ERROR)),
            20..25 => (usual, Reply::Close),
            25..35 => (Duration::from_millis(fastrand::u64(300..2_000)), fine),
            // Longer than the sender waits: it goes away first.
            35..37 => (Duration::from_secs(6), fine),
            _ => (usual, fine),
        }
    }
}
