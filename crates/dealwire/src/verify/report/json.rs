//! The report for programs.

use delivery_worker::audit::state_names;
use outbox::audit::OutboxEntry;
use serde_json::{Map, Value, json};

use super::{NAMED, Report, hours};
use crate::verify::Queue;
use crate::verify::events::Damage;
use crate::verify::leads::{LeadFindings, Way};

impl Report {
    /// The same as its text. Of each kind of damage the first ones are named.
    pub(crate) fn to_json(&self) -> Value {
        let (events, found) = (&self.events, &self.deliveries);
        let by_state = |counts: &std::collections::HashMap<String, i64>| -> Map<String, Value> {
            state_names()
                .map(|state| (state.to_owned(), json!(counts.get(state).unwrap_or(&0))))
                .collect()
        };
        let hours: Vec<Value> = found
            .hours
            .iter()
            .map(|(key, counts)| {
                json!({
                    "hour": format!("{}Z", hours::begin(*key)),
                    "webhook_id": key.webhook_id,
                    "deliveries": counts.rows,
                    "waiting": counts.waiting,
                    "held": counts.held,
                    "skipped": counts.skipped,
                    "replays": counts.replays,
                    "missing": counts.missing,
                })
            })
            .collect();
        json!({
            "sound": self.is_sound(),
            "cutoff": {
                "oldest_seq": self.cutoff.oldest_seq,
                "last_seq": self.cutoff.last_seq,
                "unnumbered": self.unnumbered,
                "published_through": self.published_through,
            },
            "events": {
                "kept": events.kept,
                "wanted": events.wanted,
                "known": events.known,
                "expired": events.expired,
                "parked": some(&events.parked, entry),
                "in_queue": list(self.in_queue()),
                "to_publish": list(self.waiting()),
                "lost": list(self.unaccounted()),
                "queue_is_known": self.queue != Queue::Unknown,
                "gaps": some(&events.gaps, |gap| json!([gap.first, gap.last])),
                "history": some(&events.breaks, |found| json!({
                    "seq": found.entry.seq,
                    "record_id": found.record_id,
                    "revision": found.revision,
                    "expected": found.expected,
                })),
            },
            "deliveries": {
                "matched": found.matched,
                "rows": found.rows,
                "expired": found.expired,
                "states": by_state(&found.by_state),
                "held": found.held,
                "replays": by_state(&found.replays),
                "repeated": found.repeated,
                "oldest_due_seconds": found.oldest_due_age_us.map(|age_us| age_us / 1_000_000),
                "miscounted": some(&found.miscounted, |event| json!({
                    "event_id": event.event_id.to_string(),
                    "seq": event.seq,
                    "matched": event.matched,
                    "rows": event.rows,
                })),
                "orphans": some(&found.orphans, |id| json!(id.to_string())),
                "given_up": self.deliveries.given_up,
                "strangers": some(&found.strangers, |event| json!({
                    "event_id": event.event_id.to_string(),
                    "seq": event.seq,
                })),
            },
            "hours": hours,
            "leads": self.leads.as_ref().map(leads),
            "rows_read": self.rows_read(),
            "milliseconds": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
        })
    }
}

fn leads(found: &LeadFindings) -> Value {
    json!({
        "states": found.by_state,
        "requests": way(&found.requests),
        "answers": way(&found.answers),
        "stuck": found.stuck,
    })
}

fn way(way: &Way) -> Value {
    json!({
        "wanted": way.wanted,
        "taken_in": way.taken_in,
        "parked": way.parked,
        "in_queue": list(&way.in_queue),
        "to_publish": list(&way.waiting),
        "lost": list(&way.lost),
    })
}

fn entry(entry: &OutboxEntry) -> Value {
    json!({
        "seq": entry.seq,
        "event_id": entry.event_id.to_string(),
        "type": entry.event_type,
    })
}

/// How many there are, and the first ones.
fn list(entries: &[OutboxEntry]) -> Value {
    let first: Vec<Value> = entries.iter().take(NAMED).map(entry).collect();
    json!({"count": entries.len(), "first": first})
}

fn some<T>(damage: &Damage<T>, show: impl Fn(&T) -> Value) -> Value {
    let first: Vec<Value> = damage.first.iter().map(show).collect();
    json!({"count": damage.count, "first": first})
}
