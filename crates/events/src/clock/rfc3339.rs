//! Times as text (RFC 3339), as the management API and the envelope write them.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::Timestamp;

/// What RFC 3339 can write: four-digit years from 0000.
const FIRST_MICROS: i64 = -62_167_219_200_000_000;
const LAST_MICROS: i64 = 253_402_300_799_999_999;
const NANOS_PER_MICRO: i128 = 1_000;

impl Timestamp {
    /// UTC with microseconds, always 27 characters: `2026-01-02T03:04:05.123456Z`.
    /// A time outside the years 0000 to 9999 comes out as the nearest one inside.
    pub fn to_rfc3339(self) -> String {
        let micros = self.0.clamp(FIRST_MICROS, LAST_MICROS);
        let moment =
            OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * NANOS_PER_MICRO)
                .unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let (year, month, day) = moment.to_calendar_date();
        let (hour, minute, second, micro) = moment.to_hms_micro();
        let month = u8::from(month);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micro:06}Z")
    }

    /// Reads any RFC 3339 time, with any offset; digits past the microseconds
    /// are cut off. `None` if it is something else.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let micros = moment.unix_timestamp_nanos().div_euclid(NANOS_PER_MICRO);
        i64::try_from(micros).ok().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn writes_microseconds_in_utc() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1_767_323_045_123_456, "2026-01-02T03:04:05.123456Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (i64::MAX, "9999-12-31T23:59:59.999999Z"),
            (i64::MIN, "0000-01-01T00:00:00.000000Z"),
        ] {
            assert_eq!(Timestamp(micros).to_rfc3339(), text);
        }
    }

    #[test]
    fn reads_any_offset_and_precision() {
        for text in [
            "2026-01-02T03:04:05.123456Z",
            "2026-01-02T06:04:05.123456+03:00",
            "2026-01-01T22:04:05.123456789-05:00",
            "2026-01-02t03:04:05.123456z",
        ] {
            assert_eq!(
                Timestamp::parse_rfc3339(text),
                Some(Timestamp(1_767_323_045_123_456)),
                "{text}"
            );
        }
        assert_eq!(
            Timestamp::parse_rfc3339("1970-01-01T00:00:01Z"),
            Some(Timestamp(1_000_000))
        );
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "2026-01-02",
            "2026-01-02 03:04",
            "2026-13-01T00:00:00Z",
            "вчера",
        ] {
            assert_eq!(Timestamp::parse_rfc3339(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_keeps_every_microsecond(micros in FIRST_MICROS..=LAST_MICROS) {
            let text = Timestamp(micros).to_rfc3339();
            prop_assert_eq!(text.len(), 27);
            prop_assert_eq!(Timestamp::parse_rfc3339(&text), Some(Timestamp(micros)));
        }
    }
}
