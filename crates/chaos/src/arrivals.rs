//! Everything that the receivers saw.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use hyper::StatusCode;
use rig::{Callback, Reply};
use standardwebhooks::Webhook;

use crate::callback::{is_test, key_of};
use crate::hooks::Hook;
use crate::ledger::{Key, Record};

/// What came; shared with the receiver.
#[derive(Clone)]
pub(crate) struct Arrivals {
    shared: Arc<Shared>,
}

impl fmt::Debug for Arrivals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrivals").finish_non_exhaustive()
    }
}

struct Shared {
    /// Whose callbacks these are; a webhook's place here is its number.
    hooks: Vec<Hook>,
    verifiers: Vec<OnceLock<Webhook>>,
    start: Instant,
    are_mended: AtomicBool,
    seen: Mutex<Seen>,
}

/// One request, test requests left out.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) webhook: u32,
    /// `webhook-id`; empty if it came without.
    pub(crate) id: String,
    pub(crate) key: Option<Key>,
    pub(crate) body: Bytes,
    pub(crate) has_valid_signature: bool,
    pub(crate) at: Instant,
    /// When it was answered with 2xx.
    pub(crate) taken_at: Option<Instant>,
    /// When its sender went away without waiting for the answer.
    pub(crate) given_up_at: Option<Instant>,
}

/// A request that came while another one of its record to its webhook was being answered.
#[derive(Debug)]
pub(crate) struct Overlap {
    /// Places in [`Seen::arrivals`].
    pub(crate) earlier: usize,
    pub(crate) later: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) arrivals: Vec<Arrival>,
    pub(crate) overlaps: Vec<Overlap>,
    in_flight: HashMap<(u32, Record), Vec<usize>>,
}

impl Arrivals {
    /// For the callbacks of these.
    pub(crate) fn of(hooks: Vec<Hook>) -> Self {
        let verifiers = hooks.iter().map(|_| OnceLock::new()).collect();
        Self {
            shared: Arc::new(Shared {
                hooks,
                verifiers,
                start: Instant::now(),
                are_mended: AtomicBool::new(false),
                seen: Mutex::default(),
            }),
        }
    }

    /// The webhooks; one's place is its number.
    pub(crate) fn hooks(&self) -> &[Hook] {
        &self.shared.hooks
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Seen> {
        let seen = self.shared.seen.lock();
        seen.unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes all receivers well, as their owners do some day.
    pub(crate) fn mend(&self) {
        self.shared.are_mended.store(true, Ordering::Relaxed);
    }

    /// The secret of webhook `number`, without which nothing that comes is valid.
    pub(crate) fn expect(&self, number: u32, secret: &str) -> anyhow::Result<()> {
        let verifier = Webhook::new(secret)?;
        if let Some(place) = self.shared.verifiers.get(number as usize) {
            // A webhook is made once.
            let _ = place.set(verifier);
        }
        Ok(())
    }

    /// Notes a callback and says how it is answered.
    pub(crate) async fn answer(self, callback: Callback) -> Reply {
        if is_test(&callback.body) {
            return Reply::Status(StatusCode::OK);
        }
        let number = callback.webhook.unwrap_or(u32::MAX);
        let shared = Arc::clone(&self.shared);
        let Some(hook) = shared.hooks.get(number as usize) else {
            return Reply::Status(StatusCode::NOT_FOUND);
        };
        let visit = self.enter(number, callback);
        let is_mended = shared.are_mended.load(Ordering::Relaxed);
        let (time, reply) = hook.mood(shared.start.elapsed(), is_mended);
        tokio::time::sleep(time).await;
        visit.end(reply)
    }

    fn enter(self, webhook: u32, callback: Callback) -> Visit {
        let Callback {
            headers, body, at, ..
        } = callback;
        let verifiers = &self.shared.verifiers;
        let verifier = verifiers.get(webhook as usize).and_then(OnceLock::get);
        let has_valid_signature =
            verifier.is_some_and(|verifier| verifier.verify(&body, &headers).is_ok());
        let id = headers.get("webhook-id").and_then(|id| id.to_str().ok());
        let id = id.unwrap_or_default().to_owned();
        let key = key_of(&headers, &body);

        let mut seen = self.lock();
        let number = seen.arrivals.len();
        if let Some(key) = key {
            let place = (webhook, key.record);
            if let Some(&other) = seen.in_flight.get(&place).and_then(|others| others.first()) {
                seen.overlaps.push(Overlap {
                    earlier: other,
                    later: number,
                });
            }
            seen.in_flight.entry(place).or_default().push(number);
        }
        seen.arrivals.push(Arrival {
            webhook,
            id,
            key,
            body,
            has_valid_signature,
            at,
            taken_at: None,
            given_up_at: None,
        });
        drop(seen);
        Visit {
            arrivals: self,
            number,
            is_answered: false,
        }
    }
}

/// A callback that is being answered. Dropped without an end, its sender went away.
struct Visit {
    arrivals: Arrivals,
    number: usize,
    is_answered: bool,
}

impl Visit {
    fn end(mut self, reply: Reply) -> Reply {
        self.is_answered = true;
        if matches!(reply, Reply::Status(status) if status.is_success()) {
            self.arrivals.lock().arrivals[self.number].taken_at = Some(Instant::now());
        }
        reply
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut seen = self.arrivals.lock();
        let arrival = &mut seen.arrivals[self.number];
        if !self.is_answered {
            arrival.given_up_at = Some(Instant::now());
        }
        let Some(key) = arrival.key else { return };
        let place = (arrival.webhook, key.record);
        if let Some(others) = seen.in_flight.get_mut(&place) {
            others.retain(|number| *number != self.number);
            if others.is_empty() {
                seen.in_flight.remove(&place);
            }
        }
    }
}
