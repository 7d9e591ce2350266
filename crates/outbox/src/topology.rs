//! What every role declares on the broker before it publishes.

use broker::{Queue, Topology};

use crate::queue;

/// The topic exchange that all events go through.
pub(crate) const EXCHANGE: &str = "dealwire.events";

/// How many messages a queue holds before it refuses more; the outboxes hold
/// the rest.
const MAX_LENGTH: u64 = 1_000_000;

/// High enough that a worker which crashes in a loop parks no good event.
const DELIVERY_LIMIT: u64 = 1_000_000;

/// Every exchange, queue and binding of the installation (DESIGN 4).
pub fn topology() -> Topology {
    let queues = [
        (
            queue::DELIVERY_EVENTS,
            &["order.*", "task.*", "client.*", "pipeline.*"][..],
        ),
        (queue::DELIVERY_TOKENS, &["token.revoked"]),
        (queue::ENTITY_TOKENS, &["token.revoked"]),
        (queue::INTAKE_TOKENS, &["token.revoked"]),
        (queue::ENTITY_LEADS, &["lead.conversion_requested"]),
        (queue::INTAKE_CONVERSIONS, &["lead.converted"]),
        (queue::ENTITY_ERASURES, &["person.erased"]),
        (queue::DELIVERY_ERASURES, &["person.erased"]),
    ];
    Topology {
        exchange: EXCHANGE.to_owned(),
        queues: queues
            .into_iter()
            .map(|(name, bindings)| Queue {
                name: name.to_owned(),
                bindings: bindings.iter().map(|key| (*key).to_owned()).collect(),
                max_length: Some(MAX_LENGTH),
                delivery_limit: Some(DELIVERY_LIMIT),
            })
            .collect(),
    }
}
