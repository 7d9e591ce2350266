//! Whether it is a delivery's turn among those of its record.

use super::SeenRevisions;

/// How long what is missing is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    /// For a gap in the revisions, from the arrival of the change behind it.
    pub(crate) gap_us: i64,
    /// For changes before the first one that was seen of a record, which may
    /// only be late: two workers take events in side by side.
    pub(crate) start_us: i64,
}

/// A delivery that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waiter {
    /// The record's revision that it tells of.
    pub(crate) revision: i64,
    /// When it arrived.
    pub(crate) created_at_us: i64,
    /// Whether its event made it, not a replay.
    pub(crate) is_live: bool,
    /// Whether nobody has tried it or asked for it yet. What a person asks for
    /// again goes, whatever was sent since.
    pub(crate) is_new: bool,
}

/// What is known of a record for one webhook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RecordNow {
    /// The revisions that arrived, whether or not they fired the webhook; `None`
    /// if nobody wants to know.
    pub(crate) seen: Option<SeenRevisions>,
    /// The lowest revision among the deliveries that are not over.
    pub(crate) first: Option<i64>,
    /// The same of those that are live: these do not wait for replays.
    pub(crate) first_live: Option<i64>,
    /// Whether one of them is under way.
    pub(crate) is_busy: bool,
    /// The highest revision that was delivered lately.
    pub(crate) delivered: Option<i64>,
}

/// What becomes of it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It goes.
    Now,
    /// It goes, though revisions before it are missing: they were waited for.
    PassingGap,
    /// It waits for another one of its record.
    Behind,
    /// Until then it waits for revisions that are missing.
    Gap {
        /// When that ends.
        until_us: i64,
    },
    /// It came too late: this revision was delivered already.
    Late {
        /// The newer one.
        after: i64,
    },
}

/// Judges a delivery of a webhook that wants changes in order.
pub(crate) fn turn(waiter: Waiter, record: &RecordNow, patience: Patience, now_us: i64) -> Turn {
    let newer = record.delivered.filter(|&it| it > waiter.revision);
    if let (true, Some(after)) = (waiter.is_new, newer) {
        return Turn::Late { after };
    }
    let first = if waiter.is_live {
        record.first_live
    } else {
        record.first
    };
    if record.is_busy || first.is_some_and(|first| first < waiter.revision) {
        return Turn::Behind;
    }
    let seen = record.seen.as_ref().filter(|_| waiter.is_new);
    let Some(seen) = seen.filter(|seen| !seen.has_all_before(waiter.revision)) else {
        return Turn::Now;
    };
    let wait_us = if seen.is_known() {
        patience.gap_us
    } else {
        patience.start_us
    };
    let until_us = waiter.created_at_us.saturating_add(wait_us);
    if now_us < until_us {
        Turn::Gap { until_us }
    } else {
        Turn::PassingGap
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_changes_do_not_wait_for_replays_unless_one_is_under_way() {
        let patience = Patience {
            gap_us: 50,
            start_us: 10,
        };
        let waiter = |revision, is_live| Waiter {
            revision,
            created_at_us: 0,
            is_live,
            is_new: is_live,
        };
        // A replay of revision 2 waits, and the live revisions 6 and 7.
        let mut record = RecordNow {
            first: Some(2),
            first_live: Some(6),
            ..RecordNow::default()
        };
        let judge = |it, record: &RecordNow| turn(it, record, patience, 0);
        assert_eq!(judge(waiter(6, true), &record), Turn::Now);
        assert_eq!(judge(waiter(7, true), &record), Turn::Behind);
        assert_eq!(judge(waiter(2, false), &record), Turn::Now);
        assert_eq!(judge(waiter(5, false), &record), Turn::Behind);
        record.is_busy = true;
        assert_eq!(judge(waiter(6, true), &record), Turn::Behind);
    }
}
