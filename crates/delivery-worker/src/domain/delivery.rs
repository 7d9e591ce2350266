//! One delivery: its id and its states.

use std::fmt;

use aws_lc_rs::digest;
use events::{EventId, Timestamp};
use uuid::Uuid;

use super::replay::ReplayId;
use super::webhook::WebhookId;

/// A delivery. Ids order by the time of their event; as text they are the
/// `webhook-id` of every attempt (WIRE 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DeliveryId(pub(crate) Uuid);

/// The part of a UUIDv7 that holds its milliseconds.
pub(crate) const TIME_BYTES: usize = 6;

impl DeliveryId {
    /// The delivery of `event` to `webhook`: the same however often it is
    /// worked out, so that a repeat after a crash carries the same id.
    pub(crate) fn of_event(event: EventId, webhook: WebhookId) -> Self {
        Self::derive(
            event,
            &[
                b"dealwire delivery\0",
                event.as_bytes(),
                &webhook.0.to_be_bytes(),
            ],
        )
    }

    /// The delivery of `event` to `webhook` that a job makes: another one for each
    /// job, and the same however often the job is taken up again.
    pub(crate) fn of_replay(event: EventId, webhook: WebhookId, replay: ReplayId) -> Self {
        Self::derive(
            event,
            &[
                b"dealwire replay\0",
                event.as_bytes(),
                &webhook.0.to_be_bytes(),
                &replay.0.to_be_bytes(),
            ],
        )
    }

    /// The id that begins with the time of `event` and goes on with a digest of
    /// `parts`.
    fn derive(event: EventId, parts: &[&[u8]]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in parts {
            context.update(part);
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&context.finish().as_ref()[..16]);
        bytes[..TIME_BYTES].copy_from_slice(&event.as_bytes()[..TIME_BYTES]);
        // Version 8 of RFC 9562: the layout is ours.
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// The least and the greatest id that deliveries of an event can have.
    pub(crate) fn range_of_event(event: EventId) -> (Self, Self) {
        let bounds = [0x00, 0xff].map(|rest| {
            let mut bytes = [rest; 16];
            bytes[..TIME_BYTES].copy_from_slice(&event.as_bytes()[..TIME_BYTES]);
            Self(Uuid::from_bytes(bytes))
        });
        let [first, last] = bounds;
        (first, last)
    }

    /// A test's id: every test is a delivery of its own.
    pub(crate) fn of_test(now: Timestamp) -> Self {
        Self(EventId::new(now).0)
    }

    /// The id of a test that tells of an event: among the ids of that event, so that
    /// whatever is done to its deliveries is done to this one.
    pub(crate) fn of_sample(event: EventId, now: Timestamp) -> Self {
        let mut bytes = *EventId::new(now).0.as_bytes();
        bytes[..TIME_BYTES].copy_from_slice(&event.as_bytes()[..TIME_BYTES]);
        Self(Uuid::from_bytes(bytes))
    }

    /// From the 16 bytes that the database holds.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Uuid::from_slice(bytes).ok().map(Self)
    }

    /// The 16 bytes that the database holds.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// Why a delivery exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Origin {
    /// An event matched.
    Event,
    /// Somebody asked for what was before to be sent again.
    Replay,
    /// Somebody asked for a test.
    Test,
}

impl Origin {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Event, Self::Replay, Self::Test];

    /// The name in the database and on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Replay => "replay",
            Self::Test => "test",
        }
    }
}

/// Where a delivery stands. One that a paused or disabled webhook holds back
/// is pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum DeliveryState {
    /// To be sent, now or later.
    Pending,
    /// The receiver answered 2xx.
    Delivered,
    /// All attempts are used up, or the receiver's refusal ends it.
    Failed,
    /// Not sent on purpose.
    Skipped,
    /// Too old to be sent.
    Expired,
    /// Its webhook was deleted.
    Dropped,
}

impl DeliveryState {
    /// All of them.
    pub(crate) const ALL: [Self; 6] = [
        Self::Pending,
        Self::Delivered,
        Self::Failed,
        Self::Skipped,
        Self::Expired,
        Self::Dropped,
    ];

    /// The name in the database and on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Expired => "expired",
            Self::Dropped => "dropped",
        }
    }

    /// From that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> EventId {
        EventId(Uuid::parse_str(text).unwrap())
    }

    #[test]
    fn an_event_and_a_webhook_always_give_the_same_id() {
        let one = event("019b7ca9-8d03-7000-8000-000000000001");
        let id = DeliveryId::of_event(one, WebhookId(7));
        assert_eq!(id, DeliveryId::of_event(one, WebhookId(7)));
        assert_ne!(id, DeliveryId::of_event(one, WebhookId(8)));
        let other = event("019b7ca9-8d03-7000-8000-000000000002");
        assert_ne!(id, DeliveryId::of_event(other, WebhookId(7)));
    }

    #[test]
    fn each_job_has_a_delivery_of_its_own() {
        let one = event("019b7ca9-8d03-7000-8000-000000000001");
        let of_job = |job| DeliveryId::of_replay(one, WebhookId(7), ReplayId(job));
        assert_eq!(of_job(1), of_job(1));
        assert_ne!(of_job(1), of_job(2));
        assert_ne!(of_job(1), DeliveryId::of_event(one, WebhookId(7)));
        let (first, last) = DeliveryId::range_of_event(one);
        assert!(first <= of_job(1) && of_job(1) <= last);
    }

    #[test]
    fn an_id_is_a_uuid_in_the_order_of_events_and_without_dots() {
        let id = DeliveryId::of_event(event("019b7ca9-8d03-7000-8000-000000000001"), WebhookId(7));
        assert_eq!(id.0.get_version_num(), 8);
        assert_eq!(id.0.get_variant(), uuid::Variant::RFC4122);
        assert!(id.to_string().starts_with("019b7ca9-8d03-8"), "{id}");
        assert!(!id.to_string().contains('.'));
        let later =
            DeliveryId::of_event(event("019b7ca9-8d04-7000-8000-000000000000"), WebhookId(1));
        assert!(later > id);
        assert_eq!(DeliveryId::from_bytes(id.as_bytes()), Some(id));
    }

    #[test]
    fn deliveries_of_an_event_are_in_its_range() {
        let event = event("019b7ca9-8d03-7000-8000-000000000001");
        let (first, last) = DeliveryId::range_of_event(event);
        for webhook in 1..100 {
            let id = DeliveryId::of_event(event, WebhookId(webhook));
            assert!(first <= id && id <= last, "{id}");
        }
        let samples = [(); 2].map(|()| DeliveryId::of_sample(event, Timestamp(1)));
        assert!(samples.iter().all(|id| first <= *id && *id <= last));
        assert_ne!(samples[0], samples[1]);
        assert!(
            last < DeliveryId::from_bytes(&[
                1, 0x9b, 0x7c, 0xa9, 0x8d, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
            ])
            .unwrap()
        );
    }

    #[test]
    fn state_names_survive() {
        for state in DeliveryState::ALL {
            assert_eq!(DeliveryState::parse(state.as_str()), Some(state));
        }
        assert_eq!(DeliveryState::parse("held"), None);
    }
}
