//! Only a record's latest change is kept of those that wait.

use events::Action;

/// A delivery that waits and is not under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting<I> {
    pub(crate) id: I,
    /// The record's revision that it tells of.
    pub(crate) revision: i64,
    /// As what it is to be sent; `None` if it is no plain change.
    pub(crate) action: Option<Action>,
    pub(crate) due_at_us: i64,
    /// Whether the receiver may have been sent it before.
    pub(crate) was_tried: bool,
    /// How many skipped changes it stands for.
    pub(crate) coalesced: i64,
}

/// What becomes of a record's waiting deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settled<I> {
    /// Which one is sent.
    pub(crate) kept: I,
    /// Which ones are not.
    pub(crate) skipped: Vec<I>,
    /// How many skipped changes the kept one stands for.
    pub(crate) coalesced: i64,
    /// Whether the kept one is an edit that is sent as an add: the receiver has
    /// never been told of the record. What it may have seen already stays what it
    /// was: one `webhook-id` never names two bodies.
    pub(crate) becomes_add: bool,
    /// When the kept one is due: it takes the place of one that is due already, so
    /// that a record that keeps changing has its turn, and leaves pauses alone that
    /// others are in.
    pub(crate) due_at_us: i64,
}

/// Which of them is sent; `None` if there is nothing to decide.
pub(crate) fn settle<I: Copy + Ord>(waiting: &[Waiting<I>], now_us: i64) -> Option<Settled<I>> {
    if waiting.len() < 2 {
        return None;
    }
    let kept = waiting.iter().max_by_key(|it| (it.revision, it.id))?;
    let others = || waiting.iter().filter(|it| it.id != kept.id);
    let add_is_skipped = others().any(|it| it.action == Some(Action::Add));
    Some(Settled {
        kept: kept.id,
        skipped: others().map(|it| it.id).collect(),
        coalesced: others().fold(kept.coalesced, |sum, it| sum + 1 + it.coalesced),
        becomes_add: kept.action == Some(Action::Edit) && add_is_skipped && !kept.was_tried,
        due_at_us: others()
            .map(|it| it.due_at_us)
            .filter(|due_at_us| *due_at_us <= now_us)
            .fold(kept.due_at_us, i64::min),
    })
}
