//! From the digits that were sent to a number that can be dialled from anywhere.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat};

use super::text::Number;
use crate::Region;

/// ITU-T E.164: the longest number, country code included.
const MAX_DIGITS: usize = 15;
/// How many digits a Russian number has after the country code 7.
const RUSSIAN_DIGITS: usize = 10;
/// From this length on a number without `+` may begin with a country code.
const MIN_WITH_COUNTRY_CODE: usize = 11;

/// The E.164 form, `None` if there is none.
pub(super) fn of(number: &Number, region: Region) -> Option<String> {
    let digits = number.digits.as_str();
    let e164 = if number.has_plus {
        international(digits).or_else(|| in_spite_of_plus(digits, region))
    } else {
        after_exit_code(digits, region).unwrap_or_else(|| without_exit_code(digits, region))
    };
    // Some numbering plans allow more on paper.
    e164.filter(|e164| e164.len() <= MAX_DIGITS + '+'.len_utf8())
}

/// Dialled as from abroad: `00…`, and `810…` in Russia. The outer `None` means
/// that there is no such prefix.
fn after_exit_code(digits: &str, region: Region) -> Option<Option<String>> {
    if let Some(rest) = digits.strip_prefix("00") {
        return Some(international(rest));
    }
    // A Russian number may begin with 8, but none with 8 10.
    let rest = digits.strip_prefix("810")?;
    (region == Region::RUSSIA).then(|| international(rest))
}

fn without_exit_code(digits: &str, region: Region) -> Option<String> {
    let national = if region == Region::RUSSIA {
        russian(digits)
    } else {
        None
    };
    national
        .or_else(|| valid_in(digits, region))
        .or_else(|| with_bare_country_code(digits))
}

/// The rules of WIRE 2: ten digits after 7 or 8, or ten digits that begin as a
/// Russian number does. They are not checked against the numbering plan, which
/// is newer in the world than in any library.
fn russian(digits: &str) -> Option<String> {
    let national = match digits.len() {
        RUSSIAN_DIGITS if digits.starts_with(['3', '4', '8', '9']) => digits,
        length if length == RUSSIAN_DIGITS + 1 => digits.strip_prefix(['7', '8'])?,
        _ => return None,
    };
    Some(format!("+7{national}"))
}

/// `+8 (999) 888-88-88`: people put a plus before a Russian number that begins
/// with the trunk prefix 8.
fn in_spite_of_plus(digits: &str, region: Region) -> Option<String> {
    let is_mistaken = region == Region::RUSSIA && digits.starts_with('8');
    is_mistaken.then(|| russian(digits)).flatten()
}

/// `digits` with their country code.
fn international(digits: &str) -> Option<String> {
    // No trunk prefix is looked for in a whole number of country code 7: the
    // area codes 8xx begin with a digit that is one.
    if digits.len() == RUSSIAN_DIGITS + 1 && digits.starts_with('7') {
        return Some(format!("+{digits}"));
    }
    let number = parsed(&format!("+{digits}"), None)?;
    let e164 = number.format_as(PhoneNumberFormat::E164).into_owned();
    // A number that lost digits on the way, such as a trunk prefix after the
    // country code, must at least exist.
    let is_whole = e164.strip_prefix('+') == Some(digits);
    let is_acceptable = if is_whole {
        PHONE_NUMBER_UTIL.is_possible_number(&number)
    } else {
        number.is_valid()
    };
    is_acceptable.then_some(e164)
}

/// A number as dialled inside `region`.
fn valid_in(digits: &str, region: Region) -> Option<String> {
    valid(&parsed(digits, Some(region))?)
}

/// `375291234567`: a country code without `+`.
fn with_bare_country_code(digits: &str) -> Option<String> {
    if digits.len() < MIN_WITH_COUNTRY_CODE {
        return None;
    }
    valid(&parsed(&format!("+{digits}"), None)?)
}

fn valid(number: &PhoneNumber) -> Option<String> {
    number
        .is_valid()
        .then(|| number.format_as(PhoneNumberFormat::E164).into_owned())
}

fn parsed(digits: &str, region: Option<Region>) -> Option<PhoneNumber> {
    PHONE_NUMBER_UTIL
        .parse(digits, region.map(Region::plan))
        .ok()
}
