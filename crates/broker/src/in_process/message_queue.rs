//! One queue: what is ready, what is handed out, who waits.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::publisher::Envelope;
use super::{InProcessLimits, lock};
use crate::broker::QueueDepth;
use crate::error::{ConsumeError, PublishError};
use crate::message::IncomingMessage;
use crate::topology::Queue;
use crate::window::Window;

#[derive(Debug)]
pub(super) struct MessageQueue {
    declaration: Queue,
    rank: usize,
    window: Window,
    state: Mutex<State>,
    /// Woken for a message that is ready; whoever leaves some passes the wake on.
    ready: Notify,
}

/// Names one batch that was handed out; never used twice on a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct LeaseId(u64);

#[derive(Debug, Default)]
struct State {
    closed: bool,
    /// Ordered by position.
    ready: VecDeque<Entry>,
    leased: HashMap<LeaseId, Vec<Entry>>,
    last_position: u64,
    last_lease: LeaseId,
    consumers: u64,
}

#[derive(Debug)]
struct Entry {
    /// Its place in the queue's order, kept when it comes back.
    position: u64,
    envelope: Arc<Envelope>,
    redelivered: bool,
}

impl MessageQueue {
    pub(super) fn new(declaration: Queue, rank: usize, limits: InProcessLimits) -> Self {
        let max_length = declaration.max_length.unwrap_or(u64::MAX);
        let max_messages = u32::try_from(max_length)
            .unwrap_or(u32::MAX)
            .min(limits.max_messages);
        Self {
            declaration,
            rank,
            window: Window::new(max_messages, limits.max_bytes),
            state: Mutex::default(),
            ready: Notify::new(),
        }
    }

    pub(super) fn declaration(&self) -> &Queue {
        &self.declaration
    }

    /// Its place in the one order in which publishers wait for room.
    pub(super) fn rank(&self) -> usize {
        self.rank
    }

    pub(super) fn window(&self) -> &Window {
        &self.window
    }

    /// Appends a message for which the caller holds room.
    pub(super) fn push(&self, envelope: Arc<Envelope>) -> Result<(), PublishError> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(PublishError::Closed);
        }
        state.last_position += 1;
        let position = state.last_position;
        state.ready.push_back(Entry {
            position,
            envelope,
            redelivered: false,
        });
        drop(state);
        self.ready.notify_one();
        Ok(())
    }

    /// Waits until something is ready and hands it out under a new lease.
    pub(super) async fn lease(
        &self,
        max_messages: usize,
        max_bytes: usize,
    ) -> Result<(LeaseId, Vec<IncomingMessage>), ConsumeError> {
        loop {
            // Made before looking: a close between the look and the wait still wakes it.
            let woken = self.ready.notified();
            if let Some(leased) = self.try_lease(max_messages, max_bytes)? {
                return Ok(leased);
            }
            woken.await;
        }
    }

    fn try_lease(
        &self,
        max_messages: usize,
        max_bytes: usize,
    ) -> Result<Option<(LeaseId, Vec<IncomingMessage>)>, ConsumeError> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(ConsumeError::Closed);
        }
        let count = state.fitting(max_messages, max_bytes);
        if count == 0 {
            return Ok(None);
        }
        let entries: Vec<Entry> = state.ready.drain(..count).collect();
        let handed: Vec<_> = entries
            .iter()
            .map(|entry| (Arc::clone(&entry.envelope), entry.redelivered))
            .collect();
        state.last_lease.0 += 1;
        let lease = state.last_lease;
        state.leased.insert(lease, entries);
        let more = !state.ready.is_empty();
        drop(state);
        if more {
            self.ready.notify_one();
        }
        // Copying the properties is the slow part, so it waits for the lock to be free.
        let messages = handed
            .iter()
            .map(|(envelope, redelivered)| IncomingMessage::new(&envelope.message, *redelivered))
            .collect();
        Ok(Some((lease, messages)))
    }

    /// Forgets a lease's messages and confirms those that no other queue holds.
    pub(super) fn ack(&self, lease: LeaseId) -> Result<(), ConsumeError> {
        // Only a close takes a lease away from the consumer that holds it.
        let Some(entries) = lock(&self.state).leased.remove(&lease) else {
            return Err(ConsumeError::Closed);
        };
        let cost_bytes = entries
            .iter()
            .map(|entry| self.window.cost(entry.envelope.message.body.len()) as usize)
            .sum();
        self.window.release(entries.len(), cost_bytes);
        for entry in entries {
            entry.envelope.acked();
        }
        Ok(())
    }

    /// Puts a lease's messages back where they were; nothing if it was settled.
    pub(super) fn give_back(&self, lease: LeaseId) {
        let mut state = lock(&self.state);
        let Some(entries) = state.leased.remove(&lease) else {
            return;
        };
        for entry in entries.into_iter().rev() {
            let at = state
                .ready
                .partition_point(|other| other.position < entry.position);
            state.ready.insert(
                at,
                Entry {
                    redelivered: true,
                    ..entry
                },
            );
        }
        drop(state);
        self.ready.notify_one();
    }

    pub(super) fn is_leased(&self, lease: LeaseId) -> bool {
        lock(&self.state).leased.contains_key(&lease)
    }

    pub(super) fn attach(&self) {
        lock(&self.state).consumers += 1;
    }

    pub(super) fn detach(&self) {
        lock(&self.state).consumers -= 1;
    }

    pub(super) fn depth(&self) -> QueueDepth {
        let state = lock(&self.state);
        QueueDepth {
            queue: self.declaration.name.clone(),
            messages: state.ready.len() as u64,
            consumers: state.consumers,
        }
    }

    /// Fails everything that waits: publishers, consumers and confirmations.
    pub(super) fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        let ready = std::mem::take(&mut state.ready);
        let leased = std::mem::take(&mut state.leased);
        drop(state);
        self.window.close();
        self.ready.notify_waiters();
        for entry in ready.into_iter().chain(leased.into_values().flatten()) {
            entry.envelope.settle(Err(PublishError::Closed));
        }
    }
}

impl State {
    /// Counts the messages at the front that fit both limits; the first always does.
    fn fitting(&self, max_messages: usize, max_bytes: usize) -> usize {
        let mut bytes = 0_usize;
        self.ready
            .iter()
            .take(max_messages.max(1))
            .enumerate()
            .take_while(|(at, entry)| {
                bytes = bytes.saturating_add(entry.envelope.message.body.len());
                *at == 0 || bytes <= max_bytes
            })
            .count()
    }
}
