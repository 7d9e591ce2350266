//! One schema for both engines.

diesel::table! {
    idempotency_keys (id) {
        id -> BigInt,
        account_id -> BigInt,
        idempotency_key -> Text,
        route -> Text,
        body_hash -> Binary,
        status -> BigInt,
        location -> Nullable<Text>,
        etag -> Nullable<Text>,
        body -> Binary,
        created_at_us -> BigInt,
    }
}
