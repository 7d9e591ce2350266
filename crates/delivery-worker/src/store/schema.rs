//! The tables, one schema for both backends.

diesel::table! {
    webhook_config (id) {
        id -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    webhooks (id) {
        id -> BigInt,
        account_id -> BigInt,
        kind -> Text,
        name -> Text,
        active -> Bool,
        settings_version -> BigInt,
        settings -> Json,
        secret -> Binary,
        previous_secret -> Nullable<Binary>,
        previous_secret_until_us -> Nullable<BigInt>,
        config_version -> BigInt,
        revision -> BigInt,
        created_at_us -> BigInt,
        updated_at_us -> BigInt,
        deleted_at_us -> Nullable<BigInt>,
        stage_id -> Nullable<BigInt>,
        inactive_reason -> Nullable<Text>,
    }
}

diesel::table! {
    webhook_versions (webhook_id, version) {
        webhook_id -> BigInt,
        version -> BigInt,
        account_id -> BigInt,
        settings -> Json,
        created_at_us -> BigInt,
        config_version -> BigInt,
        name -> Text,
        active -> Nullable<Bool>,
    }
}

diesel::table! {
    webhook_lanes (webhook_id) {
        webhook_id -> BigInt,
        paused_until_us -> Nullable<BigInt>,
        paused_at_us -> Nullable<BigInt>,
        open_until_us -> Nullable<BigInt>,
        disabled_at_us -> Nullable<BigInt>,
        disabled_reason -> Nullable<Text>,
        first_failure_at_us -> Nullable<BigInt>,
        last_success_at_us -> Nullable<BigInt>,
        owner_worker_id -> Nullable<Binary>,
        changed_at_us -> BigInt,
    }
}

diesel::table! {
    events (event_id) {
        event_id -> Binary,
        account_id -> BigInt,
        seq -> Nullable<BigInt>,
        event_type -> Text,
        component -> Text,
        record_id -> Nullable<BigInt>,
        revision -> Nullable<BigInt>,
        occurred_at_us -> BigInt,
        received_at_us -> BigInt,
        matched -> BigInt,
        config_version -> BigInt,
        erased_at_us -> Nullable<BigInt>,
    }
}

diesel::table! {
    event_bodies (event_id) {
        event_id -> Binary,
        body -> Binary,
    }
}

diesel::table! {
    deliveries (id) {
        id -> Binary,
        account_id -> BigInt,
        webhook_id -> BigInt,
        event_id -> Nullable<Binary>,
        origin -> Text,
        state -> Text,
        event_type -> Text,
        component -> Text,
        record_id -> Nullable<BigInt>,
        revision -> Nullable<BigInt>,
        due_at_us -> BigInt,
        attempts -> BigInt,
        claim_no -> BigInt,
        worker_id -> Nullable<Binary>,
        settings_version -> Nullable<BigInt>,
        last_attempt_at_us -> Nullable<BigInt>,
        last_status -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        last_duration_us -> Nullable<BigInt>,
        created_at_us -> BigInt,
        expires_at_us -> BigInt,
        finished_at_us -> Nullable<BigInt>,
        erased_at_us -> Nullable<BigInt>,
    }
}

diesel::table! {
    attempts (delivery_id, claim_no) {
        delivery_id -> Binary,
        claim_no -> BigInt,
        number -> BigInt,
        settings_version -> BigInt,
        started_at_us -> BigInt,
        duration_us -> BigInt,
        status -> Nullable<BigInt>,
        error_kind -> Nullable<Text>,
        error -> Nullable<Text>,
        remote -> Nullable<Text>,
    }
}

diesel::table! {
    attempt_bodies (delivery_id, claim_no) {
        delivery_id -> Binary,
        claim_no -> BigInt,
        request_head -> Binary,
        request_body -> Binary,
        response_head -> Nullable<Binary>,
        response_body -> Nullable<Binary>,
        response_complete -> Bool,
    }
}

diesel::table! {
    workers (id) {
        id -> Binary,
        lease_until_us -> BigInt,
        started_at_us -> BigInt,
    }
}

diesel::table! {
    pipelines (account_id, id) {
        account_id -> BigInt,
        id -> BigInt,
        revision -> BigInt,
        name -> Text,
        stages -> Json,
        deleted -> Bool,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    attempt_bodies,
    attempts,
    deliveries,
    event_bodies,
    events,
    pipelines,
    webhook_lanes,
    webhooks,
    workers,
);
