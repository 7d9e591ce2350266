//! What of a request may be which field, the best first.

use std::borrow::Cow;

use submission::{Object, Submission, Value};

use super::problem::{Fault, FieldProblem};
use super::{mined, names, path};
use crate::domain::source::Source;

/// Where a value was found; the first is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tier {
    /// By the source's own mapping.
    Mapping,
    /// In the body, by the name that S1 gives it.
    BodyExact,
    /// In the body, by a path of the preset.
    BodyPreset,
    /// In the body, by another name.
    BodyAlias,
    QueryExact,
    QueryPreset,
    QueryAlias,
    /// By a name with a number behind it.
    Numbered,
    /// Inside of another value.
    Nested,
    Cookie,
    /// In the query of the visitor's page.
    Page,
}

/// A value that may be a field.
#[derive(Debug)]
struct Candidate<'a> {
    key: &'static str,
    rank: (Tier, usize),
    value: Cow<'a, Value>,
}

/// All of them, and what became of them.
#[derive(Debug, Default)]
pub(super) struct Candidates<'a> {
    candidates: Vec<Candidate<'a>>,
    /// Folded names that are no aliases with this sender.
    foreign_names: &'static [&'static str],
    taken: Vec<&'a Value>,
    problems: Vec<FieldProblem>,
}

impl<'a> Candidates<'a> {
    pub(super) fn gather(submission: &'a Submission, source: &Source) -> Self {
        let mut all = Self {
            foreign_names: source.preset.foreign_names,
            ..Self::default()
        };
        for (order, (path, target)) in source.settings.mapping.iter().enumerate() {
            // A key that S1 does not have was refused when the mapping was set.
            if let Some(key) = names::exact(target) {
                all.add_path(&submission.body, path, key, (Tier::Mapping, order));
                all.add_path(&submission.query, path, key, (Tier::Mapping, order));
            }
        }
        for (object, exact, preset, alias) in [
            (
                &submission.body,
                Tier::BodyExact,
                Tier::BodyPreset,
                Tier::BodyAlias,
            ),
            (
                &submission.query,
                Tier::QueryExact,
                Tier::QueryPreset,
                Tier::QueryAlias,
            ),
        ] {
            all.add_names(object, exact, alias);
            for (order, (path, key)) in source.preset.aliases.iter().enumerate() {
                all.add_path(object, path, key, (preset, order));
            }
        }
        for (key, text) in mined::cookies(submission) {
            all.add(key, (Tier::Cookie, 0), Cow::Owned(Value::Text(text)));
        }
        for (key, text) in mined::pages(submission, source.preset) {
            all.add(key, (Tier::Page, 0), Cow::Owned(Value::Text(text)));
        }
        all.candidates.sort_by_key(|candidate| candidate.rank);
        all
    }

    /// Adds contacts and names that stand inside of other values; whether there were any.
    pub(super) fn add_nested(&mut self, submission: &'a Submission) -> bool {
        let before = self.candidates.len();
        for object in [&submission.body, &submission.query] {
            for (name, value) in object.iter() {
                if !names::is_of_others(&names::fold(name)) {
                    self.add_inner(value);
                }
            }
        }
        let found = self.candidates.len() > before;
        if found {
            self.problems.clear();
        }
        found
    }

    /// The best value of a field that `read` can read. If there are values and none can be read,
    /// the first fault is a problem.
    pub(super) fn take<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Value) -> Result<Taken<T>, Fault>,
    ) -> Option<T> {
        let mut first_fault = None;
        for candidate in self
            .candidates
            .iter()
            .filter(|candidate| candidate.key == key)
        {
            match read(&candidate.value) {
                Ok(Taken { value, whole }) => {
                    if let (Cow::Borrowed(from), true) = (&candidate.value, whole) {
                        self.taken.push(from);
                    }
                    return Some(value);
                }
                Err(fault) => first_fault = first_fault.or(Some(fault)),
            }
        }
        if let Some(fault) = first_fault {
            self.problems.push(FieldProblem::new(key, fault));
        }
        None
    }

    /// The values that became fields.
    pub(super) fn taken(&self) -> &[&'a Value] {
        &self.taken
    }

    pub(super) fn into_problems(self) -> Vec<FieldProblem> {
        self.problems
    }

    fn add_names(&mut self, object: &'a Object, exact: Tier, alias: Tier) {
        for (name, value) in object.iter() {
            if let Some(key) = names::exact(name) {
                self.add(key, (exact, 0), Cow::Borrowed(value));
                continue;
            }
            let folded = names::fold(name);
            if self.foreign_names.contains(&folded.as_str()) {
                continue;
            }
            if let Some(known) = names::known(&folded) {
                self.add(known.key, (alias, known.order), Cow::Borrowed(value));
            } else if let Some(known) = names::numbered(&folded) {
                self.add(
                    known.key,
                    (Tier::Numbered, known.order),
                    Cow::Borrowed(value),
                );
            }
        }
    }

    fn add_path(&mut self, object: &'a Object, path: &str, key: &'static str, rank: (Tier, usize)) {
        for value in path::find(object, path) {
            self.add(key, rank, value);
        }
    }

    /// What names employees or the company is not gone into: their contacts are not the client's.
    fn add_inner(&mut self, value: &'a Value) {
        match value {
            Value::Object(object) => {
                for (name, value) in object.iter() {
                    let folded = names::fold(name);
                    if names::is_of_others(&folded) || self.foreign_names.contains(&folded.as_str())
                    {
                        continue;
                    }
                    match names::known(&folded) {
                        Some(known) if IN_NESTED.contains(&known.key) => {
                            self.add(known.key, (Tier::Nested, known.order), Cow::Borrowed(value));
                        }
                        _ => self.add_inner(value),
                    }
                }
            }
            Value::List(items) => items.iter().for_each(|item| self.add_inner(item)),
            _ => {}
        }
    }

    /// Blank values are none; of a list every item counts, of an object what says the contact.
    fn add(&mut self, key: &'static str, rank: (Tier, usize), value: Cow<'a, Value>) {
        match value {
            value if value.is_blank() => {}
            Cow::Borrowed(Value::List(items)) => {
                for item in items {
                    self.add(key, rank, Cow::Borrowed(item));
                }
            }
            Cow::Owned(Value::List(items)) => {
                for item in items {
                    self.add(key, rank, Cow::Owned(item));
                }
            }
            Cow::Borrowed(Value::Object(object)) if has_inside(object, key) => {
                for inner in inside(object, key) {
                    self.add(key, rank, Cow::Borrowed(inner));
                }
            }
            Cow::Owned(Value::Object(object)) if has_inside(&object, key) => {
                for inner in inside(&object, key) {
                    self.add(key, rank, Cow::Owned(inner.clone()));
                }
            }
            value => self.candidates.push(Candidate { key, rank, value }),
        }
    }
}

/// Where an object under the name of a contact has it, as Bitrix24 writes it
/// (`{"VALUE": "…", "VALUE_TYPE": "WORK"}`) and others; folded, the better ones first.
const INSIDE: [(&str, &str); 10] = [
    ("value", "phone"),
    ("number", "phone"),
    ("phone", "phone"),
    ("raw", "phone"),
    ("formatted", "phone"),
    ("value", "email"),
    ("email", "email"),
    ("address", "email"),
    ("raw", "email"),
    ("formatted", "email"),
];

fn has_inside(object: &Object, key: &str) -> bool {
    inside(object, key).any(|value| !value.is_blank())
}

fn inside<'o>(object: &'o Object, key: &str) -> impl Iterator<Item = &'o Value> {
    INSIDE
        .iter()
        .filter(move |(_, of)| *of == key)
        .flat_map(|(name, _)| {
            let named = object
                .iter()
                .filter(move |(own, _)| names::fold(own) == *name);
            named.map(|(_, value)| value)
        })
}

/// What is looked for inside of other values.
const IN_NESTED: [&str; 5] = [
    "name",
    "phone",
    "email",
    crate::preset::FIRST_NAME,
    crate::preset::LAST_NAME,
];

/// A field, and whether nothing of the value is left that should be kept.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Taken<T> {
    pub(super) value: T,
    pub(super) whole: bool,
}
