//! The table as queries see it.

diesel::table! {
    revoked_tokens (token_id) {
        token_id -> Text,
        account_id -> BigInt,
        revoked_at_us -> BigInt,
    }
}
