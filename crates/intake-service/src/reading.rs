//! What a sender said, read as a lead (WIRE 2).
//!
//! Names are looked for in this order, and the first value that is not blank and can be read wins:
//! the source's own mapping; then of the body the names of S1, the paths of the preset, the names
//! that S1's fields have elsewhere; then the same of the query; then names with a number behind
//! them (`phone_2`); then, for marks only, cookies and the query of the visitor's page. What nobody
//! took is kept in `extra`. Where no contact was found, names inside of other values count as well.

mod candidates;
mod extra;
mod language;
mod mined;
mod names;
mod path;
mod problem;
mod values;

#[cfg(test)]
mod tests;

use contacts::Region;
use submission::{Object, Submission, Value};

use crate::domain::lead::{LeadDraft, MARK_KEYS, RemoteId};
use crate::domain::source::Source;
use crate::preset::{FIRST_NAME, LAST_NAME};
use candidates::Candidates;
use problem::Fault;

pub(crate) use language::Language;
pub(crate) use problem::FieldProblem;

/// What a request is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reading {
    /// Someone who wants something.
    Lead(Box<LeadDraft>),
    /// The sender tries whether the URL works.
    Test,
    /// The field that people do not see was filled in.
    Spam,
    /// Nothing is wrong with it, and nothing is to come of it; why, for the manager.
    Ignored(&'static str),
    /// No contact in it, or bad values that a strict source does not take; at least one problem.
    Refused(Vec<FieldProblem>),
}

/// Reads what was sent to `source`.
pub(crate) fn read_lead(submission: &Submission, source: &Source) -> Reading {
    if is_marked_test(submission) {
        return Reading::Test;
    }
    let honeypot = source.settings.honeypot.as_deref();
    if is_filled_in(submission, honeypot.unwrap_or(source.preset.honeypot)) {
        return Reading::Spam;
    }
    if is_other_event(submission, source) {
        return Reading::Ignored("this event makes no lead");
    }
    let mut fields = Candidates::gather(submission, source);
    let mut draft = LeadDraft::default();
    read_contacts(&mut fields, &mut draft, submission, region(source));
    if draft.phone.is_none() && draft.email.is_none() {
        if is_probe(submission) {
            return Reading::Test;
        }
        if source.preset.takes_no_contact {
            return Reading::Ignored("there is no contact in it");
        }
        if !source.settings.strict {
            return Reading::Refused(no_contact(fields.into_problems()));
        }
    }
    read_fields(&mut fields, &mut draft, source);
    draft.extra = extra::of(submission, source.preset, fields.taken());
    let no_contact_given = draft.phone.is_none() && draft.email.is_none();
    let problems = fields.into_problems();
    if no_contact_given {
        return Reading::Refused(no_contact(problems));
    }
    if source.settings.strict && !problems.is_empty() {
        return Reading::Refused(problems);
    }
    draft.warnings = problems.iter().map(FieldProblem::warning).collect();
    Reading::Lead(Box::new(draft))
}

fn read_contacts<'a>(
    fields: &mut Candidates<'a>,
    draft: &mut LeadDraft,
    submission: &'a Submission,
    region: Region,
) {
    draft.phone = fields.take("phone", |value| values::phone(value, region));
    draft.email = fields.take("email", values::email);
    if draft.phone.is_none() && draft.email.is_none() && fields.add_nested(submission) {
        draft.phone = fields.take("phone", |value| values::phone(value, region));
        draft.email = fields.take("email", values::email);
    }
}

fn read_fields(fields: &mut Candidates<'_>, draft: &mut LeadDraft, source: &Source) {
    draft.name = fields.take("name", values::short_text);
    if draft.name.is_none() {
        let parts = [FIRST_NAME, LAST_NAME].map(|key| fields.take(key, values::short_text));
        draft.name = joined(parts);
    }
    draft.owner_id = fields.take("userIdOwner", values::integer);
    draft.origin_id = fields
        .take("sourceId", values::integer)
        .or(source.settings.defaults.origin_id);
    draft.remote_id = fields.take("remoteId", values::short_text).map(RemoteId);
    draft.office_id = fields.take("locationUnitId", values::integer);
    draft.city_id = fields.take("locationCityId", values::integer);
    draft.stage_id = fields.take("funnelStageId", values::integer);
    draft.cost = fields.take("cost", values::money);
    for key in MARK_KEYS {
        if let Some(text) = fields.take(key, values::long_text) {
            draft.marks.set(key, text);
        }
    }
}

fn joined(parts: [Option<String>; 2]) -> Option<String> {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let name = parts.join(" ");
    let fits = name.chars().count() <= values::SHORT_CHARS;
    (fits && !name.is_empty()).then_some(name)
}

/// Nothing given at all is S1's own example of a refusal; otherwise each bad field is told.
fn no_contact(problems: Vec<FieldProblem>) -> Vec<FieldProblem> {
    if problems.is_empty() {
        return vec![FieldProblem::new("phone", Fault::Required)];
    }
    problems
}

fn region(source: &Source) -> Region {
    let code = source.settings.phone_region.as_deref();
    code.and_then(Region::parse).unwrap_or_default()
}

/// `is_test: true`, whatever else is there.
fn is_marked_test(submission: &Submission) -> bool {
    has(submission, "is_test", |text| text == "true" || text == "1")
}

/// `test=test`, the probe of CRMs and site builders.
fn is_probe(submission: &Submission) -> bool {
    has(submission, "test", |text| text == "test")
}

/// An event that the preset says is not to make a lead.
fn is_other_event(submission: &Submission, source: &Source) -> bool {
    let Some(events) = &source.preset.events else {
        return false;
    };
    objects(submission)
        .flat_map(|object| path::find(object, events.path))
        .find_map(|value| value.scalar().map(|name| name.trim().to_lowercase()))
        .is_some_and(|name| !name.is_empty() && !events.taken.contains(&name.as_str()))
}

fn has(submission: &Submission, name: &str, is_meant: impl Fn(&str) -> bool) -> bool {
    objects(submission).any(|object| {
        let value = object.get(name).and_then(Value::scalar);
        value.is_some_and(|text| is_meant(text.trim().to_ascii_lowercase().as_str()))
    })
}

fn is_filled_in(submission: &Submission, honeypot: &str) -> bool {
    !honeypot.is_empty()
        && objects(submission).any(|object| {
            let value = object.get(honeypot);
            value.is_some_and(|value| !value.is_blank())
        })
}

fn objects(submission: &Submission) -> impl Iterator<Item = &Object> {
    [&submission.body, &submission.query].into_iter()
}
