//! An account's webhooks by what can fire them: an event looks only at those that
//! share its type and its stage, or whose field it changed, and of these only at
//! those with a condition that it may meet.

mod bucket;
mod by_field;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use events::{Action, PipelineId, StageId};

use super::Webhook;
use crate::domain::field::{Field, OpenName, OpenValue};
use crate::domain::filter::Filter;
use crate::domain::trigger::TriggerEvent;
use crate::domain::webhook::EventSwitches;
use crate::matching::{Occasion, StageTrigger, Subject};
use bucket::Bucket;
use by_field::{ByField, remove_if};

/// The active webhooks of one account.
///
/// A webhook stands in every slot that an event which fires it looks into. One
/// event may meet it twice, in the slots of two fields; the answer has it once.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    slots: HashMap<(EventSwitches, Slot), Bucket>,
    /// Those that ask for a change and for no stage, by the field that changed.
    changed: HashMap<EventSwitches, ByField<Bucket>>,
}

/// What has to be so at an event of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Slot {
    /// Nothing.
    Any,
    /// The order is in this stage.
    Stage(StageId),
    /// The order is in this pipeline.
    Pipeline(PipelineId),
    /// The order came into this stage.
    Entered(StageId),
    /// The order was created in this stage.
    CreatedIn(StageId),
    /// The order left this stage.
    Left(StageId),
    /// The order was in this stage before and is after.
    Within(StageId),
}

/// Where a webhook stands.
enum Place<'a> {
    Slot(EventSwitches, Slot),
    Changed(EventSwitches, &'a Field),
}

/// An event that looks for webhooks, with what is worked out once for all slots.
struct Look<'e, 'o> {
    occasion: &'o Occasion<'e>,
    open_values: OnceCell<HashMap<OpenName<'e>, OpenValue<'e>>>,
}

impl<'e> Look<'e, '_> {
    /// What the record has, or had, under names that accounts make up.
    fn open_values(&self) -> &HashMap<OpenName<'e>, OpenValue<'e>> {
        self.open_values
            .get_or_init(|| self.occasion.record.open_values())
    }
}

impl Index {
    /// The webhooks that an event fires, by id.
    pub(super) fn fired(&self, occasion: &Occasion<'_>) -> Vec<&Arc<Webhook>> {
        let look = Look {
            occasion,
            open_values: OnceCell::new(),
        };
        let mut fired = Vec::new();
        for slot in slots_of_occasion(occasion).into_iter().flatten() {
            if let Some(bucket) = self.slots.get(&(occasion.switch, slot)) {
                bucket.collect(&look, &mut fired);
            }
        }
        if occasion.record.before.is_some()
            && let Some(by_field) = self.changed.get(&occasion.switch)
        {
            for bucket in changed_of(by_field, &look) {
                bucket.collect(&look, &mut fired);
            }
        }
        fired.sort_unstable_by_key(|webhook| webhook.id);
        fired.dedup_by_key(|webhook| webhook.id);
        fired
    }

    /// Whether nothing can be fired.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty() && self.changed.is_empty()
    }

    /// Takes in a webhook that is not here.
    pub(super) fn insert(&mut self, webhook: &Arc<Webhook>) {
        for_each_place(webhook.subject(), |place| {
            let bucket = match place {
                Place::Slot(switch, slot) => self.slots.entry((switch, slot)).or_default(),
                Place::Changed(switch, field) => {
                    self.changed.entry(switch).or_default().entry(field)
                }
            };
            bucket.insert(webhook);
        });
    }

    /// Takes out a webhook as it was taken in.
    pub(super) fn remove(&mut self, webhook: &Webhook) {
        for_each_place(webhook.subject(), |place| match place {
            Place::Slot(switch, slot) => {
                remove_if(&mut self.slots, &(switch, slot), |bucket| {
                    bucket.remove(webhook)
                });
            }
            Place::Changed(switch, field) => {
                remove_if(&mut self.changed, &switch, |by_field| {
                    by_field.take_out_of(field, |bucket| bucket.remove(webhook));
                    by_field.is_empty()
                });
            }
        });
    }
}

/// Of the fields that an edit changed.
fn changed_of<'a>(
    by_field: &'a ByField<Bucket>,
    look: &Look<'_, '_>,
) -> impl Iterator<Item = &'a Bucket> {
    let fixed = by_field
        .fixed()
        .filter(|(field, _)| field.is_changed(&look.occasion.record))
        .map(|(_, bucket)| bucket);
    let open = by_field.has_open().then(|| {
        let values = look.open_values().iter();
        values
            .filter(|(_, value)| value.now != value.before)
            .filter_map(|(name, _)| by_field.open(*name))
    });
    fixed.chain(open.into_iter().flatten())
}

/// The slots that an event looks into, each once.
fn slots_of_occasion(occasion: &Occasion<'_>) -> [Option<Slot>; 5] {
    let mut slots = [Some(Slot::Any), None, None, None, None];
    let Some(change) = occasion.order() else {
        return slots;
    };
    let now = change.order.stage.id;
    slots[1] = Some(Slot::Stage(now));
    slots[2] = Some(Slot::Pipeline(change.order.pipeline.id));
    let before = change.previous.as_ref().map(|order| order.stage.id);
    match (change.action, before) {
        (Action::Add, _) => slots[3] = Some(Slot::CreatedIn(now)),
        (Action::Edit, Some(before)) if before == now => slots[3] = Some(Slot::Within(now)),
        (Action::Edit, Some(before)) => {
            slots[3] = Some(Slot::Entered(now));
            slots[4] = Some(Slot::Left(before));
        }
        (Action::Edit, None) | (Action::Delete, _) => {}
    }
    slots
}

/// Where a webhook stands: wherever an event that fires it looks.
fn for_each_place<'a>(subject: Subject<'a>, mut put: impl FnMut(Place<'a>)) {
    for switch in subject.events.each() {
        // There is exactly one.
        let name = switch.names().next().unwrap_or_default();
        let is_edit = name.ends_with(".edit");
        if !subject.filter.changed.is_empty() && !is_edit {
            continue;
        }
        match subject.trigger {
            Some(trigger) => {
                if let Some(slot) = slot_of_trigger(trigger, is_edit) {
                    put(Place::Slot(switch, slot));
                }
            }
            None => for_each_place_at(subject.filter, switch, name.starts_with("order."), &mut put),
        }
    }
}

fn slot_of_trigger(trigger: StageTrigger, is_edit: bool) -> Option<Slot> {
    let stage = trigger.stage;
    match (trigger.event, is_edit) {
        (TriggerEvent::Entered | TriggerEvent::EnteredOrCreated, true) => {
            Some(Slot::Entered(stage))
        }
        (TriggerEvent::CreatedIn | TriggerEvent::EnteredOrCreated, false) => {
            Some(Slot::CreatedIn(stage))
        }
        (TriggerEvent::Left, true) => Some(Slot::Left(stage)),
        (TriggerEvent::Changed, true) => Some(Slot::Within(stage)),
        (TriggerEvent::Entered | TriggerEvent::Left | TriggerEvent::Changed, false)
        | (TriggerEvent::CreatedIn, true) => None,
    }
}

/// Where a webhook stands for the events of one type.
fn for_each_place_at<'a>(
    filter: &'a Filter,
    switch: EventSwitches,
    is_of_orders: bool,
    put: &mut impl FnMut(Place<'a>),
) {
    let is_anywhere = filter.stages.is_empty() && filter.pipelines.is_empty();
    if !is_anywhere && !is_of_orders {
        // Only orders are in stages.
        return;
    }
    // The narrowest of what it asks for; the rest is tried.
    if !filter.stages.is_empty() {
        for stage in &filter.stages {
            put(Place::Slot(switch, Slot::Stage(*stage)));
        }
    } else if !filter.pipelines.is_empty() {
        for pipeline in &filter.pipelines {
            put(Place::Slot(switch, Slot::Pipeline(*pipeline)));
        }
    } else if !filter.changed.is_empty() {
        for field in &filter.changed {
            put(Place::Changed(switch, field));
        }
    } else {
        put(Place::Slot(switch, Slot::Any));
    }
}

#[cfg(test)]
mod tests;
