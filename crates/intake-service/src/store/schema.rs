//! One schema for both engines; the service's own JSON is read where it is used.

diesel::table! {
    sources (id) {
        id -> BigInt,
        account_id -> BigInt,
        preset -> Text,
        name -> Text,
        token -> Text,
        active -> Bool,
        settings -> Json,
        revision -> BigInt,
        created_at_us -> BigInt,
        updated_at_us -> BigInt,
        deleted_at_us -> Nullable<BigInt>,
    }
}

diesel::table! {
    intake_requests (id) {
        id -> BigInt,
        account_id -> BigInt,
        source_id -> BigInt,
        received_at_us -> BigInt,
        method -> Text,
        remote_address -> Text,
        content_type -> Nullable<Text>,
        body_bytes -> BigInt,
        outcome -> Text,
        status -> BigInt,
        error -> Nullable<Text>,
        lead_id -> Nullable<BigInt>,
        fingerprint -> Nullable<Binary>,
        correlation_id -> Text,
        replayed_at_us -> Nullable<BigInt>,
    }
}

diesel::table! {
    intake_bodies (request_id) {
        request_id -> BigInt,
        received_at_us -> BigInt,
        query -> Binary,
        headers -> Json,
        body -> Binary,
    }
}

diesel::table! {
    leads (id) {
        id -> BigInt,
        account_id -> BigInt,
        source_id -> BigInt,
        request_id -> Nullable<BigInt>,
        state -> Text,
        first_id -> Nullable<BigInt>,
        other_count -> BigInt,
        name -> Nullable<Text>,
        phone -> Nullable<Text>,
        phone_digits -> Nullable<Text>,
        phone_normalized -> Nullable<Text>,
        email -> Nullable<Text>,
        email_normalized -> Nullable<Text>,
        owner_id -> Nullable<BigInt>,
        origin_id -> Nullable<BigInt>,
        remote_id -> Nullable<Text>,
        office_id -> Nullable<BigInt>,
        city_id -> Nullable<BigInt>,
        stage_id -> Nullable<BigInt>,
        cost -> Nullable<BigInt>,
        marks -> Json,
        extra -> Json,
        warnings -> Json,
        reject_reason -> Nullable<Text>,
        client_id -> Nullable<BigInt>,
        order_id -> Nullable<BigInt>,
        revision -> BigInt,
        created_at_us -> BigInt,
        updated_at_us -> BigInt,
        deleted_at_us -> Nullable<BigInt>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(intake_requests, intake_bodies);
diesel::allow_tables_to_appear_in_same_query!(leads, intake_requests);
diesel::allow_tables_to_appear_in_same_query!(leads, sources);
