//! Which queues exist and what each of them wants, as a value that every broker interprets.

use std::collections::HashSet;

use crate::error::DeclareError;
use crate::in_process::pattern::{Pattern, words_of};

/// Names, routing keys and patterns are AMQP short strings.
pub(crate) const SHORT_STRING_BYTES: usize = 255;

/// One topic exchange and the queues bound to it.
///
/// Every role declares the whole topology before it publishes (DESIGN 4), so that no message is
/// unroutable only because its consumer starts later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    /// The topic exchange that publishers send to.
    pub exchange: String,
    /// The queues that it feeds.
    pub queues: Vec<Queue>,
}

/// A durable queue and the routing keys it collects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name, unique on the broker.
    pub name: String,
    /// Topic patterns: words parted by dots, `*` for exactly one word, `#` for any number, none
    /// included. A message that several patterns match arrives once.
    pub bindings: Vec<String>,
    /// How many messages it holds before it takes no more; publishers wait or are refused, nothing
    /// is dropped. `None` leaves it to the broker.
    pub max_length: Option<u64>,
    /// How often one message may be handed out before a broker that has such a limit gives it up.
    /// The in-process broker never gives one up. `None` leaves it to the broker.
    pub delivery_limit: Option<u64>,
}

impl Queue {
    /// Whether messages with this routing key go to the queue.
    #[must_use]
    pub fn wants(&self, routing_key: &str) -> bool {
        let key = words_of(routing_key);
        self.bindings
            .iter()
            .any(|binding| Pattern::parse(binding).matches(&key))
    }
}

impl Topology {
    /// Refuses what no broker could hold, so that a topology that works in one process works on
    /// every broker.
    pub(crate) fn check(&self) -> Result<(), DeclareError> {
        check_name("the exchange", &self.exchange)?;
        let mut seen = HashSet::new();
        for queue in &self.queues {
            check_name("a queue", &queue.name)?;
            if !seen.insert(queue.name.as_str()) {
                return invalid(format!("queue {} is listed twice", queue.name));
            }
            if queue.max_length == Some(0) {
                return invalid(format!("queue {} has room for no message", queue.name));
            }
            for pattern in &queue.bindings {
                if pattern.len() > SHORT_STRING_BYTES {
                    return invalid(format!("a binding of queue {} is too long", queue.name));
                }
            }
        }
        Ok(())
    }
}

fn check_name(what: &str, name: &str) -> Result<(), DeclareError> {
    if name.is_empty() {
        return invalid(format!("{what} has no name"));
    }
    if name.len() > SHORT_STRING_BYTES {
        return invalid(format!("{what} has a name over {SHORT_STRING_BYTES} bytes"));
    }
    if name.starts_with("amq.") {
        return invalid(format!(
            "{name}: names that begin with amq. belong to the broker"
        ));
    }
    Ok(())
}

fn invalid(reason: String) -> Result<(), DeclareError> {
    Err(DeclareError::Invalid { reason })
}

#[cfg(test)]
mod tests {
    use super::{Queue, Topology};

    fn queue(name: &str) -> Queue {
        Queue {
            name: name.to_owned(),
            bindings: vec!["#".to_owned()],
            max_length: None,
            delivery_limit: None,
        }
    }

    #[test]
    fn a_queue_wants_what_its_bindings_match() {
        let queue = Queue {
            bindings: vec!["order.*".to_owned(), "token.revoked".to_owned()],
            ..queue("a")
        };
        assert!(queue.wants("order.add"));
        assert!(queue.wants("token.revoked"));
        assert!(!queue.wants("token.issued"));
        assert!(!queue.wants("order"));
    }

    fn refusal(exchange: &str, queues: Vec<Queue>) -> String {
        let topology = Topology {
            exchange: exchange.to_owned(),
            queues,
        };
        topology.check().unwrap_err().to_string()
    }

    #[test]
    fn a_sensible_topology_passes() {
        let topology = Topology {
            exchange: "x".to_owned(),
            queues: vec![queue("a"), queue("b")],
        };
        topology.check().unwrap();
    }

    #[test]
    fn what_no_broker_could_hold_is_refused_with_its_reason() {
        assert!(refusal("", vec![]).contains("exchange has no name"));
        assert!(refusal("x", vec![queue("")]).contains("queue has no name"));
        assert!(refusal("x", vec![queue("amq.gen")]).contains("amq.gen"));
        assert!(refusal("x", vec![queue(&"q".repeat(256))]).contains("255"));
        assert!(refusal("x", vec![queue("a"), queue("a")]).contains("listed twice"));
        let full = Queue {
            max_length: Some(0),
            ..queue("a")
        };
        assert!(refusal("x", vec![full]).contains("room for no message"));
        let long = Queue {
            bindings: vec!["k".repeat(256)],
            ..queue("a")
        };
        assert!(refusal("x", vec![long]).contains("binding"));
    }
}
