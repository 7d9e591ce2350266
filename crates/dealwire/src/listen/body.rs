//! Turns a request body into lines that a person can read.

use std::fmt::Write as _;

use percent_encoding::percent_decode;

use super::text;

/// The most of one body that is shown, in bytes of the readable text.
const SHOWN_BYTES: usize = 4 * 1024;

/// Deeper brackets than this are shown as part of the name.
const MAX_DEPTH: usize = 8;

/// A body made readable.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Readable {
    /// What the body is about, such as `order.add`; empty if it does not say.
    pub(crate) title: String,
    /// Lines without control characters, parted by `\n`.
    pub(crate) text: String,
}

/// Reads `body` as its media type says, and as plain text if that fails.
pub(crate) fn readable(media_type: &str, body: &[u8]) -> Readable {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    let read = if essence == "application/x-www-form-urlencoded" {
        form(body)
    } else if essence == "application/json" || essence.ends_with("+json") {
        json(body).unwrap_or_else(|| plain(body))
    } else {
        plain(body)
    };
    Readable {
        title: text::one_line(&read.title),
        text: shortened(read.text),
    }
}

/// The pairs of a urlencoded body or query, nested names indented.
pub(crate) fn form(body: &[u8]) -> Readable {
    let mut lines = String::new();
    let mut open: Vec<String> = Vec::new();
    let (mut component, mut event, mut is_test) = (String::new(), String::new(), false);
    for pair in body.split(|byte| *byte == b'&').filter(|p| !p.is_empty()) {
        let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &[][..]),
        };
        let (name, value) = (decoded(name), decoded(value));
        match name.as_str() {
            "component" => component.clone_from(&value),
            "event" => event.clone_from(&value),
            "test" => is_test = true,
            _ => {}
        }
        let mut path = path_of(&name);
        let leaf = path.pop().unwrap_or_default();
        let shared = open.iter().zip(&path).take_while(|(a, b)| a == b).count();
        for (depth, parent) in path.iter().enumerate().skip(shared) {
            push_line(&mut lines, depth, &[&text::one_line(parent), ":"]);
        }
        let (leaf, value) = (text::one_line(&leaf), text::one_line(&value));
        push_line(&mut lines, path.len(), &[&leaf, " = ", &value]);
        open = path;
    }
    Readable {
        title: title(&component, &event, is_test),
        text: lines,
    }
}

fn json(body: &[u8]) -> Option<Readable> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    let member = |name: &str| value.get(name).and_then(|v| v.as_str()).unwrap_or_default();
    let title = match member("type") {
        "" => title(
            member("component"),
            member("event"),
            value.get("test").is_some(),
        ),
        kind => kind.to_owned(),
    };
    let pretty = serde_json::to_string_pretty(&value).ok()?;
    Some(Readable {
        title,
        text: text::visible(&pretty),
    })
}

fn plain(body: &[u8]) -> Readable {
    Readable {
        title: String::new(),
        text: text::visible(&String::from_utf8_lossy(body)),
    }
}

fn title(component: &str, event: &str, is_test: bool) -> String {
    match (component, event) {
        ("", _) | (_, "") if is_test => "test".to_owned(),
        ("", _) | (_, "") => String::new(),
        _ => format!("{component}.{event}"),
    }
}

fn decoded(part: &[u8]) -> String {
    let spaced: Vec<u8> = part
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    percent_decode(&spaced).decode_utf8_lossy().into_owned()
}

/// `a[b][c]` as `a`, `b`, `c`; a name whose brackets do not pair up stays whole.
fn path_of(name: &str) -> Vec<String> {
    let whole = || vec![name.to_owned()];
    let Some((first, rest)) = name.split_once('[') else {
        return whole();
    };
    let Some(inner) = rest.strip_suffix(']') else {
        return whole();
    };
    let parts: Vec<&str> = inner.split("][").collect();
    let odd = parts.iter().any(|part| part.contains(['[', ']']));
    if first.is_empty() || odd || parts.len() > MAX_DEPTH {
        return whole();
    }
    std::iter::once(first)
        .chain(parts)
        .map(str::to_owned)
        .collect()
}

fn push_line(lines: &mut String, depth: usize, parts: &[&str]) {
    if !lines.is_empty() {
        lines.push('\n');
    }
    for _ in 0..depth {
        lines.push_str("  ");
    }
    lines.extend(parts.iter().copied());
}

fn shortened(mut text: String) -> String {
    if text.len() > SHOWN_BYTES {
        let whole = text.len();
        text.truncate(text.floor_char_boundary(SHOWN_BYTES));
        let hidden = whole - text.len();
        // Writing to a String cannot fail.
        let _ = write!(text, "\n… {hidden} more bytes");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn shows_the_golden_client_with_nested_fields() {
        let body = b"id=77&realname=%D0%98%D0%B2%D0%B0%D0%BD&email=a%40b.ru&position=&\
            fields%5B%D0%93%D0%BE%D1%80%D0%BE%D0%B4%5D=%D0%9C%D0%BE%D1%81%D0%BA%D0%B2%D0%B0&\
            fields%5BINN%5D=7701&component=client&event=edit";
        let read = readable(FORM, body);
        assert_eq!(read.title, "client.edit");
        assert_eq!(
            read.text,
            "id = 77\nrealname = Иван\nemail = a@b.ru\nposition = \nfields:\n  Город = Москва\n  \
             INN = 7701\ncomponent = client\nevent = edit"
        );
    }

    #[test]
    fn nests_deeper_and_leaves_odd_brackets_alone() {
        let read = form(b"a[b][c]=1&a[b][d]=2&a[e]=3&x[=4&y]=5&[z]=6&q[[r]]=7&l[]=8");
        let expected = "a:\n  b:\n    c = 1\n    d = 2\n  e = 3\nx[ = 4\ny] = 5\n[z] = 6\n\
                        q[[r]] = 7\nl:\n   = 8";
        assert_eq!(read.text, expected);
    }

    #[test]
    fn shows_json_indented_and_names_envelopes() {
        let flat = readable("application/json", br#"{"component":"task","event":"add"}"#);
        assert_eq!(flat.title, "task.add");
        assert_eq!(
            flat.text,
            "{\n  \"component\": \"task\",\n  \"event\": \"add\"\n}"
        );
        let envelope = readable(
            "application/json; charset=utf-8",
            br#"{"type":"order.edit","data":{}}"#,
        );
        assert_eq!(envelope.title, "order.edit");
    }

    #[test]
    fn names_the_test_request_in_both_formats() {
        assert_eq!(readable(FORM, b"test=test").title, "test");
        let json = readable("application/json", br#"{"test":"test"}"#);
        assert_eq!(json.title, "test");
    }

    #[test]
    fn survives_garbage_without_control_characters() {
        let deep = "[".repeat(100_000);
        for (media_type, body) in [
            (FORM, &b"%&=&%zz=\xff\x00&\x1b[31m=x"[..]),
            ("application/json", b"{\"a\":"),
            ("application/json", b"\x00\x1b\xc2\x9b"),
            ("application/json", deep.as_bytes()),
            ("", b"\xff\xfe\x00\x07"),
        ] {
            let read = readable(media_type, body);
            let hostile = |c: char| c.is_control() && c != '\n';
            assert!(!read.text.contains(hostile), "{:?}", read.text);
        }
    }

    #[test]
    fn cuts_long_bodies_at_a_character() {
        let body = format!("text={}", "ж".repeat(10_000));
        let read = readable(FORM, body.as_bytes());
        let (shown, note) = read.text.rsplit_once('\n').unwrap();
        assert!(shown.len() <= 4096 && shown.len() > 4090, "{}", shown.len());
        // `text = ` is 7 bytes, so 2 044 letters fit and 7 956 do not.
        assert_eq!(note, "… 15912 more bytes");
    }
}
