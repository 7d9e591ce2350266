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
    skipped_numbers (first_seq) {
        first_seq -> BigInt,
        last_seq -> BigInt,
        skipped_at_us -> BigInt,
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
        redrive_at_us -> Nullable<BigInt>,
    }
}

diesel::table! {
    erasures (event_id) {
        event_id -> Binary,
        account_id -> BigInt,
        phone_e164 -> Nullable<Text>,
        email_normalized -> Nullable<Text>,
        requested_at_us -> BigInt,
        due_at_us -> Nullable<BigInt>,
        claim_no -> BigInt,
        claimed_until_us -> BigInt,
        scan_began_at_us -> Nullable<BigInt>,
        place -> Nullable<Text>,
        position -> Nullable<Binary>,
        scan_erased -> BigInt,
        scan_waiting -> BigInt,
        scans -> BigInt,
        erased -> BigInt,
        finished_at_us -> Nullable<BigInt>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(outbox_events, outbox_bodies);
