//! Whatever the domain can say survives the wire.

use events::{Decoded, Event};
use proptest::prelude::*;

use crate::arbitrary::event;

proptest! {
    #[test]
    fn events_survive_their_encoding(event in event()) {
        prop_assert_eq!(Event::decode(&event.encode()), Ok(Decoded::Event(event)));
    }

    #[test]
    fn every_event_has_an_envelope(event in event()) {
        let json = serde_json::to_value(events::envelope(&event)).unwrap();
        prop_assert_eq!(&json["id"], &event.id.to_string());
        prop_assert_eq!(&json["type"], event.change.event_type());
        prop_assert_eq!(json["revision"].as_i64(), event.change.revision());
        prop_assert!(json["data"].is_object());
    }
}
