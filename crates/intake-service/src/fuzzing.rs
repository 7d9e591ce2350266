//! One entry for everything that a stranger's bytes go through before they are a lead: for the fuzz
//! target in `fuzz/`, and for the tests that give it the same inputs.
//!
//! An input is a request, written so that people can read and write it: the name of a preset and,
//! after a blank, `strict`; the `Content-Type` (an empty line: none); the query; then the body. The
//! first three are a line each.

use events::{AccountId, Timestamp};
use submission::{Limits, Posted, ReadError};

use crate::domain::lead::{LeadDraft, MARK_KEYS, MAX_MARK_CHARS};
use crate::domain::source::Source;
use crate::preset::{PRESETS, Preset};
use crate::reading::{Language, Reading, read_lead};

/// No text of a lead is longer; a text that is goes to `extra`.
const MAX_TEXT_CHARS: usize = MAX_MARK_CHARS;

/// Reads an input as the inbound URL reads a request.
///
/// # Panics
/// If what came out is nothing that may be stored or answered.
pub fn read_request(input: &[u8]) {
    let mut lines = input.splitn(4, |&byte| byte == b'\n');
    let mut line = || String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let (sender, content_type, query) = (line(), line(), line());
    let body = lines.next().unwrap_or_default();
    let posted = Posted {
        content_type: Some(content_type.as_str()).filter(|header| !header.is_empty()),
        query: &query,
        body,
        limits: Limits::default(),
    };
    let submission = match submission::read(&posted) {
        Ok(submission) => submission,
        Err(ReadError::Malformed(reason)) => {
            assert!(reason.ends_with('.'), "{reason:?} is no sentence");
            return;
        }
        Err(_) => return,
    };
    let again = submission::read(&posted).map(|again| again.fingerprint());
    assert_eq!(again, Ok(submission.fingerprint()));
    match read_lead(&submission, &source(&sender)) {
        Reading::Lead(draft) => check(&draft),
        Reading::Refused(problems) => {
            assert!(!problems.is_empty());
            for problem in problems {
                assert!(problem.message(Language::of(&query)).ends_with('.'));
            }
        }
        Reading::Test | Reading::Spam | Reading::Ignored(_) => {}
    }
}

fn source(sender: &str) -> Source {
    let (preset, rest) = sender.split_once(' ').unwrap_or((sender, ""));
    let preset = Preset::parse(preset).unwrap_or(&PRESETS[0]);
    let mut source = Source::blank(AccountId(1), preset, String::new(), Timestamp(0));
    source.settings.strict = rest == "strict";
    source
}

fn check(draft: &LeadDraft) {
    assert!(draft.phone.is_some() || draft.email.is_some());
    let texts = [
        draft.name.as_deref(),
        draft.phone.as_ref().map(|phone| phone.raw()),
        draft.email.as_ref().map(|email| email.as_sent()),
        draft.remote_id.as_ref().map(|id| id.0.as_str()),
    ];
    let marks = MARK_KEYS.into_iter().map(|key| draft.marks.get(key));
    for text in texts.into_iter().chain(marks).flatten() {
        assert!(text.chars().count() <= MAX_TEXT_CHARS);
        assert!(!text.contains('\0') && !text.trim().is_empty());
    }
    let extra = serde_json::Value::Object(draft.extra.clone()).to_string();
    assert!(!extra.contains("\\u0000"));
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_input_of_the_corpus_is_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/read_request");
        let mut inputs = 0;
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            read_request(&fs::read(&path).unwrap());
            inputs += 1;
        }
        assert!(inputs >= 20, "{inputs} inputs");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(input: Vec<u8>) {
            read_request(&input);
        }

        #[test]
        fn no_request_panics(
            preset in prop::sample::select(PRESETS.iter().map(|preset| preset.name).collect::<Vec<_>>()),
            strict in prop::sample::select(vec!["", " strict"]),
            content_type in prop::sample::select(vec![
                "", "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b",
                "text/plain; charset=cp1251", "application/json; charset=utf-16",
            ]),
            query in "((phone|tel|email|is_test|url|COOKIES|name|cost|remoteId)(\\[a?\\]){0,3}=[+%0-9a-f@.;]{0,12}&){0,4}",
            body in prop_oneof![
                "((phone|tel|email|data|url|COOKIES|name|cost|remoteId)(\\[a?\\]){0,3}=.{0,12}&){0,6}",
                "\\{(\"(phone|email|contacts|data|cost)\":(\"[+0-9a@.]{0,12}\"|[0-9]{1,22}|\\[[0-9]\\]|\\{\"phone\":[0-9]{6}\\}),){0,4}\"x\":.{1,8}\\}",
                "(--b\r\nContent-Disposition: form-data; name=\"(phone|email|f)\"\r\n\r\n.{0,12}\r\n){0,3}--b--",
                ".{0,64}",
            ],
        ) {
            read_request(format!("{preset}{strict}\n{content_type}\n{query}\n{body}").as_bytes());
        }
    }
}
