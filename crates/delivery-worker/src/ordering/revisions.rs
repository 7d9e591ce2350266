//! Which revisions of a record have arrived.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

/// The revisions of one record that are known: all up to one, and some beyond.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SeenRevisions {
    /// Nothing up to this one is missing; 0 while it is not known where the
    /// record stood when its first change was seen.
    through: i64,
    /// What arrived beyond a gap: ascending, with gaps in between.
    ahead: Vec<(i64, i64)>,
}

impl SeenRevisions {
    /// As they were stored. What cannot be read counts as not seen.
    pub(crate) fn stored(through: i64, ahead: &Value) -> Self {
        let mut seen = Self {
            through,
            ahead: Vec::new(),
        };
        for range in ahead.as_array().into_iter().flatten() {
            if let (Some(from), Some(to)) = (range[0].as_i64(), range[1].as_i64()) {
                seen.add(from, to);
            }
        }
        seen
    }

    /// The highest revision up to which nothing is missing.
    pub(crate) fn through(&self) -> i64 {
        self.through
    }

    /// What arrived beyond, to be stored.
    pub(crate) fn ahead(&self) -> Value {
        json!(self.ahead)
    }

    /// Whether it is known where the record stood when its first change was
    /// seen.
    pub(crate) fn is_known(&self) -> bool {
        self.through > 0
    }

    /// Whether something arrived that earlier ones are missing of.
    pub(crate) fn has_gap(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// Whether nothing before this revision is missing.
    pub(crate) fn has_all_before(&self, revision: i64) -> bool {
        self.through >= revision - 1
    }

    /// A revision arrived.
    pub(crate) fn note(&mut self, revision: i64) {
        self.add(revision, revision);
    }

    /// What is missing before this revision is not waited for any longer;
    /// returns it. Nothing was missing before the first change that was seen.
    pub(crate) fn pass(&mut self, revision: i64) -> Vec<RangeInclusive<i64>> {
        let mut missing = Vec::new();
        let mut next = self.through + 1;
        for &(from, to) in &self.ahead {
            if from >= revision {
                break;
            }
            missing.push(next..=from - 1);
            next = to + 1;
        }
        if next < revision {
            missing.push(next..=revision - 1);
        }
        if !self.is_known() {
            missing.clear();
        }
        if self.through < revision - 1 {
            self.through = revision - 1;
            self.absorb();
        }
        missing
    }

    fn add(&mut self, from: i64, to: i64) {
        if to <= self.through {
            return;
        }
        let (mut from, mut to) = (from, to);
        self.ahead.retain(|&(other_from, other_to)| {
            let touches = other_from <= to + 1 && from <= other_to + 1;
            if touches {
                from = from.min(other_from);
                to = to.max(other_to);
            }
            !touches
        });
        let place = self.ahead.partition_point(|&(other, _)| other < from);
        self.ahead.insert(place, (from, to));
        self.absorb();
    }

    /// Takes over what follows without a gap.
    fn absorb(&mut self) {
        let reached = self
            .ahead
            .iter()
            .take_while(|(from, _)| *from <= self.through + 1)
            .count();
        for (_, to) in self.ahead.drain(..reached) {
            self.through = self.through.max(to);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_gap_is_known_until_it_closes() {
        let mut seen = SeenRevisions::default();
        for revision in [1, 2, 5, 7, 6] {
            seen.note(revision);
        }
        assert_eq!((seen.through(), seen.ahead()), (2, json!([[5, 7]])));
        assert!(!seen.has_all_before(5));
        seen.note(4);
        seen.note(3);
        assert_eq!((seen.through(), seen.ahead()), (7, json!([])));
    }

    #[test]
    fn what_was_missing_is_named_when_it_is_passed() {
        let mut seen = SeenRevisions::stored(2, &json!([[5, 5], [9, 9]]));
        assert_eq!(seen.pass(9), [3..=4, 6..=8]);
        assert_eq!(seen.through(), 9);
        assert_eq!(seen.pass(9), []);
    }

    #[test]
    fn nothing_is_missing_before_the_first_change_that_was_seen() {
        let mut seen = SeenRevisions::default();
        seen.note(8);
        assert!(!seen.is_known());
        assert_eq!(seen.pass(8), []);
        assert_eq!(seen.through(), 8);
    }

    proptest! {
        #[test]
        fn they_are_a_set(
            steps in prop::collection::vec((any::<bool>(), 1_i64..40), 0..60),
        ) {
            let mut seen = SeenRevisions::default();
            let mut set = BTreeSet::from([0]);
            for (is_arrival, revision) in steps {
                if is_arrival {
                    seen.note(revision);
                    set.insert(revision);
                } else {
                    let was_known = seen.is_known();
                    let missing: Vec<i64> = (1..revision).filter(|r| !set.contains(r)).collect();
                    let named: Vec<i64> = seen.pass(revision).into_iter().flatten().collect();
                    prop_assert_eq!(named, if was_known { missing } else { Vec::new() });
                    set.extend(1..revision);
                }
                let through = (0..).take_while(|r| set.contains(r)).last().unwrap();
                prop_assert_eq!(seen.through(), through);
                for revision in 1..45 {
                    prop_assert_eq!(seen.has_all_before(revision), through >= revision - 1);
                }
                let stored = SeenRevisions::stored(seen.through(), &seen.ahead());
                prop_assert_eq!(&stored, &seen);
            }
        }
    }
}
