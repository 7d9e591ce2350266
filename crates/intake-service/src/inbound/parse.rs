//! From what came to what it says; nothing in here can bring a request down.

use std::panic::{AssertUnwindSafe, catch_unwind};

use submission::{Limits, Posted, ReadError, Submission};

use super::texts::Problem;
use crate::domain::lead::LeadDraft;
use crate::domain::request::RawRequest;
use crate::domain::source::Source;
use crate::reading::{FieldProblem, Language, Reading, read_lead};

/// What was read of a request.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// A lead; the fingerprint is there where a double click is not another lead.
    Lead {
        draft: Box<LeadDraft>,
        fingerprint: Option<[u8; 32]>,
    },
    /// A probe.
    Test,
    /// A program filled in what people do not see; what it said otherwise is for the answer.
    Spam(Option<Box<LeadDraft>>),
    /// Fields are wrong.
    Refused(Vec<FieldProblem>),
    /// Why it cannot be read, for the sender and for the manager.
    Unreadable(Problem, String),
    /// Our fault.
    Panicked,
}

/// Reads a request by the source's present settings.
pub(crate) fn parse(source: &Source, request: &RawRequest) -> Parsed {
    guarded(|| match submit(request) {
        Ok(submission) => interpret(source, &submission),
        Err(error) => unreadable(&error),
    })
}

/// A panic costs one request its lead for now, and nobody else anything.
fn guarded(read: impl FnOnce() -> Parsed) -> Parsed {
    // Nothing that is shared is written in there.
    catch_unwind(AssertUnwindSafe(read)).unwrap_or(Parsed::Panicked)
}

/// The tree of names and values that was posted.
pub(crate) fn submit(request: &RawRequest) -> Result<Submission, ReadError> {
    submission::read(&Posted {
        content_type: request.content_type.as_deref(),
        query: &String::from_utf8_lossy(&request.query),
        body: &request.body,
        limits: Limits::default(),
    })
}

fn interpret(source: &Source, submission: &Submission) -> Parsed {
    match read_lead(submission, source) {
        Reading::Lead(draft) => {
            let counts_double = source.preset.double_click_seconds > 0;
            Parsed::Lead {
                draft,
                fingerprint: counts_double.then(|| submission.fingerprint()),
            }
        }
        Reading::Test => Parsed::Test,
        Reading::Spam => Parsed::Spam(as_if_a_lead(source, submission)),
        Reading::Refused(problems) => Parsed::Refused(problems),
    }
}

/// What the lead would be if the honeypot were no trap.
fn as_if_a_lead(source: &Source, submission: &Submission) -> Option<Box<LeadDraft>> {
    let mut open = source.clone();
    open.settings.honeypot = Some(String::new());
    match read_lead(submission, &open) {
        Reading::Lead(draft) => Some(draft),
        Reading::Test | Reading::Spam | Reading::Refused(_) => None,
    }
}

fn unreadable(error: &ReadError) -> Parsed {
    let problem = match error {
        ReadError::Malformed(_) => Problem::Malformed,
        ReadError::TooManyKeys => Problem::TooManyKeys,
        ReadError::TooDeep => Problem::TooDeep,
        ReadError::UnsupportedMediaType => Problem::Unsupported,
    };
    Parsed::Unreadable(problem, error.to_string().replace('\0', ""))
}

/// Field problems as the journal says them.
pub(crate) fn describe(problems: &[FieldProblem]) -> String {
    let sentences: Vec<String> = problems
        .iter()
        .map(|problem| format!("{}: {}", problem.field, problem.message(Language::English)))
        .collect();
    sentences.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_here() {
        let parsed = guarded(|| panic!("a bug"));
        assert!(matches!(parsed, Parsed::Panicked));
    }
}
