//! Whether a filter fits the events that it narrows down.

use http_api::{FieldError, code};

use super::own_code;
use crate::domain::condition::Condition;
use crate::domain::field::Field;
use crate::domain::filter::Filter;
use crate::domain::record::Component;
use crate::domain::webhook::EventSwitches;

const COMPONENTS: [Component; 3] = [Component::Order, Component::Task, Component::Client];

/// What none of the chosen events could ever meet, by pointer into the webhook or trigger. To be
/// asked of the merged settings: a patch may change the events alone.
pub(crate) fn check(filter: &Filter, events: EventSwitches) -> Vec<FieldError> {
    let chosen = Chosen(events);
    let mut errors = check_changed(&filter.changed, chosen);
    for (pointer, is_set) in [
        ("/id_pipeline", !filter.pipelines.is_empty()),
        ("/id_status", !filter.stages.is_empty()),
    ] {
        if is_set && !chosen.has(Component::Order) {
            let message = "Choose an event of orders as well: only orders are in stages.";
            errors.push(FieldError::new(pointer, own_code::NEVER_MET, message));
        }
    }
    if let Some(condition) = &filter.condition {
        errors.extend(check_condition(condition, chosen));
    }
    errors
}

/// Only an edit changes fields.
fn check_changed(fields: &[Field], chosen: Chosen) -> Vec<FieldError> {
    if fields.is_empty() {
        return Vec::new();
    }
    if !COMPONENTS.into_iter().any(|it| chosen.has_edit(it)) {
        let message = "Choose an event of editing as well, or leave this out: nothing else changes \
                       fields.";
        return vec![FieldError::new("/changed", own_code::NEVER_MET, message)];
    }
    let fields = fields.iter().enumerate();
    fields
        .filter_map(|(place, field)| {
            edited(field, chosen).map(|mut error| {
                error.pointer = format!("/changed/{place}");
                error
            })
        })
        .collect()
}

fn check_condition(condition: &Condition, chosen: Chosen) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (pointer, field, operator) in condition.fields() {
        let (part, error) = if field.is_previous() {
            ("field", edited(field, chosen))
        } else if operator.is_about_edits() && exists(field, chosen).is_none() {
            ("operator", edited(field, chosen))
        } else {
            ("field", exists(field, chosen))
        };
        errors.extend(error.map(|mut error| {
            error.pointer = format!("/condition{pointer}/{part}");
            error
        }));
    }
    errors
}

/// The error if no chosen event is of a record with this field.
fn exists(field: &Field, chosen: Chosen) -> Option<FieldError> {
    if owners(field).any(|it| chosen.has(it)) {
        return None;
    }
    let message = format!(
        "{field} is a field of {}: choose an event of those, or another field.",
        plural(field)
    );
    Some(FieldError::new("", code::UNKNOWN_FIELD, message))
}

/// The error if no chosen event edits a record with this field.
fn edited(field: &Field, chosen: Chosen) -> Option<FieldError> {
    if owners(field).any(|it| chosen.has_edit(it)) {
        return None;
    }
    exists(field, chosen).or_else(|| {
        let message = format!(
            "Choose the event of editing {} as well: nothing else changes {field}.",
            plural(field)
        );
        Some(FieldError::new("", own_code::NEVER_MET, message))
    })
}

fn owners(field: &Field) -> impl Iterator<Item = Component> {
    COMPONENTS.into_iter().filter(|it| field.is_of(*it))
}

fn plural(field: &Field) -> String {
    let names: Vec<_> = owners(field)
        .map(|it| format!("{}s", it.as_str()))
        .collect();
    names.join(" and ")
}

/// The events of a webhook or trigger.
#[derive(Clone, Copy)]
struct Chosen(EventSwitches);

impl Chosen {
    fn has(self, component: Component) -> bool {
        self.of(component).next().is_some()
    }

    fn has_edit(self, component: Component) -> bool {
        self.of(component).any(|action| action == "edit")
    }

    fn of(self, component: Component) -> impl Iterator<Item = &'static str> {
        self.0.names().filter_map(move |name| {
            let (of, action) = name.split_once('.')?;
            (of == component.as_str()).then_some(action)
        })
    }
}
