//! One schema for both engines.

diesel::table! {
    notes (id) {
        id -> BigInt,
        body -> Text,
        settings -> Json,
    }
}
