//! What a `Content-Type` header says, and what the bytes say where it is silent
//! or known to be wrong.

use encoding_rs::Encoding;

use crate::charset;

/// A header, taken apart.
#[derive(Debug, Default)]
pub(crate) struct MediaType<'a> {
    /// Lower case, without parameters: `text/plain`.
    essence: String,
    parameters: Vec<(&'a str, String)>,
}

/// How a body is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    /// The header says a form, but some senders write JSON under it (`curl -d`
    /// does); a form if it is none.
    JsonElseForm,
    Form,
    Multipart,
}

impl<'a> MediaType<'a> {
    /// Reads `type/subtype; name=value; name="value"` and what resembles it.
    pub(crate) fn parse(header: &'a str) -> Self {
        let mut parts = split_outside_quotes(header);
        let essence = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let parameters = parts
            .filter_map(|part| part.split_once('='))
            .map(|(name, value)| (name.trim(), unquoted(value.trim())))
            .collect();
        Self {
            essence,
            parameters,
        }
    }

    /// A parameter by its name in lower case; blank counts as absent.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(own, value)| own.eq_ignore_ascii_case(name) && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn charset(&self) -> Option<&'static Encoding> {
        self.parameter("charset").and_then(charset::named)
    }

    /// How to read `body`; `None` if nobody can. Its first characters decide where
    /// the header says nothing, only "text", or something that curl or a careless
    /// script says whatever it sends.
    pub(crate) fn format(&self, body: &[u8]) -> Option<Format> {
        let kind = match self.essence.split_once('/') {
            Some(kind) => kind,
            None => return Some(sniff(body)),
        };
        match kind {
            ("multipart", "form-data") => Some(Format::Multipart),
            ("application", "x-www-form-urlencoded") => Some(match sniff(body) {
                Format::Json => Format::JsonElseForm,
                other => other,
            }),
            ("text", "plain") => Some(sniff(body)),
            ("application" | "text", "json" | "x-json" | "javascript" | "x-javascript") => {
                Some(match sniff(body) {
                    Format::Form if begins_like_form(body) => Format::Form,
                    _ => Format::Json,
                })
            }
            ("application", subtype) if subtype.ends_with("+json") => Some(Format::Json),
            _ => None,
        }
    }
}

/// By the first characters: JSON begins with a bracket, multipart with its
/// delimiter and a header, everything else may be a form.
fn sniff(body: &[u8]) -> Format {
    let start = body
        .iter()
        .position(|byte| {
            !byte.is_ascii_whitespace() && !matches!(byte, 0 | 0xef | 0xbb | 0xbf | 0xfe | 0xff)
        })
        .unwrap_or(body.len());
    match body.get(start..).unwrap_or_default() {
        [b'{' | b'[' | b'"', ..] => Format::Json,
        [b'-', b'-', rest @ ..] if names_a_part(rest) => Format::Multipart,
        _ => Format::Form,
    }
}

fn names_a_part(body: &[u8]) -> bool {
    let head = body.get(..body.len().min(512)).unwrap_or_default();
    memchr::memmem::find(&head.to_ascii_lowercase(), b"\ncontent-disposition:").is_some()
}

/// `name=`, where the name has nothing that JSON could begin with.
fn begins_like_form(body: &[u8]) -> bool {
    let name = body
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"_-.%+[]".contains(byte))
        .count();
    name > 0 && body.get(name) == Some(&b'=')
}

/// Parts between `;`, those within quotes not counted.
pub(crate) fn split_outside_quotes(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    text.split(move |character| {
        let parts = character == ';' && !quoted;
        if character == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = character == '\\' && quoted && !escaped;
        parts
    })
}

/// Without the quotes around, `\"` undone. Other backslashes stay: browsers of
/// Windows once sent whole paths.
pub(crate) fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else {
        return value.to_owned();
    };
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    inner.replace("\\\"", "\"").replace("\\\\", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(header: &str, body: &str) -> Option<Format> {
        MediaType::parse(header).format(body.as_bytes())
    }

    #[test]
    fn the_header_and_the_body_decide_together() {
        let part = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--";
        for (header, body, expected) in [
            ("application/json", "{}", Some(Format::Json)),
            (
                "APPLICATION/JSON; charset=utf-8",
                "oops",
                Some(Format::Json),
            ),
            ("application/json", "phone=1", Some(Format::Form)),
            ("application/json", "phone", Some(Format::Json)),
            ("application/ld+json", "{}", Some(Format::Json)),
            ("text/json", "{}", Some(Format::Json)),
            ("text/plain;charset=UTF-8", " \n{}", Some(Format::Json)),
            ("text/plain", "a=1", Some(Format::Form)),
            ("", "\u{feff}{}", Some(Format::Json)),
            ("", "a=1", Some(Format::Form)),
            ("", part, Some(Format::Multipart)),
            ("json", "{}", Some(Format::Json)),
            (
                "application/x-www-form-urlencoded",
                "a=1",
                Some(Format::Form),
            ),
            (
                "application/x-www-form-urlencoded",
                "{\"a\":1}",
                Some(Format::JsonElseForm),
            ),
            (
                "application/x-www-form-urlencoded",
                part,
                Some(Format::Multipart),
            ),
            (
                "Multipart/Form-Data; boundary=x",
                "",
                Some(Format::Multipart),
            ),
            ("application/xml", "<a/>", None),
            ("application/octet-stream", "{}", None),
            ("multipart/mixed; boundary=x", "", None),
            ("text/html", "a=1", None),
        ] {
            assert_eq!(format(header, body), expected, "{header} {body}");
        }
    }

    #[test]
    fn parameters_are_read_with_and_without_quotes() {
        let header = "multipart/form-data; BOUNDARY=\"a;\\\"b\" ; charset = windows-1251";
        let media_type = MediaType::parse(header);
        assert_eq!(media_type.parameter("boundary"), Some("a;\"b"));
        assert_eq!(media_type.charset(), Some(encoding_rs::WINDOWS_1251));
        assert_eq!(
            MediaType::parse("a/b; boundary=").parameter("boundary"),
            None
        );
    }
}
