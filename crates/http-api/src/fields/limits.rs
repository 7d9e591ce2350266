//! How long a text may be.

/// The most that a text field takes; U+0000 is never taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextLimit {
    /// Unicode characters.
    Chars(usize),
    /// Bytes of UTF-8.
    Bytes(usize),
}

impl TextLimit {
    /// Why `text` is too long, if it is.
    pub(crate) fn excess(self, text: &str) -> Option<String> {
        match self {
            Self::Chars(most) => {
                let sent = text.chars().count();
                (sent > most).then(|| format!("Send at most {most} characters; there are {sent}."))
            }
            Self::Bytes(most) => {
                let sent = text.len();
                (sent > most)
                    .then(|| format!("Send at most {most} bytes of UTF-8; there are {sent}."))
            }
        }
    }
}
