//! The opaque cursor: where the last page ended.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Tags the layout, so that a later one can be told apart.
const VERSION: u8 = 1;
/// Bytes of the digest that are kept: enough to catch a cursor that was cut or made up.
const CHECK_BYTES: usize = 4;

/// The id of the last record of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The id; positive.
    pub id: i64,
}

/// The text is not a cursor that a list answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Send the next_cursor of the page before, or leave this out for the first page.")]
pub struct CursorError;

impl Cursor {
    /// The cursor as text; it has no meaning outside.
    pub fn encode(self) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(self.id.to_be_bytes());
        let check = check(&bytes);
        bytes.extend(check);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor back.
    ///
    /// # Errors
    /// The text was not made by [`Cursor::encode`].
    pub fn decode(text: &str) -> Result<Self, CursorError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_not_base64| CursorError)?;
        let (body, tail) = bytes.split_last_chunk::<CHECK_BYTES>().ok_or(CursorError)?;
        match body.split_first() {
            Some((&VERSION, id)) if *tail == check(body) => {
                let id = id.try_into().map_err(|_other_length| CursorError)?;
                let id = i64::from_be_bytes(id);
                (id > 0).then_some(Self { id }).ok_or(CursorError)
            }
            _ => Err(CursorError),
        }
    }
}

fn check(bytes: &[u8]) -> [u8; CHECK_BYTES] {
    let digest = digest::digest(&digest::SHA256, bytes);
    let mut check = [0; CHECK_BYTES];
    check
        .iter_mut()
        .zip(digest.as_ref())
        .for_each(|(kept, byte)| *kept = *byte);
    check
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn forged_cursors_are_refused() {
        let good = Cursor { id: 42 }.encode();
        let cut = &good[..good.len() - 1];
        let longer = format!("{good}AA");
        for forged in ["", "42", "AAAA", "=", "%%%", cut, &longer] {
            assert_eq!(Cursor::decode(forged), Err(CursorError), "{forged}");
        }
        assert_eq!(
            Cursor::decode(&Cursor { id: -1 }.encode()),
            Err(CursorError)
        );
    }

    proptest! {
        #[test]
        fn a_cursor_survives_the_round_trip(id in 1_i64..) {
            prop_assert_eq!(Cursor::decode(&Cursor { id }.encode()), Ok(Cursor { id }));
        }

        #[test]
        fn decoding_never_panics(text in any::<String>(), bytes in any::<Vec<u8>>()) {
            let _ = Cursor::decode(&text);
            prop_assert!(Cursor::decode(&URL_SAFE_NO_PAD.encode(bytes)).is_err());
        }
    }
}
