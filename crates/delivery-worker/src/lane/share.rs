//! How workers divide a lane's slots without talking to each other.

use crate::domain::webhook::WebhookId;

/// The workers that are alive, as one of them sees them.
///
/// For each lane all workers put themselves into the same order, and who comes
/// first gets one slot more where slots do not divide evenly. So the shares add
/// up to the lane's slots, and different lanes favour different workers. A
/// worker that goes moves nobody back: who still counts it takes no more than
/// its share without it, so that the sum stays right while some know and some
/// do not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Crew {
    me: u64,
    others: Vec<u64>,
}

impl Crew {
    /// From the workers' ids.
    pub(crate) fn new<'a>(me: &[u8], others: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self {
            me: fold(me),
            others: others.into_iter().map(fold).collect(),
        }
    }

    /// Whether this worker is the only one.
    pub(super) fn is_alone(&self) -> bool {
        self.others.is_empty()
    }

    /// Whether this worker comes first in the lane's order: exactly one does
    /// among workers that see the same ones.
    pub(super) fn is_first(&self, webhook: WebhookId) -> bool {
        self.slots(webhook, 1) == 1
    }

    /// This worker's share of a lane's slots over all workers; may be none.
    pub(super) fn slots(&self, webhook: WebhookId, max_concurrency: usize) -> usize {
        let rank = |worker: u64| (mix(worker ^ mix(webhook.0.cast_unsigned())), worker);
        let mine = rank(self.me);
        let before = self.others.iter().filter(|&&other| rank(other) < mine);
        max_concurrency
            .saturating_sub(before.count())
            .div_ceil(1 + self.others.len())
    }
}

/// An id in 64 bits.
fn fold(id: &[u8]) -> u64 {
    id.iter()
        .fold(0, |folded, &byte| mix(folded ^ u64::from(byte)))
}

/// Spreads a number over all bits (the finishing step of SplitMix64). Written
/// out, since workers of different builds must come to the same order.
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every worker's view of these workers.
    fn crews(ids: &[u64]) -> Vec<Crew> {
        let others = |me: u64| ids.iter().copied().filter(move |id| *id != me);
        ids.iter()
            .map(|&me| Crew {
                me,
                others: others(me).collect(),
            })
            .collect()
    }

    fn shares(crews: &[Crew], webhook: i64, cap: usize) -> Vec<usize> {
        crews
            .iter()
            .map(|crew| crew.slots(WebhookId(webhook), cap))
            .collect()
    }

    #[test]
    fn shares_add_up_to_the_slots() {
        for count in 1..=7 {
            let ids: Vec<u64> = (0..count).map(|id| id * 1_000).collect();
            let crews = crews(&ids);
            for (webhook, cap) in
                (0..50).flat_map(|webhook| (1..=20).map(move |cap| (webhook, cap)))
            {
                let shares = shares(&crews, webhook, cap);
                assert_eq!(shares.iter().sum::<usize>(), cap, "{shares:?}");
                let (least, most) = (shares.iter().min(), shares.iter().max());
                assert!(most.unwrap() - least.unwrap() <= 1, "{shares:?}");
            }
        }
    }

    #[test]
    fn single_slots_are_spread_over_the_workers() {
        let crews = crews(&[11, 12, 13, 14]);
        let mut lanes_of = [0; 4];
        for webhook in 0..400 {
            for (worker, share) in shares(&crews, webhook, 1).into_iter().enumerate() {
                lanes_of[worker] += share;
            }
        }
        assert!(lanes_of.iter().all(|&lanes| lanes > 60), "{lanes_of:?}");
    }

    #[test]
    fn who_does_not_know_yet_that_a_worker_went_takes_no_more_than_who_knows() {
        let all = [21, 22, 23, 24];
        for gone in all {
            let left: Vec<u64> = all.into_iter().filter(|id| *id != gone).collect();
            let (before, after) = (crews(&all), crews(&left));
            for (webhook, cap) in
                (0..100).flat_map(|webhook| [1, 2, 5, 16].map(|cap| (webhook, cap)))
            {
                for crew in &after {
                    let webhook = WebhookId(webhook);
                    let old = before.iter().find(|old| old.me == crew.me).unwrap();
                    assert!(old.slots(webhook, cap) <= crew.slots(webhook, cap));
                }
            }
        }
    }

    #[test]
    fn ids_that_differ_in_one_bit_differ() {
        let (mut one, two) = ([7_u8; 16], [7_u8; 16]);
        one[15] ^= 1;
        assert_ne!(fold(&one), fold(&two));
    }
}
