//! What an attempt's outcome means: for its delivery, and for its webhook.
//!
//! Pure rules; times are worked out from them where the outcome is recorded.

mod retry_after;

use std::time::Duration;

use events::Timestamp;

use crate::send::SendOutcome;
use retry_after::pause_asked_for;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The pause before each attempt: the example of Standard Webhooks, 75 h 35 min
/// in all.
pub(crate) const USUAL_SCHEDULE: [Duration; 10] = [
    seconds(0),
    seconds(5),
    seconds(5 * 60),
    seconds(30 * 60),
    seconds(2 * 60 * 60),
    seconds(5 * 60 * 60),
    seconds(10 * 60 * 60),
    seconds(14 * 60 * 60),
    seconds(20 * 60 * 60),
    seconds(24 * 60 * 60),
];

/// The longest pause that a receiver can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// A webhook's rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RetryPolicy {
    /// The pause before each attempt, the first included.
    pub(crate) schedule: Vec<Duration>,
    /// Whether an answer of 4xx ends the delivery.
    pub(crate) stop_on_4xx: bool,
}

/// What becomes of the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It arrived.
    Delivered,
    /// It is due again after this time.
    Retry(Duration),
    /// It is over.
    Failed,
}

/// What becomes of the webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    None,
    /// It is disabled: the receiver says that it is gone for good (410).
    Disable,
    /// All its deliveries wait this long: the receiver asked for it.
    Pause(Duration),
}

/// What an attempt says of the receiver's health, for its circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Health {
    /// It works.
    Success,
    /// It does not.
    Failure,
    /// Nothing: no request was made, or the answer was one that a receiver in
    /// good health gives as well.
    Unknown,
}

/// All of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decision {
    /// For the delivery.
    pub(crate) verdict: Verdict,
    /// For the webhook.
    pub(crate) effect: Effect,
    /// For the webhook's circuit breaker.
    pub(crate) health: Health,
}

impl RetryPolicy {
    /// The pause before the first attempt.
    pub(crate) fn first_pause(&self) -> Duration {
        self.schedule.first().copied().unwrap_or_default()
    }

    /// The pause between attempt number `attempt`, counted from 1, and the next;
    /// `None` if it is the last. Drawn before the attempt, so that its receiver
    /// can be told.
    ///
    /// `spread` from -1 to 1 places the next attempt within ten per cent of its
    /// time, so that what failed together does not come back together.
    pub(crate) fn next_pause(&self, attempt: u32, spread: f64) -> Option<Duration> {
        let pause = usize::try_from(attempt)
            .ok()
            .and_then(|place| self.schedule.get(place))?;
        Some(pause.mul_f64(1.0 + 0.1 * spread.clamp(-1.0, 1.0)))
    }

    /// Judges the outcome of an attempt that [`Self::next_pause`] was drawn for.
    pub(crate) fn judge(
        &self,
        outcome: &SendOutcome,
        next_pause: Option<Duration>,
        now: Timestamp,
    ) -> Decision {
        let again = next_pause.map_or(Verdict::Failed, Verdict::Retry);
        let answer = match outcome {
            SendOutcome::Answered(answer) => answer,
            SendOutcome::Failed(_) => {
                return Decision {
                    verdict: again,
                    effect: Effect::None,
                    health: Health::Failure,
                };
            }
        };
        if answer.is_success() {
            return Decision {
                verdict: Verdict::Delivered,
                effect: Effect::None,
                health: Health::Success,
            };
        }
        let effect = match answer.status {
            410 => Effect::Disable,
            429 | 503 => pause_asked_for(&answer.headers, now)
                .filter(|pause| !pause.is_zero())
                .map_or(Effect::None, |pause| {
                    Effect::Pause(pause.min(LONGEST_PAUSE))
                }),
            _ => Effect::None,
        };
        let ends_it = self.stop_on_4xx && is_final(answer.status);
        Decision {
            verdict: if ends_it { Verdict::Failed } else { again },
            effect,
            health: if ends_it || effect != Effect::None {
                Health::Unknown
            } else {
                Health::Failure
            },
        }
    }
}

/// Whether a status says that the request itself is wrong. Four of 4xx say that
/// only the moment is: 408, 425, 429, and 410, which is about the webhook.
fn is_final(status: u16) -> bool {
    (400..500).contains(&status) && !matches!(status, 408 | 410 | 425 | 429)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::HeaderMap;
    use proptest::prelude::*;

    use super::*;
    use crate::send::{Answer, FailureKind, SendFailure};

    fn answered(status: u16, headers: &[(&'static str, &str)]) -> SendOutcome {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        SendOutcome::Answered(Answer {
            status,
            headers,
            body: Bytes::new(),
            is_body_complete: true,
        })
    }

    fn usual(stop_on_4xx: bool) -> RetryPolicy {
        RetryPolicy {
            schedule: USUAL_SCHEDULE.to_vec(),
            stop_on_4xx,
        }
    }

    const NOW: Timestamp = Timestamp(1_767_323_045_000_000);

    fn failed(kind: FailureKind) -> Decision {
        let failure = SendFailure {
            kind,
            detail: String::new(),
        };
        judge(&usual(false), 1, &SendOutcome::Failed(failure))
    }

    fn judge(policy: &RetryPolicy, attempt: u32, outcome: &SendOutcome) -> Decision {
        policy.judge(outcome, policy.next_pause(attempt, 0.0), NOW)
    }

    #[test]
    fn the_usual_schedule_has_ten_attempts_in_75_hours_35_minutes() {
        let policy = usual(false);
        let mut pauses = Vec::new();
        for attempt in 1.. {
            match judge(&policy, attempt, &answered(500, &[])).verdict {
                Verdict::Retry(pause) => pauses.push(pause.as_secs()),
                verdict => {
                    assert_eq!(verdict, Verdict::Failed);
                    assert_eq!(attempt, 10);
                    break;
                }
            }
        }
        assert_eq!(
            pauses,
            [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
        );
        assert_eq!(pauses.iter().sum::<u64>(), (75 * 60 + 35) * 60 + 5);
    }

    #[test]
    fn every_2xx_is_a_success_and_nothing_else() {
        for status in 200..300 {
            let decision = judge(&usual(true), 10, &answered(status, &[]));
            assert_eq!(decision.verdict, Verdict::Delivered, "{status}");
        }
        for status in [301, 302, 304, 400, 404, 418, 500, 502] {
            let decision = judge(&usual(false), 1, &answered(status, &[]));
            assert_eq!(decision.verdict, Verdict::Retry(seconds(5)), "{status}");
            assert_eq!(decision.effect, Effect::None, "{status}");
        }
    }

    #[test]
    fn the_switch_ends_on_statuses_that_blame_the_request() {
        let policy = usual(true);
        for status in [400, 401, 403, 404, 422] {
            let decision = judge(&policy, 1, &answered(status, &[]));
            assert_eq!(decision.verdict, Verdict::Failed, "{status}");
        }
        for status in [408, 410, 425, 429, 500, 503, 302] {
            let decision = judge(&policy, 1, &answered(status, &[]));
            assert_eq!(decision.verdict, Verdict::Retry(seconds(5)), "{status}");
        }
    }

    #[test]
    fn gone_disables_and_retry_after_pauses() {
        let policy = usual(false);
        assert_eq!(
            judge(&policy, 1, &answered(410, &[])).effect,
            Effect::Disable
        );
        for status in [429, 503] {
            let asked = answered(status, &[("retry-after", "120")]);
            assert_eq!(
                judge(&policy, 1, &asked).effect,
                Effect::Pause(seconds(120))
            );
            let too_long = answered(status, &[("retry-after", "864000")]);
            assert_eq!(
                judge(&policy, 1, &too_long).effect,
                Effect::Pause(LONGEST_PAUSE)
            );
            for nothing in ["0", "soon", "-5"] {
                let asked = answered(status, &[("retry-after", nothing)]);
                assert_eq!(judge(&policy, 1, &asked).effect, Effect::None, "{nothing}");
            }
        }
        let not_asked = answered(500, &[("retry-after", "120")]);
        assert_eq!(judge(&policy, 1, &not_asked).effect, Effect::None);
    }

    #[test]
    fn only_what_speaks_of_the_receiver_counts_for_its_breaker() {
        let health = |stop_on_4xx, status, headers: &[(&'static str, &str)]| {
            judge(&usual(stop_on_4xx), 1, &answered(status, headers)).health
        };
        assert_eq!(health(false, 204, &[]), Health::Success);
        for status in [302, 400, 404, 429, 500, 503] {
            assert_eq!(health(false, status, &[]), Health::Failure, "{status}");
        }
        assert_eq!(health(true, 404, &[]), Health::Unknown);
        assert_eq!(health(true, 500, &[]), Health::Failure);
        assert_eq!(health(false, 410, &[]), Health::Unknown);
        for status in [429, 503] {
            let asked = [("retry-after", "5")];
            assert_eq!(health(false, status, &asked), Health::Unknown, "{status}");
            let at_once = [("retry-after", "0")];
            assert_eq!(health(false, status, &at_once), Health::Failure, "{status}");
        }
        assert_eq!(failed(FailureKind::Blocked).health, Health::Failure);
        assert_eq!(failed(FailureKind::Timeout).health, Health::Failure);
    }

    proptest! {
        #[test]
        fn a_retry_is_within_ten_per_cent_of_its_schedule(
            schedule in prop::collection::vec(0_u64..100_000, 1..12),
            attempt in 1_u32..15,
            spread in -1.0..=1.0_f64,
        ) {
            let policy = RetryPolicy {
                schedule: schedule.iter().copied().map(seconds).collect(),
                stop_on_4xx: false,
            };
            match (policy.next_pause(attempt, spread), schedule.get(attempt as usize)) {
                (Some(pause), Some(&planned)) => {
                    let planned = planned as f64;
                    prop_assert!(pause.as_secs_f64() >= planned * 0.9 - 1e-6);
                    prop_assert!(pause.as_secs_f64() <= planned * 1.1 + 1e-6);
                }
                (None, None) => {}
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
