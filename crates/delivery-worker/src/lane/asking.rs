//! Which lanes to claim for, and what to do with what was claimed.

use std::collections::HashMap;

use events::AccountId;

use super::{Ask, Lanes, RecordKey};
use crate::domain::webhook::WebhookId;

/// How many due lanes one look considers, so that it costs the same however
/// many there are.
const MAX_CONSIDERED: usize = 1_024;

impl<J> Lanes<J> {
    /// Notes that an unclaimed delivery is due at this time.
    pub(crate) fn note_due(&mut self, webhook: WebhookId, due_us: i64) {
        if let Some(lane) = self.lanes.get_mut(&webhook)
            && lane.next_due_us.is_none_or(|known_us| due_us < known_us)
        {
            lane.set_next_due(webhook, Some(due_us), &mut self.due);
            self.settle(webhook);
        }
    }

    /// The lanes to claim for, taking turns by account. Each must be answered
    /// by [`Self::claimed`] or [`Self::claim_failed`].
    pub(crate) fn ask(&mut self, now_us: i64, max_lanes: usize, max_rows: usize) -> Vec<Ask> {
        let mut asks = Vec::new();
        if self.stops != 0 {
            return asks;
        }
        let mut rows_left = max_rows.min(self.limits.max_queued.saturating_sub(self.queued));
        for webhook in self.due_in_turns(now_us) {
            if asks.len() == max_lanes || rows_left == 0 {
                break;
            }
            let Some(lane) = self.lanes.get_mut(&webhook) else {
                continue;
            };
            let limit = lane.room().min(rows_left);
            if limit == 0 {
                continue;
            }
            rows_left -= limit;
            lane.asked += limit;
            self.last_asked = lane.account;
            asks.push(Ask { webhook, limit });
            self.settle(webhook);
        }
        asks
    }

    /// Due lanes with room: one of each account, then the second of each, and
    /// so on, beginning after the account that was asked last.
    fn due_in_turns(&self, now_us: i64) -> Vec<WebhookId> {
        let mut turns: Vec<((usize, bool, AccountId), WebhookId)> = Vec::new();
        let mut of_account: HashMap<AccountId, usize> = HashMap::new();
        for &(due_us, webhook) in self.due.iter().take(MAX_CONSIDERED) {
            if due_us > now_us {
                break;
            }
            let Some(lane) = self.lanes.get(&webhook) else {
                continue;
            };
            let round = of_account.entry(lane.account).or_default();
            let had_its_turn = lane.account <= self.last_asked;
            turns.push(((*round, had_its_turn, lane.account), webhook));
            *round += 1;
        }
        turns.sort_unstable();
        turns.into_iter().map(|(_, webhook)| webhook).collect()
    }

    /// Answers an ask with what was claimed and when the next one is due that
    /// was not. What a lane cannot take, since it was closed meanwhile, comes
    /// back.
    pub(crate) fn claimed(
        &mut self,
        ask: Ask,
        jobs: Vec<(Option<RecordKey>, J)>,
        next_due_us: Option<i64>,
        now_us: i64,
    ) -> Vec<J> {
        if let Some(lane) = self.lanes.get_mut(&ask.webhook) {
            lane.asked -= ask.limit;
            let next_due_us = if jobs.len() >= ask.limit {
                Some(now_us)
            } else {
                next_due_us
            };
            lane.set_next_due(ask.webhook, next_due_us, &mut self.due);
        }
        let refused = jobs
            .into_iter()
            .filter_map(|(record, job)| self.enqueue(ask.webhook, record, job, now_us))
            .collect();
        self.settle(ask.webhook);
        refused
    }

    /// Answers an ask when nothing could be claimed: the lane is still due.
    pub(crate) fn claim_failed(&mut self, ask: Ask) {
        if let Some(lane) = self.lanes.get_mut(&ask.webhook) {
            lane.asked -= ask.limit;
        }
        self.settle(ask.webhook);
    }
}
