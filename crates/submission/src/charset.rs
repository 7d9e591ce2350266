//! Bytes of any charset as text.
//!
//! In this order: a byte order mark; the charset that the sender names; UTF-8 if
//! the bytes are that; windows-1251 if they look like Russian in it; UTF-8 with
//! U+FFFD for every byte that is not. Nothing is ever refused: a broken letter in
//! a name is no reason to lose a phone.

use std::borrow::Cow;
use std::str::Utf8Chunk;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1251};

/// A charset by its name (`cp1251`, `windows-1251`, `koi8-r`, …: the labels of
/// WHATWG Encoding). `None` if there is no such name; UTF-8 is `None` as well, for
/// senders write it by habit and then send something else.
pub(crate) fn named(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label(label.as_bytes()).filter(|&encoding| encoding != UTF_8)
}

/// A whole body.
pub(crate) fn decode_body<'a>(bytes: &'a [u8], charset: Option<&'static Encoding>) -> Cow<'a, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let rest = bytes.get(mark..).unwrap_or_default();
        return match encoding == UTF_8 {
            true => decode(rest, charset),
            false => encoding.decode_without_bom_handling(rest).0,
        };
    }
    let charset = charset.or_else(|| utf_16_without_mark(bytes));
    decode(bytes, charset)
}

/// One value of a body that is put together of many.
pub(crate) fn decode<'a>(bytes: &'a [u8], charset: Option<&'static Encoding>) -> Cow<'a, str> {
    if let Some(encoding) = charset {
        return encoding.decode_without_bom_handling(bytes).0;
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    if looks_like_windows_1251(bytes) {
        return WINDOWS_1251.decode_without_bom_handling(bytes).0;
    }
    String::from_utf8_lossy(bytes)
}

/// JSON begins with two ASCII characters, so UTF-16 shows by where its zeros are
/// (the rule of RFC 4627, 3).
fn utf_16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [0, second, 0, fourth, ..] if *second != 0 && *fourth != 0 => Some(UTF_16BE),
        [first, 0, third, 0, ..] if *first != 0 && *third != 0 => Some(UTF_16LE),
        _ => None,
    }
}

/// Russian in windows-1251, not UTF-8 with a broken letter: of what is not ASCII
/// most is not UTF-8, everything is a letter of a Cyrillic alphabet or a mark that
/// typists use, and at least half are letters.
fn looks_like_windows_1251(bytes: &[u8]) -> bool {
    let not_utf_8: usize = bytes.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    let utf_8: usize = bytes.utf8_chunks().map(|chunk| letters_of(&chunk)).sum();
    let high = || bytes.iter().copied().filter(|byte| !byte.is_ascii());
    let letters = high().filter(|&byte| is_cyrillic(byte)).count();
    not_utf_8 > utf_8
        && high().all(|byte| is_cyrillic(byte) || is_typographic(byte))
        && letters * 2 >= high().count()
}

fn letters_of(chunk: &Utf8Chunk<'_>) -> usize {
    chunk
        .valid()
        .chars()
        .filter(|character| !character.is_ascii())
        .count()
}

/// Letters of Russian, Ukrainian and Belarusian in windows-1251.
fn is_cyrillic(byte: u8) -> bool {
    matches!(byte, 0xc0..=0xff | 0xa1 | 0xa2 | 0xa5 | 0xa8 | 0xaa | 0xaf | 0xb2..=0xb4 | 0xb8 | 0xba | 0xbf)
}

/// Quotes, dashes, the ellipsis, the no-break space, `№`.
fn is_typographic(byte: u8) -> bool {
    matches!(
        byte,
        0x82 | 0x84 | 0x85 | 0x91..=0x97 | 0xa0 | 0xab | 0xb9 | 0xbb
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows_1251(text: &str) -> Vec<u8> {
        WINDOWS_1251.encode(text).0.into_owned()
    }

    #[test]
    fn russian_in_windows_1251_is_recognized() {
        for text in [
            "Иван",
            "Ёж №5 — «Москва»",
            "ї",
            "ООО «Ромашка», тел. 8 (812) 315-98-83",
        ] {
            assert_eq!(decode(&windows_1251(text), None), text);
        }
    }

    #[test]
    fn broken_utf_8_is_not_taken_for_windows_1251() {
        for (bytes, text) in [
            (&b"\xd0\x98\xd0\xb2\xd0\xb0\xd0"[..], "Ива\u{fffd}"),
            (b"caf\xe9\x80", "caf\u{fffd}"),
            (b"\xff\xfe\x98", "\u{fffd}\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(decode(bytes, None), text);
        }
    }

    #[test]
    fn a_named_charset_is_believed() {
        let koi8 = named("KOI8-R").unwrap();
        assert_eq!(decode(b"\xe9\xd7\xc1\xce", Some(koi8)), "Иван");
        assert_eq!(named("cp1251"), Some(WINDOWS_1251));
        assert_eq!(named("utf8"), None);
        assert_eq!(named("latin-99"), None);
    }

    #[test]
    fn byte_order_marks_and_zeros_tell_the_charset() {
        let utf_16 = |text: &str, big: bool| -> Vec<u8> {
            text.encode_utf16()
                .flat_map(|unit| {
                    if big {
                        unit.to_be_bytes()
                    } else {
                        unit.to_le_bytes()
                    }
                })
                .collect()
        };
        assert_eq!(decode_body(b"\xef\xbb\xbf{}", None), "{}");
        for big in [false, true] {
            assert_eq!(
                decode_body(&utf_16("\u{feff}{\"a\":\"Я\"}", big), None),
                "{\"a\":\"Я\"}"
            );
            assert_eq!(
                decode_body(&utf_16("{\"a\":\"Я\"}", big), None),
                "{\"a\":\"Я\"}"
            );
        }
    }
}
