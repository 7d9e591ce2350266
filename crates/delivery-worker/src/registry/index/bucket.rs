//! Webhooks that stand in one slot, by what their conditions need.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Look;
use super::by_field::{ByField, remove_if};
use crate::domain::condition::{Key, Need, Scalar};
use crate::domain::field::Value;
use crate::domain::webhook::WebhookId;
use crate::matching::{Subject, fires};
use crate::registry::Webhook;

/// The most slots, at events of one type, in which a webhook stands by value.
const MAX_SLOTS: usize = 4;

/// Webhooks by id.
type Webhooks = Vec<Arc<Webhook>>;

/// The webhooks of one slot. One stands under each value that its condition lets
/// through, so that an event looks at those whose need it meets.
#[derive(Debug, Clone, Default)]
pub(super) struct Bucket {
    /// Those whose conditions have to be tried.
    rest: Webhooks,
    needs: ByField<Needs>,
}

/// The webhooks that need something of one field.
#[derive(Debug, Clone, Default)]
struct Needs {
    present: Webhooks,
    texts: HashMap<String, Webhooks>,
    scalars: HashMap<Scalar, Webhooks>,
    at_least: BTreeMap<Scalar, Webhooks>,
    at_most: BTreeMap<Scalar, Webhooks>,
}

impl Bucket {
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty() && self.needs.is_empty()
    }

    /// Takes in a webhook that is not here.
    pub(super) fn insert(&mut self, webhook: &Arc<Webhook>) {
        match need_of(webhook.subject()) {
            None => put(&mut self.rest, webhook),
            Some(Need::Present(field)) => put(&mut self.needs.entry(field).present, webhook),
            Some(Need::OneOf(field, keys)) => {
                let needs = self.needs.entry(field);
                for key in keys {
                    let webhooks = match key {
                        Key::Text(text) => needs.texts.entry(text).or_default(),
                        Key::Scalar(scalar) => needs.scalars.entry(scalar).or_default(),
                    };
                    put(webhooks, webhook);
                }
            }
            Some(Need::AtLeast(field, scalar)) => {
                let needs = self.needs.entry(field);
                put(needs.at_least.entry(scalar).or_default(), webhook);
            }
            Some(Need::AtMost(field, scalar)) => {
                let needs = self.needs.entry(field);
                put(needs.at_most.entry(scalar).or_default(), webhook);
            }
        }
    }

    /// Takes out a webhook as it was taken in; whether nothing is left.
    pub(super) fn remove(&mut self, webhook: &Webhook) -> bool {
        let id = webhook.id;
        match need_of(webhook.subject()) {
            None => {
                take_out(&mut self.rest, id);
            }
            Some(Need::Present(field)) => self.needs.take_out_of(field, |needs| {
                take_out(&mut needs.present, id);
                needs.is_empty()
            }),
            Some(Need::OneOf(field, keys)) => self.needs.take_out_of(field, |needs| {
                for key in keys {
                    let take_out = |all: &mut Webhooks| take_out(all, id);
                    match key {
                        Key::Text(text) => remove_if(&mut needs.texts, &text, take_out),
                        Key::Scalar(scalar) => remove_if(&mut needs.scalars, &scalar, take_out),
                    }
                }
                needs.is_empty()
            }),
            Some(Need::AtLeast(field, scalar)) => self.needs.take_out_of(field, |needs| {
                take_out_of(&mut needs.at_least, scalar, id);
                needs.is_empty()
            }),
            Some(Need::AtMost(field, scalar)) => self.needs.take_out_of(field, |needs| {
                take_out_of(&mut needs.at_most, scalar, id);
                needs.is_empty()
            }),
        }
        self.is_empty()
    }

    /// Adds the webhooks that an event fires, in no order.
    pub(super) fn collect<'a>(&'a self, look: &Look<'_, '_>, fired: &mut Vec<&'a Arc<Webhook>>) {
        let occasion = look.occasion;
        let mut try_all = |webhooks: &'a Webhooks| {
            let all = webhooks.iter();
            fired.extend(all.filter(|webhook| fires(webhook.subject(), occasion)));
        };
        try_all(&self.rest);
        for (field, needs) in self.needs.fixed() {
            needs.met_by(&field.value(&occasion.record), &mut try_all);
        }
        if self.needs.has_open() {
            for (name, value) in look.open_values() {
                if let Some(needs) = self.needs.open(*name) {
                    needs.met_by(&value.now, &mut try_all);
                }
            }
        }
    }
}

impl Needs {
    fn is_empty(&self) -> bool {
        self.present.is_empty()
            && self.texts.is_empty()
            && self.scalars.is_empty()
            && self.at_least.is_empty()
            && self.at_most.is_empty()
    }

    /// The webhooks whose need a field meets that the record has, or had.
    fn met_by<'a>(&'a self, value: &Value<'_>, mut take: impl FnMut(&'a Webhooks)) {
        take(&self.present);
        if let Value::Text(text) = value {
            self.texts.get(text.as_ref()).into_iter().for_each(take);
        } else if let Some(scalar) = Scalar::of(value) {
            let equal = self.scalars.get(&scalar).into_iter();
            let at_least = self.at_least.range(..=scalar).map(|(_, all)| all);
            let at_most = self.at_most.range(scalar..).map(|(_, all)| all);
            equal.chain(at_least).chain(at_most).for_each(take);
        }
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

fn take_out_of(bounds: &mut BTreeMap<Scalar, Webhooks>, bound: Scalar, id: WebhookId) {
    if bounds.get_mut(&bound).is_some_and(|all| take_out(all, id)) {
        bounds.remove(&bound);
    }
}

fn find(webhooks: &Webhooks, id: WebhookId) -> Result<usize, usize> {
    match webhooks.last() {
        // Mostly so: at a start they come by id.
        Some(last) if last.id < id => Err(webhooks.len()),
        _ => webhooks.binary_search_by_key(&id, |webhook| webhook.id),
    }
}
