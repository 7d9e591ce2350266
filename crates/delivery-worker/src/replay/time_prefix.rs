//! Moments as ids of events and deliveries begin with them: six bytes of
//! milliseconds (RFC 9562, version 7).

use crate::domain::delivery::TIME_BYTES;

/// What comes before every id of this moment and later.
pub(crate) fn start_of(at_us: i64) -> Vec<u8> {
    of_millis(at_us.div_euclid(1_000))
}

/// What comes behind every id before this moment; its own millisecond counts as
/// before if it has begun.
pub(crate) fn end_of(at_us: i64) -> Vec<u8> {
    of_millis(at_us.saturating_add(999).div_euclid(1_000))
}

/// The moment that an id, or a part of one, begins with, microseconds.
pub(crate) fn moment_of(id: &[u8]) -> i64 {
    let mut bytes = [0; 8];
    for (byte, known) in bytes[2..].iter_mut().zip(id) {
        *byte = *known;
    }
    i64::from_be_bytes(bytes).saturating_mul(1_000)
}

fn of_millis(millis: i64) -> Vec<u8> {
    let bytes = millis.max(0).to_be_bytes();
    bytes[bytes.len() - TIME_BYTES..].to_vec()
}

#[cfg(test)]
mod tests {
    use events::{EventId, Timestamp};

    use super::*;

    #[test]
    fn a_span_takes_its_first_moment_and_not_its_last() {
        let id = |us| EventId::new(Timestamp(us)).as_bytes().to_vec();
        let (since_us, until_us) = (1_767_323_045_123_000, 1_767_323_046_000_000);
        let within = |us| id(us) > start_of(since_us) && id(us) < end_of(until_us);
        assert!(within(since_us) && within(until_us - 1));
        assert!(!within(since_us - 1_000) && !within(until_us));
    }

    #[test]
    fn the_moment_of_an_id_is_known_to_the_millisecond() {
        let at_us = 1_767_323_045_123_456;
        let id = EventId::new(Timestamp(at_us));
        assert_eq!(moment_of(id.as_bytes()), 1_767_323_045_123_000);
        assert_eq!(moment_of(&start_of(at_us)), 1_767_323_045_123_000);
        assert_eq!((moment_of(&[]), moment_of(&start_of(-1))), (0, 0));
    }
}
