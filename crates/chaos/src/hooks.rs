//! The webhooks and triggers of a run, and how their receivers behave.

mod drawn;
mod temper;

use std::time::Duration;

use rig::Reply;
use serde_json::{Value, json};

pub(crate) use drawn::draw;
pub(crate) use temper::Temper;

/// Seconds before each attempt: short, so that what a fault delayed comes within the run.
const RETRIES: [u32; 20] = [0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5];

/// A webhook or a trigger.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub(crate) name: &'static str,
    kind: Kind,
    /// Which events fire it.
    events: &'static [&'static str],
    temper: Temper,
    /// Milliseconds that a usual answer takes.
    takes_ms: std::ops::Range<u64>,
    pub(crate) order: Order,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Webhook { format: &'static str },
    Trigger { event: &'static str },
}

/// What a webhook asks for beside every change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Nothing.
    Any,
    /// Each record's changes one after the other.
    Ordered,
    /// While a change waits, only the newest of its record.
    LatestOnly,
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

const OF_ORDERS: &[&str] = &["order.add", "order.edit", "order.delete"];

/// The webhooks of a run that is no round.
pub(crate) fn usual() -> Vec<Hook> {
    vec![
        Hook::webhook("calm", "envelope", ALL, Temper::Calm, 0..2),
        Hook::webhook("moody", "form", ALL, Temper::Moody, 0..30),
        Hook::webhook("slow", "json", OF_ORDERS, Temper::Calm, 50..250),
        Hook::webhook(
            "clients",
            "form",
            &["client.add", "client.delete"],
            Temper::Moody,
            0..10,
        ),
        Hook::trigger("created", "created_in", &["order.add"], Temper::Moody),
    ]
}

impl Hook {
    fn webhook(
        name: &'static str,
        format: &'static str,
        events: &'static [&'static str],
        temper: Temper,
        takes_ms: std::ops::Range<u64>,
    ) -> Self {
        Self {
            name,
            kind: Kind::Webhook { format },
            events,
            temper,
            takes_ms,
            order: Order::Any,
        }
    }

    fn trigger(
        name: &'static str,
        event: &'static str,
        events: &'static [&'static str],
        temper: Temper,
    ) -> Self {
        Self {
            kind: Kind::Trigger { event },
            ..Self::webhook(name, "form", events, temper, 0..10)
        }
    }

    /// Whether an event of this type fires it.
    pub(crate) fn wants(&self, event: &str) -> bool {
        self.events.contains(&event)
    }

    /// The path of its kind.
    pub(crate) fn path(&self) -> &'static str {
        match self.kind {
            Kind::Webhook { .. } => "/api/v1/webhooks",
            Kind::Trigger { .. } => "/api/v1/triggers",
        }
    }

    /// The request that makes it; `stage` is the one that all orders are in.
    pub(crate) fn request(&self, url: &str, stage: u64) -> Value {
        let mut body = json!({
            "name": self.name,
            "url": url,
            "retry_schedule_s": RETRIES,
        });
        match self.kind {
            Kind::Webhook { format } => {
                body["format"] = format.into();
                body["events"] = self.events.into();
            }
            Kind::Trigger { event } => {
                body["id_status"] = stage.into();
                body["event"] = event.into();
                body["parameters"] = parameters(self.events);
            }
        }
        match self.order {
            Order::Any => {}
            Order::Ordered => body["ordered"] = true.into(),
            Order::LatestOnly => body["latest_only"] = true.into(),
        }
        body
    }

    /// How the next callback is answered, and after what time; `is_mended` from when all
    /// receivers shall be well.
    pub(crate) fn mood(&self, age: Duration, is_mended: bool) -> (Duration, Reply) {
        let usual = Duration::from_millis(fastrand::u64(self.takes_ms.clone()));
        if is_mended {
            return Temper::Calm.mood(usual, age);
        }
        self.temper.mood(usual, age)
    }

    /// What it is, for people.
    pub(crate) fn describe(&self) -> String {
        let (temper, millis) = (self.temper, &self.takes_ms);
        format!("{} ({temper:?}, {} ms at most)", self.name, millis.end)
    }
}

/// What tells which event it was, and its mark: a change's text, a lead's `utmTerm`.
fn parameters(events: &[&str]) -> Value {
    let action = events
        .first()
        .and_then(|event| event.split_once('.'))
        .map_or("", |(_, action)| action);
    let field = |name: &str, value: &str| json!({"name": name, "kind": "field", "value": value});
    let value = |name: &str, value: &str| json!({"name": name, "kind": "value", "value": value});
    json!([
        field("id", "id"),
        field("text", "text"),
        field("term", "marks.utmTerm"),
        value("component", "order"),
        value("event", action),
    ])
}
