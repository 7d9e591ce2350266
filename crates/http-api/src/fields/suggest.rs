//! "Did you mean": the known name nearest to a misspelled one.

/// Names longer than this are never a slip of a few letters.
const MAX_CHARS: usize = 48;

/// The known name that differs by case, separators or a few letters only.
pub fn nearest<'a, N: AsRef<str>>(name: &str, known: &'a [N]) -> Option<&'a str> {
    if name.chars().count() > MAX_CHARS {
        return None;
    }
    let folded = fold(name);
    known
        .iter()
        .map(|candidate| {
            let candidate = candidate.as_ref();
            (distance(&folded, &fold(candidate)), candidate)
        })
        .filter(|(distance, candidate)| *distance <= candidate.chars().count() / 4 + 1)
        .filter(|(distance, candidate)| *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn fold(name: &str) -> Vec<char> {
    name.chars()
        .filter(|letter| !matches!(letter, '_' | '-' | ' ' | '.'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Levenshtein distance, one row at a time.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(right) {
            let replaced = diagonal + usize::from(a != b);
            diagonal = *cell;
            before = replaced.min(diagonal + 1).min(before + 1);
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        for (left, right, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("price", "prise", 1),
            ("name", "nmae", 2),
        ] {
            assert_eq!(distance(&chars(left), &chars(right)), expected, "{left}");
            assert_eq!(distance(&chars(right), &chars(left)), expected, "{left}");
        }
    }

    #[test]
    fn slips_are_recognized_and_strangers_are_not() {
        let known = ["name", "price", "id_client", "date_from"];
        assert_eq!(nearest("prise", &known), Some("price"));
        assert_eq!(nearest("idClient", &known), Some("id_client"));
        assert_eq!(nearest("DATE-FROM", &known), Some("date_from"));
        assert_eq!(nearest("warehouse", &known), None);
        assert_eq!(nearest(&"n".repeat(10_000), &known), None);
        assert_eq!(nearest("x", &["a"]), None);
    }
}
