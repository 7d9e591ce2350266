//! `multipart/form-data` (RFC 7578) of which all bytes are there.
//!
//! Own code, because libraries read it as a stream and give up at the first thing
//! out of order. Here a part with a name counts, whatever else is missing: bare
//! line feeds, a header without a boundary, a last delimiter that does not say
//! that it is the last, names in the page's own charset. A part without a
//! delimiter behind it was cut off.

use std::borrow::Cow;

use encoding_rs::Encoding;
use memchr::memmem;

use crate::form::Tree;
use crate::limits::Budget;
use crate::media_type::{MediaType, split_outside_quotes, unquoted};
use crate::{File, Object, ReadError, Value, charset, text::clean};

/// Reads the parts. `boundary`: as the header says; the first line of the body
/// otherwise.
pub(crate) fn read(
    body: &[u8],
    boundary: Option<&str>,
    charset: Option<&'static Encoding>,
    budget: &mut Budget,
) -> Result<Object, ReadError> {
    let mut tree = Tree::new(budget.depth());
    let delimiter = delimiter(body, boundary).ok_or_else(|| malformed(boundary))?;
    let mut rest = first_part(body, &delimiter).ok_or_else(|| malformed(boundary))?;
    // Two dashes after a delimiter: it was the closing one.
    while !rest.starts_with(b"--") {
        let (bytes, next) = split_at_delimiter(rest, &delimiter);
        if next.is_none() && !bytes.trim_ascii().is_empty() {
            // What is there of it may be half of a phone.
            return Err(ReadError::Malformed(
                "The body ends inside of a part.".to_owned(),
            ));
        }
        if let Some(part) = Part::parse(bytes, charset) {
            budget.spend_key()?;
            tree.insert(&part.name, part.value)?;
        }
        match next {
            Some(next) => rest = next,
            None => break,
        }
    }
    Ok(tree.into_object())
}

fn malformed(boundary: Option<&str>) -> ReadError {
    ReadError::Malformed(match boundary {
        Some(boundary) => format!("No line of the body begins with the boundary {boundary:?}."),
        None => "The Content-Type names no boundary and the body begins with none.".to_owned(),
    })
}

/// `--boundary`, without the line break before it.
fn delimiter<'a>(body: &'a [u8], boundary: Option<&str>) -> Option<Cow<'a, [u8]>> {
    if let Some(boundary) = boundary {
        return Some(Cow::Owned([b"--", boundary.as_bytes()].concat()));
    }
    let line = body
        .trim_ascii_start()
        .split(|&byte| byte == b'\n')
        .next()?;
    let line = line.trim_ascii_end();
    (line.len() > 2 && line.starts_with(b"--")).then_some(Cow::Borrowed(line))
}

/// What follows the first delimiter.
fn first_part<'a>(body: &'a [u8], delimiter: &[u8]) -> Option<&'a [u8]> {
    let at = find_delimiter(body, delimiter)?;
    body.get(at + delimiter.len()..)
}

/// One part without the line break that ends it, and what follows the next
/// delimiter.
fn split_at_delimiter<'a>(bytes: &'a [u8], delimiter: &[u8]) -> (&'a [u8], Option<&'a [u8]>) {
    let Some(at) = find_delimiter(bytes, delimiter) else {
        return (bytes, None);
    };
    let part = bytes.get(..at).unwrap_or_default();
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    let part = part.strip_suffix(b"\r").unwrap_or(part);
    (part, bytes.get(at + delimiter.len()..))
}

/// Where a line begins with the delimiter and with nothing that goes on with it.
fn find_delimiter(bytes: &[u8], delimiter: &[u8]) -> Option<usize> {
    memmem::find_iter(bytes, delimiter).find(|&at| {
        let begins_line = at == 0 || bytes.get(at - 1) == Some(&b'\n');
        let after = bytes.get(at + delimiter.len()..).unwrap_or_default();
        begins_line
            && matches!(
                after,
                [] | [b'-', b'-', ..] | [b'\r' | b'\n' | b' ' | b'\t', ..]
            )
    })
}

struct Part {
    name: String,
    value: Value,
}

impl Part {
    /// `None` for a part without a name or without an end of its headers. `bytes`
    /// begin behind the delimiter, before the line break.
    fn parse(bytes: &[u8], charset: Option<&'static Encoding>) -> Option<Self> {
        let line_break = memchr::memchr(b'\n', bytes)?;
        let (head, content) = split_head(bytes.get(line_break + 1..)?)?;
        let head = charset::decode(head, charset);
        let header = |wanted: &str| {
            head.lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))
                .map(|(_, value)| value.trim())
        };
        let disposition = header("content-disposition")?;
        let name = clean(parameter(disposition, "name")?);
        let content_type = header("content-type");
        let value = match parameter(disposition, "filename") {
            Some(file) if !(file.is_empty() && content.is_empty()) => Value::File(File {
                name: clean(file),
                content_type: content_type.map(|text| clean(text.to_owned())),
                bytes: content.len(),
            }),
            // A file field that nobody filled in.
            Some(_) => Value::Text(String::new()),
            None => {
                let own = content_type.and_then(|header| MediaType::parse(header).charset());
                let text = charset::decode(content, own.or(charset));
                Value::Text(clean(text.into_owned()))
            }
        };
        Some(Self { name, value })
    }
}

/// Parts at the first empty line.
fn split_head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', bytes) {
        let line = bytes.get(start..end)?;
        if line.is_empty() || line == b"\r" {
            return Some((bytes.get(..start)?, bytes.get(end + 1..)?));
        }
        start = end + 1;
    }
    None
}

/// `name="…"`; line breaks and quotes in it come percent-encoded (WHATWG HTML,
/// multipart/form-data), and only they.
fn parameter(disposition: &str, wanted: &str) -> Option<String> {
    split_outside_quotes(disposition)
        .filter_map(|part| part.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))
        .map(|(_, value)| {
            unquoted(value.trim())
                .replace("%22", "\"")
                .replace("%0D", "\r")
                .replace("%0A", "\n")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn read_bytes(body: &[u8], boundary: Option<&str>) -> Result<Object, ReadError> {
        read(body, boundary, None, &mut Budget::new(Limits::default()))
    }

    fn json(body: &str, boundary: Option<&str>) -> serde_json::Value {
        let object = read_bytes(body.as_bytes(), boundary).unwrap();
        serde_json::Value::from(&Value::Object(object))
    }

    const BROWSER: &str = "--b\r\nContent-Disposition: form-data; name=\"a[x]\"\r\n\r\nИван\r\n--bird\r\n\
        --b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"я %22.png\"\r\nContent-Type: image/png\r\n\r\n\x00--b\r\n\
        --b\r\nContent-Disposition: form-data; name=\"none\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n\
        --b\r\nContent-Disposition: form-data; name=\"q\\\"%0D%0A%41\"\r\n\r\n\r\n--b--\r\nepilogue";

    #[test]
    fn what_a_browser_sends_is_read() {
        let object = read_bytes(BROWSER.as_bytes(), Some("b")).unwrap();
        let names: Vec<&str> = object.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "f", "none", "q\"\r\n%41"]);
        let file = File {
            name: "я \".png".to_owned(),
            content_type: Some("image/png".to_owned()),
            bytes: 4,
        };
        assert_eq!(object.get("f"), Some(&Value::File(file)));
        assert_eq!(object.get("none"), Some(&Value::Text(String::new())));
        let Some(Value::Object(a)) = object.get("a") else {
            panic!("{object:?}")
        };
        assert_eq!(a.get("x"), Some(&Value::Text("Иван\r\n--bird".to_owned())));
    }

    #[test]
    fn careless_bodies_are_read() {
        let bare = "preamble\n--b\ncontent-disposition: form-data; name=phone\n\n8 800\n--b\nX: 1\n\nno name\n--b\n\
            Content-Disposition: form-data; name=\"e\"\n\na@b.ru\n--b\n";
        let expected = serde_json::json!({"phone": "8 800", "e": "a@b.ru"});
        assert_eq!(json(bare, Some("b")), expected);
        let no_boundary = bare.trim_start_matches("preamble\n");
        assert_eq!(json(no_boundary, None), expected);
        assert_eq!(json("--b--\r\n", Some("b")), serde_json::json!({}));
    }

    #[test]
    fn a_body_that_was_cut_off_is_malformed() {
        let whole = "--b1\r\nContent-Disposition: form-data; name=\"phone\"\r\n\r\n+7 999 888-88-88\r\n--b1--\r\n";
        let end = whole.len() - "--\r\n".len();
        for length in "--b1\r\nC".len()..end {
            let error = "The body ends inside of a part.".to_owned();
            let read = read_bytes(&whole.as_bytes()[..length], Some("b1"));
            assert_eq!(read, Err(ReadError::Malformed(error)), "{length}");
        }
        for tail in ["", "\r\n", "--", "--\r\n"] {
            let body = format!("{}{tail}", &whole[..end]);
            let expected = serde_json::json!({"phone": "+7 999 888-88-88"});
            assert_eq!(json(&body, Some("b1")), expected, "{tail:?}");
        }
    }

    #[test]
    fn charsets_of_the_page_and_of_a_part_count() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"\xe8\xec\xff\"\r\n\r\n\xc8\xe2\xe0\xed\r\n--b\r\n\
            Content-Disposition: form-data; name=\"k\"\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\n\xe9\xd7\xc1\xce\r\n--b--";
        let object = read_bytes(body, Some("b")).unwrap();
        assert_eq!(object.get("имя"), Some(&Value::Text("Иван".to_owned())));
        assert_eq!(object.get("k"), Some(&Value::Text("Иван".to_owned())));
    }

    #[test]
    fn a_body_without_its_boundary_is_malformed() {
        for (body, boundary, sentence) in [
            (
                "a=1",
                Some("b"),
                "No line of the body begins with the boundary \"b\".",
            ),
            (
                "x--b",
                Some("b"),
                "No line of the body begins with the boundary \"b\".",
            ),
            (
                "a=1",
                None,
                "The Content-Type names no boundary and the body begins with none.",
            ),
        ] {
            assert_eq!(
                read_bytes(body.as_bytes(), boundary),
                Err(ReadError::Malformed(sentence.to_owned()))
            );
        }
    }
}
