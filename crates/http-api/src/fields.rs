//! Reads the fields of a JSON object and collects everything that is wrong with them.
//!
//! A caller who sends five mistakes learns of five, each with a JSON pointer and a sentence that
//! says what to do. Reading does not stop at an error: a getter records it and answers as if the
//! field were absent, and [`Fields::finish`] refuses the request in the end.

mod limits;
mod presence;
mod read;
mod suggest;
mod value;

use serde_json::{Map, Value};

use crate::problem::{ApiError, FieldError, code};

pub use limits::TextLimit;
pub use presence::Presence;
pub use suggest::nearest;
pub use value::{Invalid, check_text, read_id, read_text, read_whole};

/// More errors than this are not listed: nobody reads them, and the answer must stay small.
const MAX_ERRORS: usize = 100;
/// A field name longer than this is cut in messages.
const MAX_NAME_CHARS: usize = 64;

/// A reader over one JSON object; see the module for how errors are gathered.
///
/// Each field is read once. Fields that nobody read are unknown, and refused by name.
#[derive(Debug)]
pub struct Fields {
    remaining: Map<String, Value>,
    known: Vec<String>,
    pointer: String,
    errors: Vec<FieldError>,
}

impl Fields {
    /// A reader over the whole body.
    pub fn new(object: Map<String, Value>) -> Self {
        Self::at(object, String::new())
    }

    fn at(object: Map<String, Value>, pointer: String) -> Self {
        Self {
            remaining: object,
            known: Vec::new(),
            pointer,
            errors: Vec::new(),
        }
    }

    /// Whether the body has the field and nobody has read it yet.
    pub fn has(&self, key: &str) -> bool {
        self.remaining.contains_key(key)
    }

    /// What was sent as `key`, unread, for rules that look at several fields together.
    pub fn peek(&self, key: &str) -> Option<&Value> {
        self.remaining.get(key)
    }

    /// Records an error of the field `key`, found by the caller.
    pub fn error(&mut self, key: &str, code: &'static str, message: impl Into<String>) {
        let pointer = self.pointer_to(key);
        self.push(FieldError::new(pointer, code, message));
    }

    /// Records an error that belongs to no single field.
    pub fn error_of_object(&mut self, code: &'static str, message: impl Into<String>) {
        let pointer = self.pointer.clone();
        self.push(FieldError::new(pointer, code, message));
    }

    /// The value of a field that must be there; records `required` or `not_null` otherwise and
    /// answers the default, which [`Fields::finish`] keeps from being used.
    pub fn require<T: Default>(&mut self, key: &str, presence: Presence<T>) -> T {
        match presence {
            Presence::Value(value) => value,
            Presence::Null => {
                self.error(key, code::NOT_NULL, "This field cannot be null.");
                T::default()
            }
            Presence::Absent => {
                if !self.has_error_at(key) {
                    self.error(key, code::REQUIRED, "Send this field: it is required.");
                }
                T::default()
            }
        }
    }

    /// The value of a field that may be left out but not set to null.
    pub fn not_null<T>(&mut self, key: &str, presence: Presence<T>) -> Option<T> {
        match presence {
            Presence::Value(value) => Some(value),
            Presence::Absent => None,
            Presence::Null => {
                self.error(key, code::NOT_NULL, "This field cannot be null.");
                None
            }
        }
    }

    /// A field that can be read but not set: accepted if it says what is so already (`current`),
    /// so that a client may send back what it got. `None` means that no value could be right.
    pub fn read_only(&mut self, key: &str, current: Option<&Value>) {
        if let Some(sent) = self.take(key)
            && Some(&sent) != current
        {
            self.error(
                key,
                code::READ_ONLY,
                "This field cannot be set; leave it out.",
            );
        }
    }

    /// Leaves out the fields that say what is so already (`current`): a client may send back what it
    /// got, whatever is taken today.
    pub fn skip_unchanged(&mut self, current: &Map<String, Value>) {
        self.remaining
            .retain(|key, sent| current.get(key) != Some(sent));
    }

    /// Whether an error of exactly this field was recorded.
    pub fn has_error_at(&self, key: &str) -> bool {
        let pointer = self.pointer_to(key);
        self.errors.iter().any(|error| error.pointer == pointer)
    }

    /// Ends reading: every field that nobody asked for is unknown.
    ///
    /// # Errors
    /// [`ApiError::Unprocessable`] with everything that was wrong.
    pub fn finish(self) -> Result<(), ApiError> {
        let errors = self.into_errors();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(ApiError::Unprocessable(errors))
        }
    }

    fn into_errors(mut self) -> Vec<FieldError> {
        for name in self.remaining.keys() {
            if self.errors.len() >= MAX_ERRORS {
                break;
            }
            let mut message = format!("There is no field {:?}", shorten(name));
            match suggest::nearest(name, &self.known) {
                Some(near) => message.push_str(&format!("; did you mean {near:?}?")),
                None => message.push_str("; leave it out."),
            }
            let pointer = join_pointer(&self.pointer, name);
            self.errors
                .push(FieldError::new(pointer, code::UNKNOWN_FIELD, message));
        }
        self.errors
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        self.known.push(key.to_owned());
        // Order of the rest matters: errors are listed in the order in which fields were sent.
        self.remaining.shift_remove(key)
    }

    fn pointer_to(&self, key: &str) -> String {
        join_pointer(&self.pointer, key)
    }

    fn push(&mut self, error: FieldError) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(error);
        }
    }
}

/// RFC 6901: `~` becomes `~0` and `/` becomes `~1`.
fn join_pointer(base: &str, key: &str) -> String {
    format!("{base}/{}", key.replace('~', "~0").replace('/', "~1"))
}

fn shorten(name: &str) -> String {
    if name.chars().count() <= MAX_NAME_CHARS {
        name.to_owned()
    } else {
        let mut short: String = name.chars().take(MAX_NAME_CHARS).collect();
        short.push('…');
        short
    }
}

#[cfg(test)]
mod tests;
