//! From what came to what it says; nothing in here can bring a request down.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;
use submission::{Limits, Posted, ReadError, Submission};

use super::texts::Problem;
use crate::domain::lead::LeadDraft;
use crate::domain::request::RawRequest;
use crate::domain::source::Source;
use crate::reading::{FieldProblem, Language, Reading, read_lead};

/// Content codings in use (RFC 9110, RFC 7932, RFC 8878).
const COMPRESSIONS: [&str; 7] = [
    "gzip",
    "x-gzip",
    "deflate",
    "br",
    "zstd",
    "compress",
    "x-compress",
];

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
    /// In order, and nothing is to come of it; why, for the manager.
    Ignored(&'static str),
    /// Fields are wrong.
    Refused(Vec<FieldProblem>),
    /// Why it cannot be read, for the sender and for the manager.
    Unreadable(Problem, String),
    /// Our fault.
    Panicked,
}

/// Reads a request by the source's present settings.
pub(crate) fn parse(source: &Source, request: &RawRequest) -> Parsed {
    if is_compressed(request) {
        return Parsed::Unreadable(Problem::Unsupported, "the body is compressed".to_owned());
    }
    guarded(|| match submit(request) {
        Ok(submission) => interpret(source, &submission),
        Err(error) => unreadable(&error, &request.body),
    })
}

/// Whether `Content-Encoding` names a compression. `identity` is none, and some senders put a charset
/// there.
fn is_compressed(request: &RawRequest) -> bool {
    let names = request.headers.get("content-encoding");
    let names = names.and_then(|value| value.as_str()).unwrap_or_default();
    let is_known = |name: &str| {
        COMPRESSIONS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name.trim()))
    };
    !request.body.is_empty() && names.split(',').any(is_known)
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
        Reading::Ignored(reason) => Parsed::Ignored(reason),
        Reading::Refused(problems) => Parsed::Refused(problems),
    }
}

/// What the lead would be if the honeypot were no trap.
fn as_if_a_lead(source: &Source, submission: &Submission) -> Option<Box<LeadDraft>> {
    let mut open = source.clone();
    open.settings.honeypot = Some(String::new());
    match read_lead(submission, &open) {
        Reading::Lead(draft) => Some(draft),
        Reading::Test | Reading::Spam | Reading::Ignored(_) | Reading::Refused(_) => None,
    }
}

fn unreadable(error: &ReadError, body: &[u8]) -> Parsed {
    let problem = match error {
        ReadError::Malformed(_) => why_malformed(body),
        ReadError::TooManyKeys => Problem::TooManyKeys,
        ReadError::TooDeep => Problem::TooDeep,
        ReadError::UnsupportedMediaType => Problem::Unsupported,
    };
    Parsed::Unreadable(problem, error.to_string().replace('\0', ""))
}

/// JSON that is well written and yet no lead deserves a word of its own.
fn why_malformed(body: &[u8]) -> Problem {
    match serde_json::from_slice(body) {
        Ok(Value::Array(items)) if items.iter().any(Value::is_object) => Problem::SeveralLeads,
        Ok(Value::Object(_)) | Err(_) => Problem::Malformed,
        Ok(_) => Problem::NoFields,
    }
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

    #[test]
    fn well_written_json_that_is_no_lead_is_told_apart() {
        for (body, problem) in [
            (r#"[{"phone": "1"}, {"phone": "2"}]"#, Problem::SeveralLeads),
            ("[1, 2]", Problem::NoFields),
            ("\"text\"", Problem::NoFields),
            ("42", Problem::NoFields),
            ("{", Problem::Malformed),
            ("[{", Problem::Malformed),
        ] {
            assert_eq!(why_malformed(body.as_bytes()), problem, "{body}");
        }
    }
}
