//! The index answers as a look at every webhook would.

use events::{AccountId, Event};
use proptest::prelude::*;

use super::*;
use crate::domain::webhook::{WebhookId, WebhookSettings};
use crate::matching::fires;
use crate::matching::samples::{any_event, any_settings};
use crate::registry::{Terms, Unusable};

fn webhook(id: i64, settings: &WebhookSettings) -> Arc<Webhook> {
    Arc::new(Webhook {
        id: WebhookId(id),
        account_id: AccountId(1),
        is_active: true,
        is_deleted: false,
        terms: Terms::from(settings),
        settings_version: 1,
        config_version: 1,
        plan: Err(Unusable::Settings("of no use here".to_owned())),
    })
}

fn fired_of(index: &Index, event: &Event) -> Vec<i64> {
    let occasion = Occasion::of(event).unwrap();
    index
        .fired(&occasion)
        .into_iter()
        .map(|webhook| webhook.id.0)
        .collect()
}

/// Without an index.
fn looked_up(webhooks: &[Arc<Webhook>], event: &Event) -> Vec<i64> {
    let occasion = Occasion::of(event).unwrap();
    webhooks
        .iter()
        .filter(|webhook| fires(webhook.subject(), &occasion))
        .map(|webhook| webhook.id.0)
        .collect()
}

proptest! {
    #[test]
    fn it_answers_as_a_look_at_every_webhook_would(
        settings in prop::collection::vec(any_settings(), 0..30),
        order in any::<prop::sample::Index>(),
        events in prop::collection::vec(any_event(), 1..10),
    ) {
        let webhooks: Vec<_> = (1..).zip(&settings).map(|(id, set)| webhook(id, set)).collect();
        let mut index = Index::default();
        let start = if webhooks.is_empty() { 0 } else { order.index(webhooks.len()) };
        let (late, early) = webhooks.split_at(start);
        early.iter().chain(late).for_each(|webhook| index.insert(webhook));
        for event in &events {
            prop_assert_eq!(fired_of(&index, event), looked_up(&webhooks, event));
        }
        // Some go again; what is left answers as if they had never been.
        late.iter().for_each(|webhook| index.remove(webhook));
        for event in &events {
            prop_assert_eq!(fired_of(&index, event), looked_up(early, event));
        }
        early.iter().for_each(|webhook| index.remove(webhook));
        prop_assert!(index.is_empty());
    }
}
