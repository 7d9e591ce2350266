//! Tokens of JSON, and where they stand.

use super::text;
use crate::ReadError;

/// Walks over a text of JSON.
pub(super) struct Scanner<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, position: 0 }
    }

    /// The next byte that is no blank, not taken.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let rest = self.rest().as_bytes();
        let blanks = rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
            .count();
        self.position += blanks;
        rest.get(blanks).copied()
    }

    /// Takes the byte that [`Scanner::peek`] showed; it is ASCII.
    pub(super) fn skip(&mut self) {
        self.position += 1;
    }

    pub(super) fn expect(&mut self, byte: u8, wanted: &str) -> Result<(), ReadError> {
        if self.peek() != Some(byte) {
            return Err(self.unexpected(wanted));
        }
        self.skip();
        Ok(())
    }

    pub(super) fn word(&mut self, word: &str) -> Result<(), ReadError> {
        if !self.rest().starts_with(word) {
            return Err(self.unexpected("a value"));
        }
        self.position += word.len();
        Ok(())
    }

    /// At a quote: the text up to the next one, escapes undone.
    pub(super) fn string(&mut self) -> Result<String, ReadError> {
        let inner = self.rest().get(1..).unwrap_or_default();
        match text::read(inner) {
            Ok((string, length)) => {
                self.position += length + 2;
                Ok(string)
            }
            Err(text::Broken::Unfinished) => Err(self.error("The JSON ends inside a text")),
            Err(text::Broken::Escape(offset)) => {
                self.position += offset + 1;
                Err(self.error("There is no such escape"))
            }
        }
    }

    /// At a digit or minus: the number as it is spelled (RFC 8259, 6).
    pub(super) fn number(&mut self) -> Result<String, ReadError> {
        let rest = self.rest();
        let length = number_length(rest.as_bytes())
            .ok_or_else(|| self.error("There is no number of JSON"))?;
        self.position += length;
        Ok(rest.get(..length).unwrap_or_default().to_owned())
    }

    pub(super) fn unexpected(&mut self, wanted: &str) -> ReadError {
        match self.peek().and_then(|_| self.rest().chars().next()) {
            Some(found) => {
                let found = found.to_string();
                self.error(&format!("There is {found:?} where {wanted} should be"))
            }
            None => self.error(&format!("The JSON ends where {wanted} should be")),
        }
    }

    fn error(&self, sentence: &str) -> ReadError {
        let before = self.text.get(..self.position).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        ReadError::Malformed(format!("{sentence} (line {line}, column {column})."))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }
}

fn number_length(bytes: &[u8]) -> Option<usize> {
    let digits_from = |from: usize| {
        bytes
            .iter()
            .skip(from)
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let mut end = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits_from(end);
    if whole == 0 || (whole > 1 && bytes.get(end) == Some(&b'0')) {
        return None;
    }
    end += whole;
    if bytes.get(end) == Some(&b'.') {
        let fraction = digits_from(end + 1);
        if fraction == 0 {
            return None;
        }
        end += 1 + fraction;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits_from(end + 1 + sign);
        if exponent == 0 {
            return None;
        }
        end += 1 + sign + exponent;
    }
    Some(end)
}
