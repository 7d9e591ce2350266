//! Reads query parameters and collects everything that is wrong with them.
//!
//! Unlike fields of a body, wrong parameters are 400 (WIRE 5), and an unknown filter is an error: a
//! misspelled filter that was ignored would answer with everything.

mod value;

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use url::form_urlencoded;

use crate::fields::nearest;
use crate::page::{Cursor, PageRequest};
use crate::problem::{ApiError, FieldError, code};

/// More errors than this are not listed.
const MAX_ERRORS: usize = 50;
/// The most values that one repeatable filter takes.
const MAX_REPEATS: usize = 100;
/// The longest text that a filter compares with.
const MAX_TEXT_CHARS: usize = 255;

/// A span of time in microseconds since 1970: `from` is in it, `to` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimeRange {
    /// The first moment, if there is a bound.
    pub from_micros: Option<i64>,
    /// The first moment after, if there is a bound.
    pub to_micros: Option<i64>,
}

/// A reader over the query string. Parameters that nobody read are unknown.
#[derive(Debug, Clone)]
pub struct QueryParams {
    pairs: Vec<(String, String)>,
    known: Vec<String>,
    errors: Vec<FieldError>,
}

impl QueryParams {
    /// A reader over `query`, the part after the question mark.
    pub fn parse(query: &str) -> Self {
        Self {
            pairs: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            known: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// `limit` and `cursor` of a list.
    pub fn page(&mut self) -> PageRequest {
        let limit = self.limit();
        let cursor = self.read("cursor", |text| {
            Cursor::decode(text).map_err(|error| (code::INVALID, error.to_string()))
        });
        PageRequest {
            limit,
            before_id: cursor.map(|cursor| cursor.id),
        }
    }

    /// `limit` of a list that goes on by something else than a cursor.
    pub fn limit(&mut self) -> i64 {
        self.read("limit", value::limit)
            .unwrap_or(PageRequest::DEFAULT_LIMIT)
    }

    /// A text to compare with.
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.read(name, value::text)
    }

    /// Texts to compare with: the parameter may be repeated, and any of them matches. Empty: no
    /// filter.
    pub fn texts(&mut self, name: &str) -> Vec<String> {
        self.read_all(name, value::text)
    }

    /// A positive id.
    pub fn id(&mut self, name: &str) -> Option<i64> {
        self.read(name, value::id)
    }

    /// Positive ids: the parameter may be repeated, and any of them matches. Empty: no filter.
    pub fn ids(&mut self, name: &str) -> Vec<i64> {
        self.read_all(name, value::id)
    }

    /// An integer of at least `least`.
    pub fn integer(&mut self, name: &str, least: i64) -> Option<i64> {
        self.read(name, |text| value::integer(text, least))
    }

    /// `true`, `false`, `1` or `0`.
    pub fn boolean(&mut self, name: &str) -> Option<bool> {
        self.read(name, value::boolean)
    }

    /// One of a fixed set of names.
    pub fn one_of<T: Copy>(&mut self, name: &str, names: &[(&str, T)]) -> Option<T> {
        self.read(name, |text| value::name(text, names))
    }

    /// Names out of a fixed set: the parameter may be repeated. Empty: no filter.
    pub fn any_of<T: Copy>(&mut self, name: &str, names: &[(&str, T)]) -> Vec<T> {
        self.read_all(name, |text| value::name(text, names))
    }

    /// A moment, RFC 3339 or whole Unix seconds, in microseconds since 1970.
    pub fn time_micros(&mut self, name: &str) -> Option<i64> {
        self.read(name, value::time_micros)
    }

    /// `<name>_from` and `<name>_to`.
    pub fn time_range(&mut self, name: &str) -> TimeRange {
        let to = format!("{name}_to");
        let range = TimeRange {
            from_micros: self.time_micros(&format!("{name}_from")),
            to_micros: self.time_micros(&to),
        };
        if let (Some(from), Some(until)) = (range.from_micros, range.to_micros)
            && until < from
        {
            self.error(
                &to,
                code::OUT_OF_RANGE,
                format!("Send a time after {name}_from."),
            );
        }
        range
    }

    /// Records an error of a parameter, found by the caller.
    pub fn error(&mut self, name: &str, code: &'static str, message: impl Into<String>) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(FieldError::new(name, code, message));
        }
    }

    /// Ends reading: every parameter that nobody asked for is unknown.
    ///
    /// # Errors
    /// [`ApiError::InvalidQuery`] with everything that was wrong.
    pub fn finish(mut self) -> Result<(), ApiError> {
        for (name, _) in std::mem::take(&mut self.pairs) {
            let message = self.unknown(&name);
            self.error(&name, code::UNKNOWN_PARAMETER, message);
        }
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(ApiError::InvalidQuery {
                errors: self.errors,
            })
        }
    }

    fn unknown(&self, name: &str) -> String {
        let known = if self.known.is_empty() {
            "none is known here".to_owned()
        } else {
            format!("known are {}", self.known.join(", "))
        };
        match nearest(name, &self.known) {
            Some(near) => {
                format!("There is no such parameter; did you mean {near:?}? ({known})")
            }
            None => format!("There is no such parameter; {known}."),
        }
    }

    fn read<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, (&'static str, String)>,
    ) -> Option<T> {
        let mut texts = self.take(name);
        if texts.len() > 1 {
            self.error(name, code::REPEATED, "Send this parameter once only.");
            return None;
        }
        self.parse_one(name, &texts.pop()?, parse)
    }

    fn read_all<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, (&'static str, String)>,
    ) -> Vec<T> {
        let texts = self.take(name);
        if texts.len() > MAX_REPEATS {
            self.error(
                name,
                code::TOO_MANY,
                format!("Send this parameter {MAX_REPEATS} times at most."),
            );
            return Vec::new();
        }
        texts
            .iter()
            .filter_map(|text| self.parse_one(name, text, &parse))
            .collect()
    }

    fn parse_one<T>(
        &mut self,
        name: &str,
        text: &str,
        parse: impl Fn(&str) -> Result<T, (&'static str, String)>,
    ) -> Option<T> {
        match parse(text) {
            Ok(value) => Some(value),
            Err((code, message)) => {
                self.error(name, code, message);
                None
            }
        }
    }

    fn take(&mut self, name: &str) -> Vec<String> {
        self.known.push(name.to_owned());
        self.pairs
            .extract_if(.., |(key, _)| key == name)
            .map(|(_, value)| value)
            .collect()
    }
}

impl FromRequest for QueryParams {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::parse(request.query_string())))
    }
}

#[cfg(test)]
mod tests;
