//! Finds the first phone in what a sender wrote.

use super::MIN_DIGITS;

/// Senders put these between several phones.
const SEPARATORS: [char; 7] = [',', ';', '/', '\\', '|', '\n', '\r'];
/// The words that stand before an extension or another phone. A word may go on
/// (`добавочный`, `внутр.`, `extension`).
const TAIL_WORDS: [&str; 5] = ["доб", "вн", "ext", "или", "or"];
/// Latin and Cyrillic, between a phone and its extension: `x12`.
const TAIL_LETTERS: [char; 2] = ['x', 'х'];

/// The digits of one phone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Number {
    /// ASCII digits.
    pub(super) digits: String,
    /// Whether a `+` stands before the first digit.
    pub(super) has_plus: bool,
}

/// The first phone of `raw`. It ends at a separator, at `#` or at a word that
/// begins an extension, but not before it has the digits of a phone: `8/812/…`
/// is one number.
pub(super) fn first_number(raw: &str) -> Number {
    let characters: Vec<char> = raw.chars().flat_map(char::to_lowercase).collect();
    let mut number = Number {
        digits: String::new(),
        has_plus: false,
    };
    for (position, &character) in characters.iter().enumerate() {
        if let Some(digit) = ascii_digit(character) {
            number.digits.push(digit);
        } else if number.digits.is_empty() {
            number.has_plus |= matches!(character, '+' | '\u{ff0b}');
        } else if number.digits.len() >= MIN_DIGITS && ends_number(&characters, position) {
            break;
        }
    }
    number
}

fn ends_number(characters: &[char], position: usize) -> bool {
    let (before, rest) = characters.split_at(position);
    let Some(&first) = rest.first() else {
        return true;
    };
    if first == '#' || SEPARATORS.contains(&first) {
        return true;
    }
    let begins_word = !before.last().is_some_and(|last| last.is_alphabetic());
    begins_word && (TAIL_WORDS.iter().any(|word| begins_with(rest, word)) || is_tail_letter(rest))
}

fn begins_with(characters: &[char], word: &str) -> bool {
    let mut characters = characters.iter();
    word.chars()
        .all(|letter| characters.next() == Some(&letter))
}

/// `x12`, `x. 12`, but not a word that begins with that letter.
fn is_tail_letter(characters: &[char]) -> bool {
    let [letter, rest @ ..] = characters else {
        return false;
    };
    TAIL_LETTERS.contains(letter) && !rest.first().is_some_and(|next| next.is_alphabetic())
}

/// The first character of each run of ten decimal digits in Unicode.
const ZEROS: [char; 77] = [
    '\u{30}',
    '\u{660}',
    '\u{6f0}',
    '\u{7c0}',
    '\u{966}',
    '\u{9e6}',
    '\u{a66}',
    '\u{ae6}',
    '\u{b66}',
    '\u{be6}',
    '\u{c66}',
    '\u{ce6}',
    '\u{d66}',
    '\u{de6}',
    '\u{e50}',
    '\u{ed0}',
    '\u{f20}',
    '\u{1040}',
    '\u{1090}',
    '\u{17e0}',
    '\u{1810}',
    '\u{1946}',
    '\u{19d0}',
    '\u{1a80}',
    '\u{1a90}',
    '\u{1b50}',
    '\u{1bb0}',
    '\u{1c40}',
    '\u{1c50}',
    '\u{a620}',
    '\u{a8d0}',
    '\u{a900}',
    '\u{a9d0}',
    '\u{a9f0}',
    '\u{aa50}',
    '\u{abf0}',
    '\u{ff10}',
    '\u{104a0}',
    '\u{10d30}',
    '\u{10d40}',
    '\u{11066}',
    '\u{110f0}',
    '\u{11136}',
    '\u{111d0}',
    '\u{112f0}',
    '\u{11450}',
    '\u{114d0}',
    '\u{11650}',
    '\u{116c0}',
    '\u{116d0}',
    '\u{116da}',
    '\u{11730}',
    '\u{118e0}',
    '\u{11950}',
    '\u{11bf0}',
    '\u{11c50}',
    '\u{11d50}',
    '\u{11da0}',
    '\u{11de0}',
    '\u{11f50}',
    '\u{16130}',
    '\u{16a60}',
    '\u{16ac0}',
    '\u{16b50}',
    '\u{16d70}',
    '\u{1ccf0}',
    '\u{1d7ce}',
    '\u{1d7d8}',
    '\u{1d7e2}',
    '\u{1d7ec}',
    '\u{1d7f6}',
    '\u{1e140}',
    '\u{1e2f0}',
    '\u{1e4f0}',
    '\u{1e5f0}',
    '\u{1e950}',
    '\u{1fbf0}',
];

/// The value of a decimal digit of any script, as an ASCII digit.
fn ascii_digit(character: char) -> Option<char> {
    let runs_up_to = ZEROS.partition_point(|zero| *zero <= character);
    let zero = ZEROS.get(runs_up_to.checked_sub(1)?)?;
    char::from_digit(u32::from(character) - u32::from(*zero), 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(raw: &str) -> String {
        first_number(raw).digits
    }

    #[test]
    fn punctuation_and_words_before_the_number_are_passed_over() {
        for raw in [
            "8 (812) 315-98-83",
            "8.812.315.98.83",
            "8/812/315-98-83",
            "тел.: 8 812 3159883",
            "tel:88123159883",
            "\u{202d}8\u{a0}812\u{2011}315\u{2013}98\u{2014}83\u{202c}",
            "8 (812) 315 98 83 Иван",
        ] {
            assert_eq!(digits(raw), "88123159883", "{raw}");
        }
    }

    #[test]
    fn extensions_are_cut_off() {
        for tail in [
            "доб. 12",
            "ДОБ.12",
            "(доб 12)",
            "добавочный 12",
            "вн. 12",
            "внутр. 12",
            "ext. 12",
            "Extension 12",
            ";ext=12",
            "#12",
            "x12",
            "X 12",
            "х12",
            ",,12",
        ] {
            let raw = format!("8 (812) 315-98-83 {tail}");
            assert_eq!(digits(&raw), "88123159883", "{raw}");
            let raw = format!("88123159883{tail}");
            assert_eq!(digits(&raw), "88123159883", "{raw}");
        }
    }

    #[test]
    fn the_first_of_several_is_taken() {
        for tail in [
            ", 8 999 888-88-88",
            "/84",
            "; +79998888888",
            " или 89998888888",
            " or 89998888888",
            "\n89998888888",
            "|89998888888",
        ] {
            let raw = format!("8 (812) 315-98-83{tail}");
            assert_eq!(digits(&raw), "88123159883", "{raw}");
        }
    }

    #[test]
    fn a_letter_inside_a_word_ends_nothing() {
        assert_eq!(digits("8 (49232 Ковров, МИХ) 1-23-45"), "849232");
        assert_eq!(digits("8 (49232 г. Мих) 1-23-45"), "84923212345");
    }

    #[test]
    fn plus_counts_only_before_the_first_digit() {
        for raw in ["+7 999", "(+7) 999", " + 7 999", "+7999", "тел: +7999"] {
            assert!(first_number(raw).has_plus, "{raw}");
        }
        for raw in ["7 999", "7+999", "", "999+"] {
            assert!(!first_number(raw).has_plus, "{raw}");
        }
    }

    #[test]
    fn digits_of_every_script_count() {
        for raw in [
            "８８１２３１５９８８３",
            "٨٨١٢٣١٥٩٨٨٣",
            "۸۸۱۲۳۱۵۹۸۸۳",
            "८८१२३१५९८८३",
            "𝟖𝟖𝟏𝟐𝟑𝟏𝟓𝟗𝟖𝟖𝟑",
        ] {
            assert_eq!(digits(raw), "88123159883", "{raw}");
        }
        assert_eq!(digits("²½Ⅷ①"), "");
    }

    #[test]
    fn the_table_of_digits_is_sorted() {
        assert!(ZEROS.is_sorted());
        assert_eq!(ascii_digit('0'), Some('0'));
        assert_eq!(ascii_digit('9'), Some('9'));
        assert_eq!(ascii_digit(':'), None);
        assert_eq!(ascii_digit('\0'), None);
        assert_eq!(ascii_digit(char::MAX), None);
    }
}
