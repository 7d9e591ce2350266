//! Webhooks that stand in one slot, by what their conditions need.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::domain::condition::{Key, Need};
use crate::domain::field::Field;
use crate::domain::webhook::WebhookId;
use crate::matching::{Occasion, Subject, fires};
use crate::registry::Webhook;

/// The most slots, at events of one type, in which a webhook stands by value.
const MAX_SLOTS: usize = 4;

/// Webhooks by id.
type Webhooks = Vec<Arc<Webhook>>;

/// The webhooks of one slot. One stands under each value that its condition lets
/// through, so that an event looks at those whose need it meets.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// Those whose conditions have to be tried.
    rest: Webhooks,
    needs: HashMap<Field, Needs>,
}

/// The webhooks that need something of one field.
#[derive(Debug, Default)]
struct Needs {
    equal: HashMap<Key, Webhooks>,
    at_least: BTreeMap<Key, Webhooks>,
    at_most: BTreeMap<Key, Webhooks>,
}

impl Bucket {
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty() && self.needs.is_empty()
    }

    /// Takes in a webhook that is not here.
    pub(super) fn insert(&mut self, webhook: &Arc<Webhook>) {
        match need_of(webhook.subject()) {
            None => put(&mut self.rest, webhook),
            Some(Need::OneOf(field, keys)) => {
                let equal = &mut self.needs.entry(field.clone()).or_default().equal;
                for key in keys {
                    put(equal.entry(key).or_default(), webhook);
                }
            }
            Some(Need::AtLeast(field, key)) => {
                let needs = self.needs.entry(field.clone()).or_default();
                put(needs.at_least.entry(key).or_default(), webhook);
            }
            Some(Need::AtMost(field, key)) => {
                let needs = self.needs.entry(field.clone()).or_default();
                put(needs.at_most.entry(key).or_default(), webhook);
            }
        }
    }

    /// Takes out a webhook as it was taken in.
    pub(super) fn remove(&mut self, webhook: &Webhook) {
        let id = webhook.id;
        let field = match need_of(webhook.subject()) {
            None => {
                take_out(&mut self.rest, id);
                return;
            }
            Some(Need::OneOf(field, keys)) => {
                if let Some(needs) = self.needs.get_mut(field) {
                    for key in keys {
                        if needs
                            .equal
                            .get_mut(&key)
                            .is_some_and(|all| take_out(all, id))
                        {
                            needs.equal.remove(&key);
                        }
                    }
                }
                field
            }
            Some(Need::AtLeast(field, key)) => {
                if let Some(needs) = self.needs.get_mut(field) {
                    take_out_of(&mut needs.at_least, &key, id);
                }
                field
            }
            Some(Need::AtMost(field, key)) => {
                if let Some(needs) = self.needs.get_mut(field) {
                    take_out_of(&mut needs.at_most, &key, id);
                }
                field
            }
        };
        if self.needs.get(field).is_some_and(Needs::is_empty) {
            self.needs.remove(field);
        }
    }

    /// Adds the webhooks that an event fires, in no order.
    pub(super) fn collect<'a>(
        &'a self,
        occasion: &Occasion<'_>,
        fired: &mut Vec<&'a Arc<Webhook>>,
    ) {
        let mut look = |webhooks: &'a Webhooks| {
            let all = webhooks.iter();
            fired.extend(all.filter(|webhook| fires(webhook.subject(), occasion)));
        };
        look(&self.rest);
        for (field, needs) in &self.needs {
            let Some(key) = Key::of(&field.value(&occasion.record)) else {
                continue;
            };
            needs.equal.get(&key).into_iter().for_each(&mut look);
            needs
                .at_least
                .range(..=&key)
                .map(|(_, all)| all)
                .for_each(&mut look);
            needs
                .at_most
                .range(&key..)
                .map(|(_, all)| all)
                .for_each(&mut look);
        }
    }
}

impl Needs {
    fn is_empty(&self) -> bool {
        self.equal.is_empty() && self.at_least.is_empty() && self.at_most.is_empty()
    }
}

/// What is looked up of a webhook. One that stands in many slots is tried in each:
/// it would take too much room under many values in all of them.
fn need_of(subject: Subject<'_>) -> Option<Need<'_>> {
    let filter = subject.filter;
    let slots = filter.stages.len().max(filter.pipelines.len());
    if slots.max(filter.changed.len()) > MAX_SLOTS {
        return None;
    }
    filter.condition.as_ref()?.need()
}

fn put(webhooks: &mut Webhooks, webhook: &Arc<Webhook>) {
    if let Err(at) = find(webhooks, webhook.id) {
        webhooks.insert(at, Arc::clone(webhook));
    }
}

/// Whether nothing is left.
fn take_out(webhooks: &mut Webhooks, id: WebhookId) -> bool {
    if let Ok(at) = find(webhooks, id) {
        webhooks.remove(at);
    }
    webhooks.is_empty()
}

fn take_out_of(by_key: &mut BTreeMap<Key, Webhooks>, key: &Key, id: WebhookId) {
    if by_key.get_mut(key).is_some_and(|all| take_out(all, id)) {
        by_key.remove(key);
    }
}

fn find(webhooks: &Webhooks, id: WebhookId) -> Result<usize, usize> {
    match webhooks.last() {
        // Mostly so: at a start they come by id.
        Some(last) if last.id < id => Err(webhooks.len()),
        _ => webhooks.binary_search_by_key(&id, |webhook| webhook.id),
    }
}
