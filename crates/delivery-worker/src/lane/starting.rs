//! What starts next: whose turn it is, and whose rate lets it.

use super::Lanes;
use crate::domain::webhook::WebhookId;

impl<J> Lanes<J> {
    /// Takes the next delivery to send; its slot is held until [`Self::finish`].
    pub(crate) fn start(&mut self, clock_us: i64) -> Option<(WebhookId, J)> {
        if self.stops != 0
            || self.in_flight >= self.limits.max_in_flight
            || self.unrecorded >= self.limits.max_unrecorded
        {
            return None;
        }
        self.let_on(clock_us);
        let (lanes, open) = (&self.lanes, self.limits.open);
        let for_all = self.limits.max_in_flight - self.limits.kept_for_quick;
        let is_for_all = self.in_flight < for_all;
        let turns = if is_for_all {
            &mut self.startable
        } else {
            &mut self.quick
        };
        let webhook = turns.next(|webhook| {
            lanes.get(&webhook).is_some_and(|lane| {
                lane.wants_its_turn()
                    && lane.may_open_one_more(open, clock_us)
                    && (is_for_all || lane.is_quick())
            })
        })?;
        let lane = self.lanes.get_mut(&webhook)?;
        let job = lane.queue.pop()?;
        lane.in_flight += 1;
        lane.pace_out(webhook, clock_us, &mut self.paced);
        self.in_flight += 1;
        self.queued -= 1;
        self.settle(webhook);
        Some((webhook, job))
    }

    /// Puts lanes whose rate lets them start again where they have their turn.
    pub(crate) fn let_on(&mut self, clock_us: i64) {
        while let Some(&(at_us, webhook)) = self.paced.first() {
            if at_us > clock_us {
                break;
            }
            self.paced.pop_first();
            if let Some(lane) = self.lanes.get_mut(&webhook) {
                lane.paced_until_us = None;
            }
            self.settle(webhook);
        }
    }

    /// When something may start whose rate keeps it back now.
    pub(crate) fn tell_next_start_us(&mut self) -> Option<i64> {
        self.told_start_us = self.paced.first().map(|(at_us, _)| *at_us);
        self.told_start_us
    }

    /// Whether there is such a time, and another one than was told last.
    pub(crate) fn has_news_of_next_start(&mut self) -> bool {
        let told_us = self.told_start_us;
        self.tell_next_start_us()
            .is_some_and(|at_us| Some(at_us) != told_us)
    }
}
