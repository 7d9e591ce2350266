//! Texts that any database takes.

/// Without control characters other than tab, line feed and carriage return:
/// PostgreSQL refuses U+0000 in a text, and nobody ever typed the others.
pub(crate) fn clean(text: String) -> String {
    if !text.chars().any(is_unwanted) {
        return text;
    }
    text.chars()
        .filter(|&character| !is_unwanted(character))
        .collect()
}

fn is_unwanted(character: char) -> bool {
    character.is_control() && !matches!(character, '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_taken_out() {
        let sent = "И\0в\u{1b}а\u{7f}н\u{85} \t\r\nП.\u{feff}";
        assert_eq!(clean(sent.to_owned()), "Иван \t\r\nП.\u{feff}");
    }
}
