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
        config_version -> BigInt,
        revision -> BigInt,
        created_at_us -> BigInt,
        updated_at_us -> BigInt,
        deleted_at_us -> Nullable<BigInt>,
        stage_id -> Nullable<BigInt>,
        inactive_reason -> Nullable<Text>,
        signing_key -> Nullable<Binary>,
        public_key -> Nullable<Text>,
        previous_keys -> Nullable<Json>,
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
        changed_at_us -> BigInt,
        failures -> BigInt,
        openings -> BigInt,
        revision -> BigInt,
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
        held_for -> Nullable<Text>,
        send_as -> Nullable<Text>,
        coalesced -> Nullable<BigInt>,
        replay_id -> Nullable<BigInt>,
        first_attempt -> Nullable<Binary>,
        first_answer -> Nullable<Binary>,
    }
}

diesel::table! {
    record_revisions (account_id, component, record_id) {
        account_id -> BigInt,
        component -> Text,
        record_id -> BigInt,
        through_revision -> BigInt,
        ahead -> Json,
        changed_on_us -> Nullable<BigInt>,
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
        renewed_at_us -> Nullable<BigInt>,
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

diesel::table! {
    replays (id) {
        id -> BigInt,
        account_id -> BigInt,
        kind -> Text,
        webhook_id -> Nullable<BigInt>,
        selection -> Json,
        rate_per_second -> Nullable<BigInt>,
        state -> Text,
        reason -> Nullable<Text>,
        totals -> Nullable<Json>,
        created_at_us -> BigInt,
        updated_at_us -> BigInt,
        finished_at_us -> Nullable<BigInt>,
    }
}

diesel::table! {
    replay_lanes (replay_id, webhook_id) {
        replay_id -> BigInt,
        webhook_id -> BigInt,
        position -> Binary,
        examined -> BigInt,
        queued -> BigInt,
        skipped -> BigInt,
        next_step_us -> Nullable<BigInt>,
        last_queued_us -> BigInt,
    }
}

diesel::table! {
    retention (id) {
        id -> BigInt,
        deliveries_before_us -> BigInt,
        events_before_us -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    attempt_bodies,
    attempts,
    deliveries,
    event_bodies,
    events,
    pipelines,
    replay_lanes,
    replays,
    webhook_lanes,
    webhooks,
    workers,
);
