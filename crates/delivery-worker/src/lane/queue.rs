//! What one lane has claimed, with one delivery per record at a time.

use std::collections::{HashMap, HashSet, VecDeque};

use super::RecordKey;

/// Deliveries in the order they came, except that one whose record is busy
/// waits for it. A record is busy from the moment that a delivery of it is
/// ready until that delivery is over.
#[derive(Debug)]
pub(super) struct LaneQueue<J> {
    ready: VecDeque<(Option<RecordKey>, J)>,
    busy: HashSet<RecordKey>,
    waiting: HashMap<RecordKey, VecDeque<J>>,
    waiting_count: usize,
}

impl<J> Default for LaneQueue<J> {
    fn default() -> Self {
        Self {
            ready: VecDeque::new(),
            busy: HashSet::new(),
            waiting: HashMap::new(),
            waiting_count: 0,
        }
    }
}

impl<J> LaneQueue<J> {
    pub(super) fn push(&mut self, record: Option<RecordKey>, job: J) {
        if let Some(key) = record
            && !self.busy.insert(key)
        {
            self.waiting.entry(key).or_default().push_back(job);
            self.waiting_count += 1;
            return;
        }
        self.ready.push_back((record, job));
    }

    /// Takes the next one that can start; its record stays busy.
    pub(super) fn pop(&mut self) -> Option<J> {
        self.ready.pop_front().map(|(_, job)| job)
    }

    /// The delivery of this record that was under way is over.
    pub(super) fn release(&mut self, record: Option<RecordKey>) {
        let Some(key) = record else { return };
        let Some(waiting) = self.waiting.get_mut(&key) else {
            self.busy.remove(&key);
            return;
        };
        if let Some(job) = waiting.pop_front() {
            self.waiting_count -= 1;
            self.ready.push_back((record, job));
        }
        if waiting.is_empty() {
            self.waiting.remove(&key);
        }
    }

    /// Empties it; records that are under way stay busy.
    pub(super) fn clear(&mut self) -> Vec<J> {
        let mut jobs = Vec::with_capacity(self.ready.len() + self.waiting_count);
        for (record, job) in self.ready.drain(..) {
            if let Some(key) = record {
                self.busy.remove(&key);
            }
            jobs.push(job);
        }
        jobs.extend(self.waiting.drain().flat_map(|(_, waiting)| waiting));
        self.waiting_count = 0;
        jobs
    }

    pub(super) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting_count
    }
}
