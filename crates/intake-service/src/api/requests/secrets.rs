//! Secrets of senders, masked in what the journal shows.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::domain::source::Source;
use crate::preset::PRESETS;

const MASK: &str = "***";

/// Names of what is masked.
#[derive(Debug)]
pub(super) struct Secrets(Vec<&'static str>);

impl Secrets {
    /// Those of the source's preset; of all presets where nobody knows the source any more.
    pub(super) fn of(source: Option<&Source>) -> Self {
        Self(match source {
            Some(source) => source.preset.secrets.to_vec(),
            None => PRESETS
                .iter()
                .flat_map(|preset| preset.secrets)
                .copied()
                .collect(),
        })
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Masks values in what was read, at any depth.
    pub(super) fn mask_tree(&self, tree: &mut Map<String, Value>) {
        for (name, value) in tree {
            if self.has(name) {
                *value = Value::from(MASK);
            } else {
                self.mask_value(value);
            }
        }
    }

    fn mask_value(&self, value: &mut Value) {
        match value {
            Value::Object(object) => self.mask_tree(object),
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask_value(item)),
            _ => {}
        }
    }

    /// Masks values in what came: JSON, a form, or what cannot be read at all.
    pub(super) fn mask_raw(&self, raw: &[u8]) -> Vec<u8> {
        let mut shown = Vec::with_capacity(raw.len());
        let mut rest = raw;
        while let Some(value) = self.first_value(rest) {
            shown.extend_from_slice(rest.get(..value.start).unwrap_or_default());
            shown.extend_from_slice(MASK.as_bytes());
            rest = rest.get(value.end..).unwrap_or_default();
        }
        shown.extend_from_slice(rest);
        shown
    }

    /// Where the first value after one of the names is.
    fn first_value(&self, text: &[u8]) -> Option<Range<usize>> {
        (0..text.len()).find_map(|at| {
            let here = text.get(at..)?;
            let is_name = |name: &&&str| {
                let start = here.get(..name.len());
                start.is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
            };
            let name = self.0.iter().find(is_name)?;
            value_at(text, at + name.len())
        })
    }
}

/// The value behind a name that ends at `at`: `": "value"`, `=value&`, or the line after the headers
/// of a part.
fn value_at(text: &[u8], at: usize) -> Option<Range<usize>> {
    let skip = |at: usize, skipped: &[u8]| {
        let rest = text.get(at..).unwrap_or_default();
        let length = rest
            .iter()
            .take_while(|byte| skipped.contains(byte))
            .count();
        at + length
    };
    let mut at = skip(at, b"\"'\\] \t");
    let closing = text.get(at..at + 3).unwrap_or_default();
    if closing.eq_ignore_ascii_case(b"%5D") {
        at += 3;
    }
    match text.get(at)? {
        b':' | b'=' => at += 1,
        b'\r' | b'\n' => {}
        _ => return None,
    }
    let start = skip(at, b" \t\r\n\\");
    let is_escaped = start > at && text.get(start - 1) == Some(&b'\\');
    let is_quoted = text.get(start) == Some(&b'"');
    let start = start + usize::from(is_quoted);
    let mut end = start;
    while let Some(byte) = text.get(end) {
        match byte {
            b'\\' if is_escaped => break,
            b'\\' if is_quoted => end += 1,
            b'"' if is_quoted => break,
            b'&' | b',' | b'}' | b']' | b'"' | b'\r' | b'\n' if !is_quoted => break,
            _ => {}
        }
        end += 1;
    }
    Some(start..end.min(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_masked_in_every_dress() {
        let secrets = Secrets(vec!["google_key"]);
        for (raw, shown) in [
            (
                r#"{"google_key": "a\"b", "x": "google_key"}"#,
                r#"{"google_key": "***", "x": "google_key"}"#,
            ),
            (r#"{"google_key":""}"#, r#"{"google_key":"***"}"#),
            (
                r#"{"Google_Key":12345,"x":1}"#,
                r#"{"Google_Key":***,"x":1}"#,
            ),
            (r#"{"google_key": "cut"#, r#"{"google_key": "***"#),
            ("a=1&google_key=b%20c&d=2", "a=1&google_key=***&d=2"),
            ("a%5Bgoogle_key%5D=b", "a%5Bgoogle_key%5D=***"),
            (
                r#"data={\"google_key\":\"abc\",\"d\":1}"#,
                r#"data={\"google_key\":\"***\",\"d\":1}"#,
            ),
            (
                "name=\"google_key\"\r\n\r\nabc\r\n--x",
                "name=\"google_key\"\r\n\r\n***\r\n--x",
            ),
            ("google_key", "google_key"),
        ] {
            let masked = secrets.mask_raw(raw.as_bytes());
            assert_eq!(String::from_utf8(masked).unwrap(), shown, "{raw}");
        }
        let mut tree = Map::new();
        tree.insert(
            "a".to_owned(),
            serde_json::json!([{"GOOGLE_KEY": 1, "b": 2}]),
        );
        secrets.mask_tree(&mut tree);
        assert_eq!(
            tree["a"],
            serde_json::json!([{"GOOGLE_KEY": "***", "b": 2}])
        );
    }
}
