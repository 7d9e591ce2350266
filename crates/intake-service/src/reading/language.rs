//! Which language a sender reads.

/// A language that messages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Language {
    /// The default (S1).
    #[default]
    Russian,
    English,
}

impl Language {
    /// The best of those that `Accept-Language` names (RFC 9110, 12.5.4); Russian where it names
    /// neither, or both alike. Blank if there is no such header.
    pub(crate) fn of(header: &str) -> Self {
        let weight = |code: &str| {
            let named = header.split(',').filter_map(weighted);
            named
                .filter(|(language, _)| language.eq_ignore_ascii_case(code))
                .map(|(_, weight)| weight)
                .fold(0.0, f64::max)
        };
        if weight("en") > weight("ru").max(weight("*")) {
            Self::English
        } else {
            Self::Russian
        }
    }
}

/// `en-US;q=0.8` → `en`, 0.8.
fn weighted(range: &str) -> Option<(&str, f64)> {
    let mut parts = range.split(';').map(str::trim);
    let language = parts.next()?.split('-').next()?;
    let weight = parts
        .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
        .map_or(Some(1.0), |weight| weight.trim().parse().ok())?;
    Some((language, weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_decides_and_russian_is_the_default() {
        for (header, expected) in [
            ("", Language::Russian),
            ("en", Language::English),
            ("EN-us, ru;q=0.5", Language::English),
            ("ru, en", Language::Russian),
            ("ru;q=0.8, en;q=0.9", Language::English),
            ("ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", Language::Russian),
            ("de, en;q=0.5", Language::English),
            ("de", Language::Russian),
            ("*, en;q=0.5", Language::Russian),
            ("en;q=0", Language::Russian),
            ("en;q=x", Language::Russian),
            (";;,=,q=1", Language::Russian),
        ] {
            assert_eq!(Language::of(header), expected, "{header:?}");
        }
    }
}
