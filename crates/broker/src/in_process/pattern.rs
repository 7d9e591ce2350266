//! Topic patterns as AMQP 0-9-1 defines them for topic exchanges.

/// A compiled binding: `*` stands for one word, `#` for any number of words, none included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    words: Vec<Word>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Literal(String),
    One,
    Any,
}

impl Pattern {
    pub(crate) fn parse(binding: &str) -> Self {
        let words = words_of(binding)
            .into_iter()
            .map(|word| match word {
                "*" => Word::One,
                "#" => Word::Any,
                literal => Word::Literal(literal.to_owned()),
            })
            .collect();
        Self { words }
    }

    /// Matches in one pass: after a mismatch only the latest `#` can still take one word more.
    pub(crate) fn matches(&self, key: &[&str]) -> bool {
        let (mut at_word, mut at_key) = (0, 0);
        let mut latest_any: Option<(usize, usize)> = None;
        while at_key < key.len() {
            match self.words.get(at_word) {
                Some(Word::Any) => {
                    latest_any = Some((at_word, at_key));
                    at_word += 1;
                }
                Some(word) if word.matches(key[at_key]) => {
                    at_word += 1;
                    at_key += 1;
                }
                _ => {
                    let Some((any_word, any_key)) = latest_any else {
                        return false;
                    };
                    latest_any = Some((any_word, any_key + 1));
                    at_word = any_word + 1;
                    at_key = any_key + 1;
                }
            }
        }
        self.words[at_word..].iter().all(|word| *word == Word::Any)
    }
}

impl Word {
    fn matches(&self, word: &str) -> bool {
        match self {
            Self::Literal(literal) => literal == word,
            Self::One | Self::Any => true,
        }
    }
}

/// Splits a routing key or a binding. An empty one has no words; an empty word between two dots is
/// a word.
pub(crate) fn words_of(key: &str) -> Vec<&str> {
    if key.is_empty() {
        Vec::new()
    } else {
        key.split('.').collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Pattern, words_of};

    fn matches(pattern: &str, key: &str) -> bool {
        Pattern::parse(pattern).matches(&words_of(key))
    }

    #[test]
    fn a_literal_matches_itself_alone() {
        assert!(matches("order.add", "order.add"));
        assert!(!matches("order.add", "order.edit"));
        assert!(!matches("order.add", "order"));
        assert!(!matches("order.add", "order.add.more"));
        assert!(!matches("order", "order.add"));
    }

    #[test]
    fn a_star_is_exactly_one_word() {
        assert!(matches("order.*", "order.add"));
        assert!(matches("*.add", "task.add"));
        assert!(!matches("order.*", "order"));
        assert!(!matches("order.*", "order.add.more"));
        assert!(matches("*", "order"));
        assert!(!matches("*", ""));
        assert!(matches("a.*.c", "a..c"));
    }

    #[test]
    fn a_hash_is_any_number_of_words() {
        for key in ["", "order", "order.add", "order.add.more"] {
            assert!(matches("#", key), "{key}");
        }
        for key in ["order", "order.add", "order.add.more"] {
            assert!(matches("order.#", key), "{key}");
        }
        assert!(!matches("order.#", "task.add"));
        assert!(matches("#.add", "add"));
        assert!(matches("#.add", "order.item.add"));
        assert!(!matches("#.add", "order.add.item"));
        assert!(matches("a.#.b.#.c", "a.b.x.b.c"));
        assert!(matches("#.a.*", "a.a.b"));
        assert!(!matches("#.a.*", "a.b.c"));
    }

    #[test]
    fn a_wildcard_inside_a_word_is_a_literal() {
        assert!(matches("ord*", "ord*"));
        assert!(!matches("ord*", "order"));
    }

    /// The definition, word by word, with no cleverness.
    fn by_definition(pattern: &[&str], key: &[&str]) -> bool {
        match (pattern, key) {
            ([], []) => true,
            (["#", rest @ ..], _) => {
                (0..=key.len()).any(|taken| by_definition(rest, &key[taken..]))
            }
            (["*", rest @ ..], [_, key @ ..]) => by_definition(rest, key),
            ([word, rest @ ..], [first, key @ ..]) => word == first && by_definition(rest, key),
            ([_, ..], []) | ([], [_, ..]) => false,
        }
    }

    proptest! {
        #[test]
        fn matching_agrees_with_the_definition(
            pattern in proptest::collection::vec(proptest::sample::select(vec!["a", "b", "*", "#"]), 0..6),
            key in proptest::collection::vec(proptest::sample::select(vec!["a", "b"]), 0..7),
        ) {
            let compiled = Pattern::parse(&pattern.join("."));
            prop_assert_eq!(compiled.matches(&key), by_definition(&pattern, &key));
        }
    }
}
