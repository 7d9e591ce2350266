//! The webhooks in memory, and how they were at one moment.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use events::{AccountId, Event};

use super::Webhook;
use super::index::Index;
use crate::domain::webhook::WebhookId;
use crate::matching::Occasion;

/// All webhooks, as far as they were read.
#[derive(Debug, Default)]
pub(super) struct Known {
    version: i64,
    webhooks: HashMap<WebhookId, Arc<Webhook>>,
    /// Only of accounts with a webhook that can be fired. An index that a snapshot
    /// has is copied before it changes.
    by_account: HashMap<AccountId, Arc<Index>>,
    /// The webhooks that want changes in order, switched off ones included.
    in_order: HashMap<AccountId, BTreeSet<WebhookId>>,
}

/// The webhooks of some accounts as they were at one moment. It takes no lock, so
/// that a batch of any length is matched by one version of the settings while they
/// go on changing.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    version: i64,
    by_account: HashMap<AccountId, Arc<Index>>,
    in_order: HashMap<AccountId, Arc<[WebhookId]>>,
}

impl Snapshot {
    /// The version of all webhooks' settings that it is of.
    pub(crate) fn version(&self) -> i64 {
        self.version
    }

    /// The webhooks for which the revisions of the account's records are followed,
    /// switched off ones included; `None` if they are not.
    pub(crate) fn in_order(&self, account: AccountId) -> Option<Arc<[WebhookId]>> {
        self.in_order.get(&account).cloned()
    }

    /// The webhooks of the event's account that it fires, by id. One that is paused
    /// or disabled is among them: its deliveries wait. None of an account that the
    /// snapshot was not taken of.
    pub(crate) fn fired(&self, event: &Event) -> Vec<&Arc<Webhook>> {
        match (self.by_account.get(&event.account_id), Occasion::of(event)) {
            (Some(index), Some(occasion)) => index.fired(&occasion),
            _ => Vec::new(),
        }
    }
}

impl Known {
    /// The version of all webhooks' settings.
    pub(super) fn version(&self) -> i64 {
        self.version
    }

    /// Nothing up to this version is missing.
    pub(super) fn reached(&mut self, version: i64) {
        self.version = self.version.max(version);
    }

    /// A webhook, deleted ones included.
    pub(super) fn find(&self, id: WebhookId) -> Option<Arc<Webhook>> {
        self.webhooks.get(&id).cloned()
    }

    /// The webhooks of these accounts.
    pub(super) fn snapshot(&self, accounts: impl IntoIterator<Item = AccountId>) -> Snapshot {
        let mut by_account = HashMap::new();
        let mut in_order = HashMap::new();
        for account in accounts {
            if let Some(webhooks) = self.in_order.get(&account) {
                in_order
                    .entry(account)
                    .or_insert_with(|| webhooks.iter().copied().collect());
            }
            if let Some(index) = self.by_account.get(&account) {
                by_account
                    .entry(account)
                    .or_insert_with(|| Arc::clone(index));
            }
        }
        Snapshot {
            version: self.version,
            by_account,
            in_order,
        }
    }

    /// Takes a webhook in unless a newer state of it is known.
    pub(super) fn put(&mut self, webhook: Arc<Webhook>) {
        let known = self.find(webhook.id);
        if known
            .as_ref()
            .is_some_and(|known| known.config_version > webhook.config_version)
        {
            return;
        }
        let known = known.filter(|known| known.can_be_fired());
        if known.is_some() || webhook.can_be_fired() {
            let index = Arc::make_mut(self.by_account.entry(webhook.account_id).or_default());
            if let Some(known) = known {
                index.remove(&known);
            }
            if webhook.can_be_fired() {
                index.insert(&webhook);
            }
            if index.is_empty() {
                self.by_account.remove(&webhook.account_id);
            }
        }
        self.put_in_order(&webhook);
        self.webhooks.insert(webhook.id, webhook);
    }

    fn put_in_order(&mut self, webhook: &Webhook) {
        let account = webhook.account_id;
        if webhook.follows_revisions() {
            self.in_order.entry(account).or_default().insert(webhook.id);
        } else if let Some(of_account) = self.in_order.get_mut(&account) {
            of_account.remove(&webhook.id);
            if of_account.is_empty() {
                self.in_order.remove(&account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::matching::samples::{OrderEdit, order, settings, stage};
    use crate::registry::{Terms, Unusable};

    /// A state of webhook 7 that any new order fires, if it is active.
    fn state(config_version: i64, is_active: bool) -> Arc<Webhook> {
        Arc::new(Webhook {
            id: WebhookId(7),
            account_id: AccountId(1),
            is_active,
            is_deleted: false,
            terms: Terms::from(&settings(json!({"events": ["order.add"]}))),
            settings_version: 1,
            config_version,
            plan: Err(Unusable::Settings("of no use here".to_owned())),
        })
    }

    fn new_order() -> Event {
        OrderEdit::from(order(stage(12, "Новый"))).added()
    }

    #[test]
    fn an_older_state_of_a_webhook_leaves_nothing_behind() {
        let mut known = Known::default();
        known.put(state(2, false));
        known.put(state(1, true));
        assert_eq!(known.find(WebhookId(7)).unwrap().config_version, 2);
        assert!(known.by_account.is_empty());
    }

    #[test]
    fn an_account_whose_last_webhook_is_switched_off_takes_no_room() {
        let mut known = Known::default();
        known.put(state(1, true));
        assert_eq!(known.by_account.len(), 1);
        known.put(state(2, false));
        assert!(known.by_account.is_empty());
    }

    #[test]
    fn a_snapshot_stays_as_it_was() {
        let mut known = Known::default();
        known.put(state(1, true));
        known.reached(1);
        let before = known.snapshot([AccountId(1)]);
        known.put(state(2, false));
        known.reached(2);
        let after = known.snapshot([AccountId(1)]);

        let event = new_order();
        assert_eq!((before.version(), before.fired(&event).len()), (1, 1));
        assert_eq!((after.version(), after.fired(&event).len()), (2, 0));
    }

    #[test]
    fn a_snapshot_knows_the_accounts_that_it_was_taken_of() {
        let mut known = Known::default();
        known.put(state(1, true));
        let event = new_order();
        let of = |accounts: &[i64]| {
            let snapshot = known.snapshot(accounts.iter().copied().map(AccountId));
            snapshot.fired(&event).len()
        };
        assert_eq!([of(&[1]), of(&[1, 1, 2]), of(&[2]), of(&[])], [1, 1, 0, 0]);
    }
}
