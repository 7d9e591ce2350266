//! Places in a list that people order by hand: `0..n`, without gaps or repeats.
//!
//! Moving one entry shifts the ones between its old and its new place by one, so
//! a move is two updates however long the list is.

use std::ops::RangeInclusive;

/// Everything at these places moves on by `by`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shift {
    /// The places that are affected, ends included.
    pub(crate) places: RangeInclusive<i64>,
    /// One place forward or one back.
    pub(crate) by: i64,
}

/// How an entry gets to its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placement {
    /// Where it ends up.
    pub(crate) position: i64,
    /// What makes room for it; `None` if nothing has to.
    pub(crate) shift: Option<Shift>,
}

/// Puts a new entry at `wanted` in a list of `count`, or at its end.
pub(crate) fn insert_at(count: i64, wanted: Option<i64>) -> Placement {
    let position = wanted.unwrap_or(count).clamp(0, count);
    Placement {
        position,
        shift: shift(position..=count - 1, 1),
    }
}

/// Moves an entry of a list of `count` from `current` to `wanted`. A place past
/// the end means the end.
pub(crate) fn move_to(count: i64, current: i64, wanted: i64) -> Placement {
    let position = wanted.clamp(0, (count - 1).max(0));
    Placement {
        position,
        shift: if position < current {
            shift(position..=current - 1, 1)
        } else {
            shift(current + 1..=position, -1)
        },
    }
}

/// Closes the gap that an entry leaves at `position` in a list of `count`.
pub(crate) fn close_gap(count: i64, position: i64) -> Option<Shift> {
    shift(position + 1..=count - 1, -1)
}

fn shift(places: RangeInclusive<i64>, by: i64) -> Option<Shift> {
    (!places.is_empty()).then_some(Shift { places, by })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A list kept by positions, as the tables keep theirs, beside a plain one.
    #[derive(Default)]
    struct Model {
        positions: Vec<(u32, i64)>,
        expected: Vec<u32>,
    }

    #[derive(Debug, Clone)]
    enum Step {
        Insert(Option<i64>),
        Move(usize, i64),
        Remove(usize),
    }

    impl Model {
        fn count(&self) -> i64 {
            self.positions.len() as i64
        }

        fn apply(&mut self, shift: Option<Shift>) {
            if let Some(Shift { places, by }) = shift {
                for (_, position) in &mut self.positions {
                    if places.contains(position) {
                        *position += by;
                    }
                }
            }
        }

        fn run(&mut self, name: u32, step: Step) {
            let count = self.count();
            match step {
                Step::Insert(wanted) => {
                    let place = insert_at(count, wanted);
                    self.apply(place.shift);
                    self.positions.push((name, place.position));
                    let at = wanted.map_or(count, |wanted| wanted.clamp(0, count));
                    self.expected.insert(at as usize, name);
                }
                Step::Move(which, wanted) if count > 0 => {
                    let index = which % self.positions.len();
                    let (moved, current) = self.positions[index];
                    let place = move_to(count, current, wanted);
                    self.apply(place.shift);
                    self.positions[index].1 = place.position;
                    self.expected.retain(|other| *other != moved);
                    let at = wanted.clamp(0, count - 1);
                    self.expected.insert(at as usize, moved);
                }
                Step::Remove(which) if count > 0 => {
                    let index = which % self.positions.len();
                    let (gone, position) = self.positions.remove(index);
                    self.apply(close_gap(count, position));
                    self.expected.retain(|other| *other != gone);
                }
                Step::Move(..) | Step::Remove(_) => {}
            }
        }

        fn check(&self) {
            let mut sorted = self.positions.clone();
            sorted.sort_by_key(|(_, position)| *position);
            let places: Vec<i64> = sorted.iter().map(|(_, position)| *position).collect();
            assert_eq!(places, (0..self.count()).collect::<Vec<_>>());
            let names: Vec<u32> = sorted.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, self.expected);
        }
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let place = -2_i64..12;
        let step = prop_oneof![
            3 => prop::option::of(place.clone()).prop_map(Step::Insert),
            3 => (any::<usize>(), place).prop_map(|(which, to)| Step::Move(which, to)),
            1 => any::<usize>().prop_map(Step::Remove),
        ];
        prop::collection::vec(step, 1..40)
    }

    proptest! {
        #[test]
        fn positions_stay_dense_and_in_the_order_wished(steps in steps()) {
            let mut model = Model::default();
            for (name, step) in (0..).zip(steps) {
                model.run(name, step);
                model.check();
            }
        }
    }

    #[test]
    fn staying_in_place_shifts_nothing() {
        let stay = Placement {
            position: 2,
            shift: None,
        };
        assert_eq!(move_to(5, 2, 2), stay);
        assert_eq!(insert_at(2, None), stay);
        assert_eq!(close_gap(3, 2), None);
    }
}
