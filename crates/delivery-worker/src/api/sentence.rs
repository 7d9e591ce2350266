//! Messages of our own rules, as the API says them.

/// A message as a sentence: with a capital and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let mut sentence: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(letters)
        .collect();
    sentence.push('.');
    sentence
}
