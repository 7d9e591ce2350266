//! The getters: one per kind of field.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::value::{Invalid, read_id, read_integer, read_name, read_text};
use super::{Fields, Presence, TextLimit, join_pointer};
use crate::problem::{FieldError, code};

impl Fields {
    /// Any value but null, checked and converted by `check`.
    pub fn custom<T>(
        &mut self,
        key: &str,
        check: impl FnOnce(&Value) -> Result<T, Invalid>,
    ) -> Presence<T> {
        match self.take(key) {
            None => Presence::Absent,
            Some(Value::Null) => Presence::Null,
            Some(value) => match check(&value) {
                Ok(read) => Presence::Value(read),
                Err(invalid) => {
                    self.error(key, invalid.code, invalid.message);
                    Presence::Absent
                }
            },
        }
    }

    /// Any value but null whose parts `check` reads: it answers everything that is wrong, each error
    /// with its pointer below this field.
    pub fn structure<T>(
        &mut self,
        key: &str,
        check: impl FnOnce(&Value) -> Result<T, Vec<FieldError>>,
    ) -> Presence<T> {
        match self.take(key) {
            None => Presence::Absent,
            Some(Value::Null) => Presence::Null,
            Some(value) => match check(&value) {
                Ok(read) => Presence::Value(read),
                Err(errors) => {
                    let pointer = self.pointer_to(key);
                    for mut error in errors {
                        error.pointer.insert_str(0, &pointer);
                        self.push(error);
                    }
                    Presence::Absent
                }
            },
        }
    }

    /// A text of at most `limit`, without U+0000.
    pub fn text(&mut self, key: &str, limit: TextLimit) -> Presence<String> {
        self.custom(key, |value| read_text(value, limit))
    }

    /// A text that must be there; it may be empty.
    pub fn required_text(&mut self, key: &str, limit: TextLimit) -> String {
        let presence = self.text(key, limit);
        self.require(key, presence)
    }

    /// The id of something: a positive integer.
    pub fn id(&mut self, key: &str) -> Presence<i64> {
        self.custom(key, read_id)
    }

    /// An id that must be there.
    pub fn required_id(&mut self, key: &str) -> i64 {
        let presence = self.id(key);
        self.require(key, presence)
    }

    /// An integer within `range`.
    pub fn integer(&mut self, key: &str, range: RangeInclusive<i64>) -> Presence<i64> {
        self.custom(key, |value| read_integer(value, &range))
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, key: &str) -> Presence<bool> {
        self.custom(key, |value| {
            value
                .as_bool()
                .ok_or_else(|| Invalid::wrong_type("true or false", value))
        })
    }

    /// One of a fixed set of names.
    pub fn one_of<T: Copy>(&mut self, key: &str, names: &[(&str, T)]) -> Presence<T> {
        self.custom(key, |value| read_name(value, names))
    }

    /// A list of at most `most` entries, each read by `check`; every wrong entry is reported.
    pub fn list<T>(
        &mut self,
        key: &str,
        most: usize,
        mut check: impl FnMut(&Value) -> Result<T, Invalid>,
    ) -> Presence<Vec<T>> {
        let items = match self.take(key) {
            None => return Presence::Absent,
            Some(Value::Null) => return Presence::Null,
            Some(Value::Array(items)) => items,
            Some(other) => return self.refuse(key, Invalid::wrong_type("a list", &other)),
        };
        if items.len() > most {
            return self.refuse(key, too_many(most, items.len()));
        }
        let pointer = self.pointer_to(key);
        let mut read = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match check(item) {
                Ok(value) => read.push(value),
                Err(invalid) => self.push(FieldError::new(
                    format!("{pointer}/{index}"),
                    invalid.code,
                    invalid.message,
                )),
            }
        }
        Presence::Value(read)
    }

    /// A list of texts.
    pub fn text_list(&mut self, key: &str, most: usize, limit: TextLimit) -> Presence<Vec<String>> {
        self.list(key, most, |value| read_text(value, limit))
    }

    /// A list of ids.
    pub fn id_list(&mut self, key: &str, most: usize) -> Presence<Vec<i64>> {
        self.list(key, most, read_id)
    }

    /// A list of names out of a fixed set.
    pub fn list_of<T: Copy>(
        &mut self,
        key: &str,
        most: usize,
        names: &[(&str, T)],
    ) -> Presence<Vec<T>> {
        self.list(key, most, |value| read_name(value, names))
    }

    /// A nested object whose fields `read` reads; fields that it does not read are unknown.
    pub fn object<T>(&mut self, key: &str, read: impl FnOnce(&mut Self) -> T) -> Presence<T> {
        match self.take(key) {
            None => Presence::Absent,
            Some(Value::Null) => Presence::Null,
            Some(value) => {
                let pointer = self.pointer_to(key);
                match self.nested(value, pointer, read) {
                    Some(read) => Presence::Value(read),
                    None => Presence::Absent,
                }
            }
        }
    }

    /// A list of at most `most` objects, the fields of each read by `read`.
    pub fn object_list<T>(
        &mut self,
        key: &str,
        most: usize,
        mut read: impl FnMut(&mut Self) -> T,
    ) -> Presence<Vec<T>> {
        let items = match self.take(key) {
            None => return Presence::Absent,
            Some(Value::Null) => return Presence::Null,
            Some(Value::Array(items)) => items,
            Some(other) => {
                return self.refuse(key, Invalid::wrong_type("a list of objects", &other));
            }
        };
        if items.len() > most {
            return self.refuse(key, too_many(most, items.len()));
        }
        let pointer = self.pointer_to(key);
        let mut all = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            all.extend(self.nested(item, format!("{pointer}/{index}"), &mut read));
        }
        Presence::Value(all)
    }

    /// An object of at most `most` entries whose names are the caller's own, in the order sent.
    /// `check` gets each name and value, null included.
    pub fn entries<T>(
        &mut self,
        key: &str,
        most: usize,
        mut check: impl FnMut(&str, &Value) -> Result<T, Invalid>,
    ) -> Presence<Vec<(String, T)>> {
        let entries = match self.take(key) {
            None => return Presence::Absent,
            Some(Value::Null) => return Presence::Null,
            Some(Value::Object(entries)) => entries,
            Some(other) => return self.refuse(key, Invalid::wrong_type("an object", &other)),
        };
        if entries.len() > most {
            return self.refuse(key, too_many(most, entries.len()));
        }
        let pointer = self.pointer_to(key);
        let mut read = Vec::with_capacity(entries.len());
        for (name, value) in entries {
            match check(&name, &value) {
                Ok(value) => read.push((name, value)),
                Err(invalid) => self.push(FieldError::new(
                    join_pointer(&pointer, &name),
                    invalid.code,
                    invalid.message,
                )),
            }
        }
        Presence::Value(read)
    }

    fn nested<T>(
        &mut self,
        value: Value,
        pointer: String,
        read: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        let Value::Object(object) = value else {
            let invalid = Invalid::wrong_type("an object", &value);
            self.push(FieldError::new(pointer, invalid.code, invalid.message));
            return None;
        };
        let mut inner = Self::at(object, pointer);
        let read = read(&mut inner);
        for error in inner.into_errors() {
            self.push(error);
        }
        Some(read)
    }

    fn refuse<T>(&mut self, key: &str, invalid: Invalid) -> Presence<T> {
        self.error(key, invalid.code, invalid.message);
        Presence::Absent
    }
}

fn too_many(most: usize, sent: usize) -> Invalid {
    Invalid::new(
        code::TOO_MANY,
        format!("Send at most {most} entries; there are {sent}."),
    )
}
