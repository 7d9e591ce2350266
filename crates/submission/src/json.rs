//! A reader of JSON (RFC 8259) that stops at the limits before it has built
//! anything, and keeps the digits of numbers. More lenient than the standard in
//! two things that form templates do: line feeds and other control characters may
//! stand in texts, and half of a surrogate pair is U+FFFD.

mod scanner;
mod text;

use crate::limits::Budget;
use crate::{Object, ReadError, Value, text::clean};
use scanner::Scanner;

/// Reads a body. An array of one object counts as the object, an empty array (what
/// PHP makes of an empty list of fields) as an empty object.
pub(crate) fn read(text: &str, budget: &mut Budget) -> Result<Object, ReadError> {
    let mut reader = Reader {
        scanner: Scanner::new(text),
        budget,
    };
    let object = reader.top()?;
    if reader.scanner.peek().is_some() {
        return Err(reader.scanner.unexpected("the end, for the JSON is over"));
    }
    Ok(object)
}

struct Reader<'a, 'b> {
    scanner: Scanner<'a>,
    budget: &'b mut Budget,
}

impl Reader<'_, '_> {
    fn top(&mut self) -> Result<Object, ReadError> {
        match self.scanner.peek() {
            Some(b'{') => self.object(0),
            Some(b'[') => {
                self.scanner.skip();
                let object = match self.scanner.peek() {
                    Some(b'{') => self.object(0)?,
                    Some(b']') => Object::new(),
                    _ => return Err(self.scanner.unexpected("an object with names and values")),
                };
                if self.scanner.peek() == Some(b',') {
                    return Err(ReadError::Malformed(
                        "The body is a list of several objects; send one lead per request."
                            .to_owned(),
                    ));
                }
                self.scanner.expect(b']', "the end of the list")?;
                Ok(object)
            }
            _ => Err(self.scanner.unexpected("an object with names and values")),
        }
    }

    /// At `{`. `level`: how many containers are around, the outermost not counted.
    fn object(&mut self, level: usize) -> Result<Object, ReadError> {
        self.budget.check_depth(level)?;
        self.scanner.skip();
        let mut object = Object::new();
        if self.ends_empty(b'}', level)? {
            return Ok(object);
        }
        let may_nest = level < self.budget.depth();
        loop {
            if self.scanner.peek() != Some(b'"') {
                return Err(self.scanner.unexpected("a name in quotes"));
            }
            let name = clean(self.scanner.string()?);
            self.scanner.expect(b':', "a colon after the name")?;
            let value = self.value(level)?;
            object.add(name, value, may_nest);
            if self.ends(b'}', "a comma or } after the value")? {
                return Ok(object);
            }
        }
    }

    fn list(&mut self, level: usize) -> Result<Vec<Value>, ReadError> {
        self.budget.check_depth(level)?;
        self.scanner.skip();
        let mut items = Vec::new();
        if self.ends_empty(b']', level)? {
            return Ok(items);
        }
        loop {
            items.push(self.value(level)?);
            if self.ends(b']', "a comma or ] after the value")? {
                return Ok(items);
            }
        }
    }

    fn value(&mut self, level: usize) -> Result<Value, ReadError> {
        match self.scanner.peek() {
            Some(b'{') => return Ok(Value::Object(self.object(level + 1)?)),
            Some(b'[') => return Ok(Value::List(self.list(level + 1)?)),
            _ => self.budget.spend_key()?,
        }
        match self.scanner.peek() {
            Some(b'"') => Ok(Value::Text(clean(self.scanner.string()?))),
            Some(b'-' | b'0'..=b'9') => Ok(Value::Number(self.scanner.number()?)),
            Some(b't') => self.scanner.word("true").map(|()| Value::Bool(true)),
            Some(b'f') => self.scanner.word("false").map(|()| Value::Bool(false)),
            Some(b'n') => self.scanner.word("null").map(|()| Value::Null),
            _ => Err(self.scanner.unexpected("a value")),
        }
    }

    /// Whether a container ends right where it began; it costs a key then, unless
    /// it is the whole body.
    fn ends_empty(&mut self, bracket: u8, level: usize) -> Result<bool, ReadError> {
        if self.scanner.peek() != Some(bracket) {
            return Ok(false);
        }
        self.scanner.skip();
        if level > 0 {
            self.budget.spend_key()?;
        }
        Ok(true)
    }

    /// After a value: whether the container ends, or a comma was taken.
    fn ends(&mut self, bracket: u8, wanted: &str) -> Result<bool, ReadError> {
        match self.scanner.peek() {
            Some(byte) if byte == bracket => {
                self.scanner.skip();
                Ok(true)
            }
            _ => self.scanner.expect(b',', wanted).map(|()| false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn read_with(text: &str, keys: usize, depth: usize) -> Result<Object, ReadError> {
        read(text, &mut Budget::new(Limits { keys, depth }))
    }

    fn json(text: &str) -> serde_json::Value {
        let object = read_with(text, 200, 5).unwrap();
        serde_json::Value::from(&Value::Object(object))
    }

    #[test]
    fn every_kind_of_value_is_read() {
        let text = r#" { "т" : "а\"\\\/\b\f\n\r\t\u0431\ud83d\ude00\ud83d!\u0000" , "n":-1.5e+3,
            "b":true,"f":false,"z":null,"l":[1,[],{}],"o":{"x":{"y":"й"}} } "#;
        let expected = serde_json::json!({
            "т": "а\"\\/\n\r\tб😀\u{fffd}!", "n": "-1.5e+3", "b": true, "f": false, "z": null,
            "l": [1, [], {}], "o": {"x": {"y": "й"}},
        });
        assert_eq!(json(text), expected);
        assert_eq!(json("{\"a\":\"x\ny\0\"}"), serde_json::json!({"a": "x\ny"}));
    }

    #[test]
    fn what_is_no_object_is_told_with_its_place() {
        for (text, sentence) in [
            (
                "",
                "The JSON ends where an object with names and values should be (line 1, column 1).",
            ),
            (
                "{\"phone\":\"+7\",\n\"na",
                "The JSON ends inside a text (line 2, column 1).",
            ),
            (
                "{\"a\":1",
                "The JSON ends where a comma or } after the value should be (line 1, column 7).",
            ),
            (
                "{\"a\" 1}",
                "There is \"1\" where a colon after the name should be (line 1, column 6).",
            ),
            (
                "{\"a\":1,}",
                "There is \"}\" where a name in quotes should be (line 1, column 8).",
            ),
            (
                "{\"я\":tru}",
                "There is \"t\" where a value should be (line 1, column 6).",
            ),
            (
                "{} x",
                "There is \"x\" where the end, for the JSON is over should be (line 1, column 4).",
            ),
            (
                "[1]",
                "There is \"1\" where an object with names and values should be (line 1, column 2).",
            ),
            (
                "[{},{}]",
                "The body is a list of several objects; send one lead per request.",
            ),
            (
                "\"a\"",
                "There is \"\\\"\" where an object with names and values should be (line 1, column 1).",
            ),
        ] {
            assert_eq!(
                read_with(text, 200, 5),
                Err(ReadError::Malformed(sentence.to_owned()))
            );
        }
        for text in [
            "{\"a\":01}",
            "{\"a\":1.}",
            "{\"a\":-}",
            "{\"a\":1e}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\u12\"}",
            "{a:1}",
            "{\"a\":.5}",
            "null",
        ] {
            assert!(
                matches!(read_with(text, 200, 5), Err(ReadError::Malformed(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn one_object_in_a_list_is_that_object() {
        assert_eq!(json("[{\"a\":1}]"), serde_json::json!({"a": 1}));
        assert_eq!(json(" [ ] "), serde_json::json!({}));
    }

    #[test]
    fn limits_are_exact() {
        assert!(read_with(r#"{"a":1,"b":[2,{}]}"#, 3, 2).is_ok());
        assert_eq!(
            read_with(r#"{"a":1,"b":[2,{}]}"#, 2, 2),
            Err(ReadError::TooManyKeys)
        );
        assert_eq!(
            read_with(r#"{"a":1,"b":[2,{}]}"#, 3, 1),
            Err(ReadError::TooDeep)
        );
        assert!(read_with("{}", 0, 0).is_ok());
        let deep = "{\"a\":".to_owned() + &"[".repeat(200_000);
        assert_eq!(read_with(&deep, 200, usize::MAX), Err(ReadError::TooDeep));
    }

    #[test]
    fn a_repeated_name_keeps_both_scalars() {
        assert_eq!(
            json(r#"{"a":"","a":1,"a":null,"a":"x","a":[3]}"#),
            serde_json::json!({"a": [1, "x"]})
        );
    }
}
