//! Whose turn it is: accounts in a circle, each with its lanes in a circle.

use std::collections::{HashMap, HashSet, VecDeque};

use events::AccountId;

use crate::domain::webhook::WebhookId;

/// Lanes that want a turn. A lane that was given one has to be added again.
#[derive(Debug, Default)]
pub(super) struct Rotation {
    accounts: VecDeque<AccountId>,
    lanes: HashMap<AccountId, VecDeque<WebhookId>>,
    entered: HashSet<WebhookId>,
}

impl Rotation {
    /// Adds a lane at the end of its account's circle, unless it is there.
    pub(super) fn add(&mut self, account: AccountId, webhook: WebhookId) {
        if !self.entered.insert(webhook) {
            return;
        }
        let lanes = self.lanes.entry(account).or_default();
        if lanes.is_empty() {
            self.accounts.push_back(account);
        }
        lanes.push_back(webhook);
    }

    /// Whether no lane wants a turn.
    pub(super) fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// The next lane of the next account, out of those that still want their
    /// turn. The others are taken out; no account loses its turn by that.
    pub(super) fn next(&mut self, wants_it: impl Fn(WebhookId) -> bool) -> Option<WebhookId> {
        while let Some(account) = self.accounts.pop_front() {
            let Some(lanes) = self.lanes.get_mut(&account) else {
                continue;
            };
            let mut found = None;
            while found.is_none()
                && let Some(webhook) = lanes.pop_front()
            {
                self.entered.remove(&webhook);
                found = Some(webhook).filter(|webhook| wants_it(*webhook));
            }
            if lanes.is_empty() {
                self.lanes.remove(&account);
            } else {
                self.accounts.push_back(account);
            }
            if found.is_some() {
                return found;
            }
        }
        None
    }
}
