//! Which queues want which routing keys.

use std::sync::{Arc, PoisonError, RwLock};

use super::message_queue::MessageQueue;
use super::pattern::{Pattern, words_of};

/// A topic exchange: read on every publish, written only while declaring.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    /// Ordered by the queues' rank, and with it every route.
    bindings: RwLock<Vec<Binding>>,
}

#[derive(Debug)]
struct Binding {
    queue: Arc<MessageQueue>,
    patterns: Vec<Pattern>,
}

impl Exchange {
    /// Adds the bindings that are not there yet.
    pub(super) fn bind(&self, queue: &Arc<MessageQueue>, patterns: &[String]) {
        let mut bindings = self
            .bindings
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let at = match bindings.binary_search_by_key(&queue.rank(), |bound| bound.queue.rank()) {
            Ok(at) => at,
            Err(at) => {
                bindings.insert(
                    at,
                    Binding {
                        queue: Arc::clone(queue),
                        patterns: Vec::new(),
                    },
                );
                at
            }
        };
        for pattern in patterns {
            let pattern = Pattern::parse(pattern);
            if !bindings[at].patterns.contains(&pattern) {
                bindings[at].patterns.push(pattern);
            }
        }
    }

    /// Finds the queues that want a key, each once, in the order of their rank. Waiting for room in
    /// that order is what keeps publishers from waiting for each other in a circle.
    pub(super) fn route(&self, routing_key: &str) -> Vec<Arc<MessageQueue>> {
        let key = words_of(routing_key);
        self.bindings
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .filter(|bound| bound.patterns.iter().any(|pattern| pattern.matches(&key)))
            .map(|bound| Arc::clone(&bound.queue))
            .collect()
    }
}
