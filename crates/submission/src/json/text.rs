//! Texts of JSON in quotes.

use memchr::memchr2;

/// Why a text has no end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// No closing quote.
    Unfinished,
    /// A backslash before something that it cannot stand before, at this offset.
    Escape(usize),
}

/// Reads up to the closing quote: the text, and its length as it stands.
pub(super) fn read(inner: &str) -> Result<(String, usize), Broken> {
    let mut text = String::new();
    let mut position = 0;
    loop {
        let rest = inner.get(position..).unwrap_or_default();
        let stop = memchr2(b'"', b'\\', rest.as_bytes()).ok_or(Broken::Unfinished)?;
        let (plain, tail) = rest.split_at(stop);
        text.push_str(plain);
        position += stop;
        if tail.starts_with('"') {
            return Ok((text, position));
        }
        let (character, length) = escape(tail).ok_or(Broken::Escape(position))?;
        text.push(character);
        position += length;
    }
}

/// At a backslash: what it stands for and how many bytes it takes.
fn escape(tail: &str) -> Option<(char, usize)> {
    let character = match tail.as_bytes().get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode(tail),
        _ => return None,
    };
    Some((character, 2))
}

fn unicode(tail: &str) -> Option<(char, usize)> {
    let first = code_unit(tail)?;
    if let Some(character) = char::from_u32(first.into()) {
        return Some((character, 6));
    }
    let second = tail.get(6..).and_then(code_unit);
    let pair = second.and_then(|second| {
        char::decode_utf16([first, second])
            .next()
            .and_then(Result::ok)
    });
    Some(pair.map_or((char::REPLACEMENT_CHARACTER, 6), |character| {
        (character, 12)
    }))
}

/// `\uXXXX` at the beginning.
fn code_unit(tail: &str) -> Option<u16> {
    let digits = tail.strip_prefix("\\u")?.get(..4)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u16::from_str_radix(digits, 16).ok()
}
