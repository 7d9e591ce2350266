//! Remembers which callbacks were seen, to mark the repeats.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

/// Ids remembered; the oldest are forgotten first, so that memory stays bounded.
const REMEMBERED: usize = 1_000_000;

/// Counts arrivals per `webhook-id`, keeping a 64-bit hash of each.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    hasher: RandomState,
    seen: HashMap<u64, u32>,
    order: VecDeque<u64>,
}

impl Repeats {
    /// Notes one arrival of `id`; the number of earlier ones.
    pub(crate) fn note(&mut self, id: &[u8]) -> u32 {
        let key = self.hasher.hash_one(id);
        let earlier = self.seen.entry(key).or_default();
        let count = *earlier;
        *earlier = count.saturating_add(1);
        if count == 0 {
            self.order.push_back(key);
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.seen.remove(&oldest);
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_earlier_arrivals_per_id() {
        let mut repeats = Repeats::default();
        let counts = ["a", "b", "a", "a", "b"].map(|id| repeats.note(id.as_bytes()));
        assert_eq!(counts, [0, 0, 1, 2, 1]);
    }

    #[test]
    fn forgets_the_oldest_first() {
        let mut repeats = Repeats::default();
        for id in 0..=REMEMBERED as u64 {
            repeats.note(&id.to_le_bytes());
        }
        assert_eq!(repeats.seen.len(), REMEMBERED);
        assert_eq!(repeats.note(&1u64.to_le_bytes()), 1);
        assert_eq!(repeats.note(&0u64.to_le_bytes()), 0);
    }
}
