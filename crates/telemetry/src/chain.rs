//! An error and everything that caused it, on one line.

use std::error::Error;
use std::fmt;

/// Displays an error followed by its sources, parted by `: `.
///
/// A source whose text the error above already ends with is not repeated.
#[derive(Debug, Clone, Copy)]
pub struct Chain<'a>(pub &'a (dyn Error + 'a));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.0.to_string();
        f.write_str(&text)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            let next = error.to_string();
            if !text.ends_with(&next) {
                write!(f, ": {next}")?;
            }
            text = next;
            source = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        source: Option<Box<Link>>,
    }

    fn link(text: &'static str, source: Option<Link>) -> Link {
        Link {
            text,
            source: source.map(Box::new),
        }
    }

    #[test]
    fn every_source_is_named_in_order() {
        let error = link(
            "cannot save the order",
            Some(link("database is away", Some(link("refused", None)))),
        );
        assert_eq!(
            Chain(&error).to_string(),
            "cannot save the order: database is away: refused"
        );
    }

    #[test]
    fn a_source_already_quoted_is_not_repeated() {
        let error = link("cannot connect: refused", Some(link("refused", None)));
        assert_eq!(Chain(&error).to_string(), "cannot connect: refused");
    }
}
