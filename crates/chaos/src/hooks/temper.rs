//! How receivers behave.

use std::time::Duration;

use hyper::StatusCode;
use rig::Reply;

/// What a receiver does beside answering 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Temper {
    Calm,
    /// Some answers are refusals, late, too late, or do not come.
    Moody,
    /// So many of a hundred answers are a 500.
    Failing(u32),
    /// Well and down in turns of so many milliseconds.
    Flapping(u64),
    /// So many of a hundred connections are closed without an answer.
    Resetting(u32),
    /// Every hundredth answer asks for a pause of a second.
    Throttling,
    /// Some of a thousand answers never come in time.
    Hanging,
}

/// Longer than the sender waits, who goes away first.
const TOO_LONG: Duration = Duration::from_secs(6);

impl Temper {
    /// How the next callback is answered, and after what time; `age` is how long all of it
    /// goes on.
    pub(super) fn mood(self, usual: Duration, age: Duration) -> (Duration, Reply) {
        let percent = fastrand::u32(0..100);
        let thousandth = fastrand::u32(0..1_000);
        let fine = (usual, Reply::Status(StatusCode::OK));
        let failed = (usual, Reply::Status(StatusCode::INTERNAL_SERVER_ERROR));
        match self {
            Self::Calm => fine,
            Self::Moody => match thousandth {
                0..20 => failed,
                20..25 => (usual, Reply::Close),
                25..35 => (Duration::from_millis(fastrand::u64(300..2_000)), fine.1),
                35..37 => (TOO_LONG, fine.1),
                _ => fine,
            },
            Self::Failing(part) if percent < part => failed,
            Self::Flapping(turn) if !(age.as_millis() / u128::from(turn)).is_multiple_of(2) => {
                (usual, Reply::Status(StatusCode::SERVICE_UNAVAILABLE))
            }
            Self::Resetting(part) if percent < part => (usual, Reply::Close),
            Self::Throttling if percent == 0 => {
                (usual, Reply::RetryAfter(StatusCode::TOO_MANY_REQUESTS, 1))
            }
            Self::Hanging if thousandth < 5 => (TOO_LONG, fine.1),
            Self::Failing(_)
            | Self::Flapping(_)
            | Self::Resetting(_)
            | Self::Throttling
            | Self::Hanging => fine,
        }
    }
}
