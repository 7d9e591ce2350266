//! Email addresses.

use std::fmt;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

/// RFC 5321, 4.5.3.1.1: octets before the `@`.
const MAX_LOCAL_BYTES: usize = 64;
/// RFC 5321, 4.5.3.1.3: octets of a path, less its angle brackets.
const MAX_BYTES: usize = 254;
/// What RFC 5322 allows in an atom besides letters and digits.
const ATOM_SYMBOLS: &str = "!#$%&'*+-/=?^_`{|}~";

/// A syntactically valid address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    sent: String,
    normalized: String,
}

/// Why a text is no email address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EmailError {
    /// Nothing but blanks.
    #[error("the address is empty")]
    Empty,
    /// No `@`, or several.
    #[error("an address has exactly one @")]
    AtSign,
    /// The part before the `@` is empty, has blanks, brackets, quotes or control
    /// characters, or dots where none may be.
    #[error("the part before @ is not valid")]
    Local,
    /// The part after the `@` is no name of the DNS with at least two labels.
    #[error("the domain is not valid")]
    Domain,
    /// More than 64 octets before the `@`, or 254 in all.
    #[error("the address is too long")]
    TooLong,
}

impl Email {
    /// Takes `local@domain`, blanks around it cut off. Letters of any script may
    /// stand on both sides. Quoted local parts and addresses in brackets, which
    /// nobody's form means, are refused.
    ///
    /// # Errors
    /// If the address is not valid in syntax; whether it exists is not asked.
    pub fn parse(raw: &str) -> Result<Self, EmailError> {
        let sent = raw.trim();
        if sent.is_empty() {
            return Err(EmailError::Empty);
        }
        let (local, domain) = sent.split_once('@').ok_or(EmailError::AtSign)?;
        if domain.contains('@') {
            return Err(EmailError::AtSign);
        }
        if !is_dot_atom(local) {
            return Err(EmailError::Local);
        }
        let folded = fold(local);
        if local.len().max(folded.len()) > MAX_LOCAL_BYTES {
            return Err(EmailError::TooLong);
        }
        let normalized = format!("{folded}@{}", ascii_domain(domain)?);
        if normalized.len() > MAX_BYTES {
            return Err(EmailError::TooLong);
        }
        Ok(Self {
            sent: sent.to_owned(),
            normalized,
        })
    }

    /// As sent, trimmed: what integrators are answered.
    pub fn as_sent(&self) -> &str {
        &self.sent
    }

    /// By which addresses are compared: NFC, lower case, the domain in punycode
    /// (WIRE 2). Dots and `+tags` stay: they mean what the provider says.
    pub fn normalized(&self) -> &str {
        &self.normalized
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sent)
    }
}

/// Atoms parted by single dots (RFC 5322, 3.2.3; letters of any script by RFC 6531).
fn is_dot_atom(local: &str) -> bool {
    local.split('.').all(|atom| {
        !atom.is_empty()
            && atom.chars().all(|character| {
                if character.is_ascii() {
                    character.is_ascii_alphanumeric() || ATOM_SYMBOLS.contains(character)
                } else {
                    !character.is_control() && !character.is_whitespace()
                }
            })
    })
}

/// Lower case may take a text out of NFC, hence composed once more.
pub(crate) fn fold(local: &str) -> String {
    let composed: String = local.nfc().collect();
    composed.to_lowercase().nfc().collect()
}

pub(crate) fn ascii_domain(domain: &str) -> Result<String, EmailError> {
    let ascii = Uts46::new()
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Verify,
        )
        .ok()
        .ok_or(EmailError::Domain)?;
    // One label is a machine in someone's own network; a number is an address.
    let (_, top) = ascii.rsplit_once('.').ok_or(EmailError::Domain)?;
    if top.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(EmailError::Domain);
    }
    Ok(ascii.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comparable_form_is_folded() {
        for (raw, normalized) in [
            ("a@b.ru", "a@b.ru"),
            ("  Ivan.Petrov@Mail.RU \n", "ivan.petrov@mail.ru"),
            ("ivan+crm@gmail.com", "ivan+crm@gmail.com"),
            ("i.v.a.n@gmail.com", "i.v.a.n@gmail.com"),
            ("Почта@Пример.РФ", "почта@xn--e1afmkfd.xn--p1ai"),
            ("a@xn--e1afmkfd.xn--p1ai", "a@xn--e1afmkfd.xn--p1ai"),
            ("a@bücher.example", "a@xn--bcher-kva.example"),
            ("a@bu\u{308}cher.example", "a@xn--bcher-kva.example"),
            ("Й@b.ru", "й@b.ru"),
            ("И\u{306}@b.ru", "й@b.ru"),
            ("!#$%&'*+-/=?^_`{|}~@b.ru", "!#$%&'*+-/=?^_`{|}~@b.ru"),
            ("a@b.c.d-e.ru", "a@b.c.d-e.ru"),
            ("a@1.ru", "a@1.ru"),
        ] {
            let email = Email::parse(raw).unwrap();
            assert_eq!(email.normalized(), normalized);
            assert_eq!(email.as_sent(), raw.trim());
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (raw, error) in [
            ("", EmailError::Empty),
            (" \t\n\u{a0}", EmailError::Empty),
            ("ivan", EmailError::AtSign),
            ("a@b@c.ru", EmailError::AtSign),
            ("@b.ru", EmailError::Local),
            ("a b@c.ru", EmailError::Local),
            (".a@b.ru", EmailError::Local),
            ("a.@b.ru", EmailError::Local),
            ("a..b@c.ru", EmailError::Local),
            ("\"a\"@b.ru", EmailError::Local),
            ("Ivan <a@b.ru>", EmailError::Local),
            ("a\0@b.ru", EmailError::Local),
            ("a,b@c.ru", EmailError::Local),
            ("a\u{2028}b@c.ru", EmailError::Local),
            ("a@", EmailError::Domain),
            ("a@b", EmailError::Domain),
            ("a@localhost", EmailError::Domain),
            ("a@b.", EmailError::Domain),
            ("a@b.ru.", EmailError::Domain),
            ("a@.ru", EmailError::Domain),
            ("a@b..ru", EmailError::Domain),
            ("a@-b.ru", EmailError::Domain),
            ("a@b-.ru", EmailError::Domain),
            ("a@b_c.ru", EmailError::Domain),
            ("a@b c.ru", EmailError::Domain),
            ("a@[127.0.0.1]", EmailError::Domain),
            ("a@127.0.0.1", EmailError::Domain),
            ("a@xn--zzzzzz-.ru", EmailError::Domain),
            ("a@b.ru, c@d.ru", EmailError::AtSign),
        ] {
            assert_eq!(Email::parse(raw), Err(error), "{raw:?}");
        }
    }

    #[test]
    fn lengths_are_those_of_the_mail_system() {
        let local = "a".repeat(64);
        assert!(Email::parse(&format!("{local}@b.ru")).is_ok());
        let error = Err(EmailError::TooLong);
        assert_eq!(Email::parse(&format!("{local}a@b.ru")), error);

        let label = "b".repeat(63);
        assert!(Email::parse(&format!("a@{label}.ru")).is_ok());
        let error = Err(EmailError::Domain);
        assert_eq!(Email::parse(&format!("a@{label}b.ru")), error);

        let domain = |last: usize| format!("{label}.{label}.{}.ru", "c".repeat(last));
        // 64 + 1 + 63 + 1 + 63 + 1 + 58 + 3 = 254
        assert!(Email::parse(&format!("{local}@{}", domain(58))).is_ok());
        let error = Err(EmailError::TooLong);
        assert_eq!(Email::parse(&format!("{local}@{}", domain(59))), error);
    }
}
