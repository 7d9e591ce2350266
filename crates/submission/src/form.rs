//! `application/x-www-form-urlencoded`, bodies and query strings alike.

mod tree;

use std::borrow::Cow;

use encoding_rs::Encoding;
use percent_encoding::percent_decode;

use crate::limits::Budget;
use crate::{Object, ReadError, Value, charset, text::clean};
pub(crate) use tree::Tree;

/// Reads pairs parted by `&`. Nothing is malformed here: `%zz` stays as it is, a
/// name without `=` has an empty value.
pub(crate) fn read(
    bytes: &[u8],
    charset: Option<&'static Encoding>,
    budget: &mut Budget,
) -> Result<Object, ReadError> {
    let mut tree = Tree::new(budget.depth());
    for pair in bytes.split(|&byte| byte == b'&') {
        let (name, value) = match memchr::memchr(b'=', pair) {
            Some(equals) => (
                pair.get(..equals).unwrap_or_default(),
                pair.get(equals + 1..).unwrap_or_default(),
            ),
            None => (pair, &[][..]),
        };
        if name.is_empty() {
            continue;
        }
        budget.spend_key()?;
        let name = decode(name, charset);
        tree.insert(&name, Value::Text(decode(value, charset)))?;
    }
    Ok(tree.into_object())
}

fn decode(encoded: &[u8], charset: Option<&'static Encoding>) -> String {
    let spaced: Cow<'_, [u8]> = if memchr::memchr(b'+', encoded).is_some() {
        Cow::Owned(
            encoded
                .iter()
                .map(|&byte| if byte == b'+' { b' ' } else { byte })
                .collect(),
        )
    } else {
        Cow::Borrowed(encoded)
    };
    let bytes: Cow<'_, [u8]> = percent_decode(&spaced).into();
    clean(charset::decode(&bytes, charset).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn read_with(body: &str, keys: usize, depth: usize) -> Result<Object, ReadError> {
        read(
            body.as_bytes(),
            None,
            &mut Budget::new(Limits { keys, depth }),
        )
    }

    fn json(body: &str) -> serde_json::Value {
        serde_json::Value::from(&Value::Object(read_with(body, 200, 5).unwrap()))
    }

    #[test]
    fn pairs_are_read_as_a_browser_means_them() {
        let body =
            "name=%D0%98%D0%B2%D0%B0%D0%BD+%2B1&&=x&flag&e=&Имя=я&p=100%&q=%zz%4&a=b=c&n=%00%41";
        let expected = serde_json::json!({
            "name": "Иван +1", "flag": "", "e": "", "Имя": "я", "p": "100%", "q": "%zz%4", "a": "b=c", "n": "A",
        });
        assert_eq!(json(body), expected);
    }

    #[test]
    fn brackets_are_read_as_php_means_them() {
        let body = "a[]=1&a%5B%5D=2&o[x][y]=3&o[x][z]=4&p[0][n]=t&p[1][n]=u&m[5]=v&m[]=w&s[b=5&[c]=6&t[d]e=7&u[]";
        let expected = serde_json::json!({
            "a": ["1", "2"], "o": {"x": {"y": "3", "z": "4"}}, "p": [{"n": "t"}, {"n": "u"}],
            "m": {"5": "v", "6": "w"}, "s[b": "5", "[c]": "6", "t": {"d": "7"}, "u": [""],
        });
        assert_eq!(json(body), expected);
    }

    #[test]
    fn a_repeated_name_loses_nothing() {
        assert_eq!(
            json("a=&a=1&a=1&a=&a=2&b=1&b[x]=2&c[x]=1&c=2&d[x]=&d[x]=1"),
            serde_json::json!({"a": ["1", "2"], "b": {"0": "1", "x": "2"}, "c": {"x": "1", "0": "2"}, "d": {"x": "1"}}),
        );
    }

    #[test]
    fn limits_are_exact() {
        assert!(read_with("a=1&b[c][d]=2", 2, 2).is_ok());
        assert_eq!(
            read_with("a=1&b[c][d]=2", 1, 2),
            Err(ReadError::TooManyKeys)
        );
        assert_eq!(read_with("a=1&b[c][d]=2", 2, 1), Err(ReadError::TooDeep));
        assert_eq!(
            read_with(&"a[]=1&".repeat(100_000), 200, 5),
            Err(ReadError::TooManyKeys)
        );
        let deep = "a".to_owned() + &"[b]".repeat(100_000);
        assert_eq!(read_with(&deep, 200, 5), Err(ReadError::TooDeep));
        // At the deepest level there is no room for a list of repeated names.
        assert_eq!(
            serde_json::Value::from(&Value::Object(read_with("a=1&a=2", 9, 0).unwrap())),
            serde_json::json!({"a": "1"})
        );
    }
}
