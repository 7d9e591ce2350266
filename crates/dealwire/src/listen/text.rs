//! Makes foreign text harmless on a terminal.

/// `text` with every control character written as an escape, lines kept.
pub(crate) fn visible(text: &str) -> String {
    escaped(text, |c| c == '\n')
}

/// `text` on one line: line breaks are escaped as well.
pub(crate) fn one_line(text: &str) -> String {
    escaped(text, |_| false)
}

fn escaped(text: &str, kept: impl Fn(char) -> bool) -> String {
    if !text.contains(|c: char| is_hostile(c) && !kept(c)) {
        return text.to_owned();
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hostile(c) && !kept(c) {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Control characters drive a terminal, and direction marks reorder what is read.
fn is_hostile(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_drives_a_terminal() {
        assert_eq!(
            one_line("a\u{1b}[2J\nб\u{9b}\u{202e}"),
            "a\\u{1b}[2J\\nб\\u{9b}\\u{202e}"
        );
        assert_eq!(visible("a\r\nб\t"), "a\\r\nб\\t");
        assert_eq!(visible("как есть"), "как есть");
    }
}
