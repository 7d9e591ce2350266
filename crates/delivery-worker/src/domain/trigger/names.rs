//! Names of parameters: snake_case of Latin letters, as S2 asks for.

use any_ascii::any_ascii_char;

/// The longest name, in characters, all of which are ASCII.
const MAX_NAME_CHARS: usize = 64;
/// What is suggested where nothing of a name can be kept.
const FALLBACK: &str = "parameter";

/// Whether it matches `^[a-z][a-z0-9_]{0,63}$` (WIRE 3).
pub(crate) fn is_parameter_name(name: &str) -> bool {
    name.len() <= MAX_NAME_CHARS
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// The name nearest to what was meant that may be used and is not taken.
///
/// Other alphabets are written in Latin letters: `Имя клиента` is `imya_klienta`.
pub(crate) fn suggest_name(meant: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let base = snake_case(meant);
    if !is_taken(&base) {
        return base;
    }
    let mut number = 2_usize;
    loop {
        let ending = format!("_{number}");
        let kept = base.len().min(MAX_NAME_CHARS - ending.len());
        let numbered = format!("{}{ending}", base[..kept].trim_end_matches('_'));
        if !is_taken(&numbered) {
            return numbered;
        }
        number += 1;
    }
}

/// Always a name: whatever cannot stand in one parts its words, and so does a capital
/// letter behind a small one.
fn snake_case(meant: &str) -> String {
    let mut name = String::with_capacity(MAX_NAME_CHARS);
    let mut was_small = false;
    // Longer texts are cut anyway, and most letters become at least one.
    for letter in meant.chars().take(4 * MAX_NAME_CHARS) {
        let is_part = |c: char| c.is_ascii_alphanumeric() || is_sign(c);
        let latin = any_ascii_char(letter);
        if latin.is_empty() {
            continue;
        }
        if letter.is_uppercase() && was_small || !latin.chars().any(is_part) {
            part(&mut name);
        }
        for c in latin.chars().filter(|c| !is_sign(*c)) {
            if c.is_ascii_alphanumeric() {
                name.push(c.to_ascii_lowercase());
            } else {
                part(&mut name);
            }
        }
        was_small = letter.is_lowercase() || letter.is_numeric();
    }
    let trimmed = name.trim_matches('_');
    let mut name = match trimmed.as_bytes().first() {
        None => FALLBACK.to_owned(),
        Some(b'0'..=b'9') => format!("p_{trimmed}"),
        Some(_) => trimmed.to_owned(),
    };
    name.truncate(MAX_NAME_CHARS);
    name.truncate(name.trim_end_matches('_').len());
    name
}

fn part(name: &mut String) {
    if !name.ends_with('_') {
        name.push('_');
    }
}

/// What stands for a soft or a hard sign; it parts no words.
fn is_sign(c: char) -> bool {
    matches!(c, '\'' | '"' | '`')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_snake_case() {
        for name in ["a", "deal_name", "x1", "a_", &"n".repeat(64)] {
            assert!(is_parameter_name(name), "{name}");
        }
        for name in [
            "",
            "_a",
            "1a",
            "A",
            "aB",
            "a-b",
            "a b",
            "имя",
            "a\n",
            &"n".repeat(65),
        ] {
            assert!(!is_parameter_name(name), "{name}");
        }
    }

    #[test]
    fn other_spellings_are_put_right() {
        let suggest = |meant| suggest_name(meant, |_| false);
        for (meant, expected) in [
            ("Имя клиента", "imya_klienta"),
            ("Номер телефона", "nomer_telefona"),
            ("dealName", "deal_name"),
            ("Deal-Name", "deal_name"),
            ("  price, RUB ", "price_rub"),
            ("ЯЩИК", "yashchik"),
            ("день рождения", "den_rozhdeniya"),
            ("скидка, %", "skidka"),
            ("utmSource", "utm_source"),
            ("объект", "obekt"),
            ("Ünïcødé", "unicode"),
            ("Größe", "grosse"),
            ("2 phones", "p_2_phones"),
            ("_id", "id"),
            ("URL", "url"),
            ("", "parameter"),
            ("!!!", "parameter"),
        ] {
            assert_eq!(suggest(meant), expected, "{meant}");
        }
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let taken = ["imya", "imya_2"];
        let is_taken = |name: &str| taken.contains(&name);
        assert_eq!(suggest_name("Имя", is_taken), "imya_3");
        let long = "n".repeat(64);
        assert_eq!(
            suggest_name(&long, |name| name == long),
            format!("{}_2", "n".repeat(62))
        );
    }

    proptest! {
        #[test]
        fn whatever_is_suggested_may_be_used(
            meant in any::<String>(),
            taken in prop::collection::vec("[a-z_0-9]{1,3}", 0..20),
        ) {
            let name = suggest_name(&meant, |name| taken.iter().any(|known| known == name));
            prop_assert!(is_parameter_name(&name), "{name:?}");
            prop_assert!(!taken.contains(&name));
        }
    }
}
