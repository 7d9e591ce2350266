//! Where a look for due deliveries begins.

use std::collections::HashMap;

use crate::domain::webhook::WebhookId;
use crate::lane::Ask;
use crate::store::claims::{Claimed, Look};

/// How often all that is due of a lane is looked at: another worker may have given some
/// of it back, or ended.
const ALL_EVERY_US: i64 = 1_000_000;

/// Lanes where more waits than was claimed. Claims go by due time, so what comes before
/// the last one is claimed already; to pass it by each time costs more than the claim,
/// and the rows that are done by then, which the database removes later, cost as much.
#[derive(Debug, Default)]
pub(super) struct Looking {
    lanes: HashMap<WebhookId, Place>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    /// When the last one that was claimed was due.
    claimed_to_us: i64,
    all_seen_us: i64,
}

impl Looking {
    /// Where to look for it now.
    pub(super) fn look(&self, ask: Ask, now_us: i64) -> Look {
        let place = self.lanes.get(&ask.webhook);
        let from_us = place
            .filter(|place| now_us - place.all_seen_us < ALL_EVERY_US)
            .map(|place| place.claimed_to_us);
        Look { ask, from_us }
    }

    /// Takes over what came of a look.
    pub(super) fn seen(&mut self, look: Look, claimed: &Claimed, now_us: i64) {
        let webhook = look.ask.webhook;
        let last = claimed.rows.last();
        let Some(last) = last.filter(|_| claimed.rows.len() >= look.ask.limit) else {
            self.lanes.remove(&webhook);
            return;
        };
        let known = self.lanes.get(&webhook).filter(|_| look.from_us.is_some());
        let place = Place {
            claimed_to_us: last.due_at_us,
            all_seen_us: known.map_or(now_us, |place| place.all_seen_us),
        };
        self.lanes.insert(webhook, place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::claims::ClaimedRow;

    const ASK: Ask = Ask {
        webhook: WebhookId(7),
        limit: 2,
    };

    fn claimed(due: &[i64]) -> Claimed {
        let rows = due.iter().map(|&due_at_us| ClaimedRow {
            id: Vec::new(),
            event_id: None,
            component: "order".to_owned(),
            record_id: None,
            due_at_us,
            attempts: 0,
            claim_no: 1,
            expires_at_us: i64::MAX,
            send_as: None,
        });
        Claimed {
            ask: ASK,
            rows: rows.collect(),
            next_due_us: None,
            gaps: Vec::new(),
            late: Vec::new(),
        }
    }

    #[test]
    fn a_look_begins_where_the_last_one_ended_while_more_waits() {
        let mut looking = Looking::default();
        let first = looking.look(ASK, 5_000_000);
        assert_eq!(first.from_us, None);
        looking.seen(first, &claimed(&[10, 20]), 5_000_000);
        let second = looking.look(ASK, 5_100_000);
        assert_eq!(second.from_us, Some(20));
        looking.seen(second, &claimed(&[20, 30]), 5_100_000);
        assert_eq!(looking.look(ASK, 5_200_000).from_us, Some(30));
        looking.seen(looking.look(ASK, 5_200_000), &claimed(&[40]), 5_200_000);
        assert_eq!(looking.look(ASK, 5_300_000).from_us, None, "nothing waits");
    }

    #[test]
    fn all_is_looked_at_each_second() {
        let mut looking = Looking::default();
        looking.seen(looking.look(ASK, 0), &claimed(&[10, 20]), 0);
        looking.seen(looking.look(ASK, 900_000), &claimed(&[30, 40]), 900_000);
        let all = looking.look(ASK, 1_000_000);
        assert_eq!(all.from_us, None, "since the last look at all");
        looking.seen(all, &claimed(&[5, 50]), 1_000_000);
        assert_eq!(looking.look(ASK, 1_900_000).from_us, Some(50));
    }
}
