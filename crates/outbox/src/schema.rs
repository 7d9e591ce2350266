//! One schema for both engines.

diesel::table! {
    outbox_events (position) {
        position -> BigInt,
        seq -> Nullable<BigInt>,
        event_id -> Binary,
        account_id -> BigInt,
        event_type -> Text,
        occurred_at_us -> BigInt,
    }
}

diesel::table! {
    outbox_bodies (position) {
        position -> BigInt,
        body -> Binary,
    }
}

diesel::table! {
    relay_state (id) {
        id -> BigInt,
        epoch -> BigInt,
        lease_until_us -> BigInt,
        last_seq -> BigInt,
        published_through -> BigInt,
    }
}

diesel::table! {
    inbox_events (event_id) {
        event_id -> Binary,
        received_at_us -> BigInt,
    }
}

diesel::table! {
    parked_events (id) {
        id -> BigInt,
        queue -> Text,
        routing_key -> Text,
        message_id -> Text,
        message_type -> Text,
        seq -> Nullable<BigInt>,
        traceparent -> Nullable<Text>,
        body -> Binary,
        reason -> Text,
        parked_at_us -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(outbox_events, outbox_bodies);
