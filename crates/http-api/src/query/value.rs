//! What the text of one parameter means.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::MAX_TEXT_CHARS;
use crate::fields::{TextLimit, check_text};
use crate::page::PageRequest;
use crate::problem::code;

type Parsed<T> = Result<T, (&'static str, String)>;

pub(super) fn text(text: &str) -> Parsed<String> {
    check_text(text, TextLimit::Chars(MAX_TEXT_CHARS))
        .map_err(|invalid| (invalid.code, invalid.message.into_owned()))?;
    Ok(text.to_owned())
}

pub(super) fn limit(text: &str) -> Parsed<i64> {
    match text.parse() {
        Ok(limit @ 1..=PageRequest::MAX_LIMIT) => Ok(limit),
        _ => Err((
            code::OUT_OF_RANGE,
            format!("Send a number from 1 to {}.", PageRequest::MAX_LIMIT),
        )),
    }
}

pub(super) fn id(text: &str) -> Parsed<i64> {
    match text.parse() {
        Ok(id) if id > 0 => Ok(id),
        _ => Err((code::INVALID, "Send a positive integer.".to_owned())),
    }
}

pub(super) fn integer(text: &str, least: i64) -> Parsed<i64> {
    match text.parse() {
        Ok(number) if number >= least => Ok(number),
        _ => Err((
            code::INVALID,
            format!("Send an integer of at least {least}."),
        )),
    }
}

pub(super) fn boolean(text: &str) -> Parsed<bool> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err((code::INVALID, "Send true or false.".to_owned())),
    }
}

pub(super) fn name<T: Copy>(text: &str, names: &[(&str, T)]) -> Parsed<T> {
    names
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| {
            let known: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
            (
                code::UNKNOWN_VALUE,
                format!("Send one of {}.", known.join(", ")),
            )
        })
}

pub(super) fn time_micros(text: &str) -> Parsed<i64> {
    let micros = if let Ok(seconds) = text.parse::<i64>() {
        seconds.checked_mul(1_000_000)
    } else {
        OffsetDateTime::parse(&with_plus(text), &Rfc3339)
            .ok()
            .and_then(|time| i64::try_from(time.unix_timestamp_nanos().div_euclid(1000)).ok())
    };
    micros.ok_or_else(|| {
        (
            code::INVALID,
            "Send a time such as 2026-01-31T09:00:00Z, or whole Unix seconds.".to_owned(),
        )
    })
}

/// A plus in a query string means a space, so `+03:00` arrives as ` 03:00` unless it was escaped.
fn with_plus(text: &str) -> String {
    match text.rsplit_once(' ') {
        Some((time, offset)) if time.contains(['T', 't']) => format!("{time}+{offset}"),
        _ => text.to_owned(),
    }
}
