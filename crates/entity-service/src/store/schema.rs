//! One schema for both engines; `marks` and `value` hold JSON.

diesel::table! {
    accounts (id) {
        id -> BigInt,
        name -> Text,
        created_at_us -> BigInt,
    }
}

diesel::table! {
    api_tokens (jti) {
        jti -> Text,
        account_id -> BigInt,
        name -> Text,
        scopes -> Text,
        created_at_us -> BigInt,
        expires_at_us -> Nullable<BigInt>,
        revoked_at_us -> Nullable<BigInt>,
    }
}

diesel::table! {
    pipelines (id) {
        id -> BigInt,
        account_id -> BigInt,
        name -> Text,
        position -> BigInt,
        revision -> BigInt,
        created_at_us -> BigInt,
        updated_at_us -> BigInt,
    }
}

diesel::table! {
    stages (id) {
        id -> BigInt,
        account_id -> BigInt,
        pipeline_id -> BigInt,
        name -> Text,
        kind -> Text,
        position -> BigInt,
        color -> Nullable<Text>,
    }
}

diesel::table! {
    directory_entries (id) {
        id -> BigInt,
        account_id -> BigInt,
        kind -> Text,
        name -> Text,
        position -> BigInt,
        color -> Nullable<Text>,
        revision -> BigInt,
        created_at_us -> BigInt,
        updated_at_us -> BigInt,
    }
}

diesel::table! {
    custom_fields (id) {
        id -> BigInt,
        account_id -> BigInt,
        name -> Text,
        kind -> Text,
        position -> BigInt,
        revision -> BigInt,
        created_at_us -> BigInt,
        updated_at_us -> BigInt,
    }
}

diesel::table! {
    clients (id) {
        id -> BigInt,
        account_id -> BigInt,
        realname -> Text,
        email -> Text,
        email_normalized -> Nullable<Text>,
        phone -> Text,
        phone_normalized -> Nullable<Text>,
        position -> Text,
        status_id -> Nullable<BigInt>,
        text -> Text,
        revision -> BigInt,
        created_at_us -> BigInt,
        updated_at_us -> BigInt,
    }
}

diesel::table! {
    client_fields (client_id, custom_field_id) {
        client_id -> BigInt,
        custom_field_id -> BigInt,
        account_id -> BigInt,
        value -> Json,
    }
}

diesel::table! {
    orders (id) {
        id -> BigInt,
        account_id -> BigInt,
        name -> Text,
        price_minor -> Nullable<BigInt>,
        category_id -> Nullable<BigInt>,
        pipeline_id -> BigInt,
        stage_id -> BigInt,
        origin_id -> Nullable<BigInt>,
        client_id -> Nullable<BigInt>,
        owner_id -> Nullable<BigInt>,
        office_id -> Nullable<BigInt>,
        city_id -> Nullable<BigInt>,
        archived -> Bool,
        tags -> Text,
        color -> Nullable<Text>,
        text -> Text,
        marks -> Json,
        lead_id -> Nullable<BigInt>,
        revision -> BigInt,
        created_at_us -> BigInt,
        updated_at_us -> BigInt,
    }
}

diesel::table! {
    tasks (id) {
        id -> BigInt,
        account_id -> BigInt,
        name -> Text,
        date_from_us -> Nullable<BigInt>,
        date_to_us -> Nullable<BigInt>,
        all_day -> Bool,
        color -> Nullable<Text>,
        text -> Text,
        order_id -> Nullable<BigInt>,
        status_id -> Nullable<BigInt>,
        type_id -> Nullable<BigInt>,
        revision -> BigInt,
        created_at_us -> BigInt,
        updated_at_us -> BigInt,
    }
}

diesel::table! {
    lead_conversions (account_id, lead_id) {
        account_id -> BigInt,
        lead_id -> BigInt,
        client_id -> BigInt,
        order_id -> BigInt,
        converted_at_us -> BigInt,
        warnings -> Json,
    }
}

diesel::joinable!(stages -> pipelines (pipeline_id));
diesel::joinable!(client_fields -> custom_fields (custom_field_id));
diesel::allow_tables_to_appear_in_same_query!(
    accounts,
    api_tokens,
    pipelines,
    stages,
    directory_entries,
    custom_fields,
    clients,
    client_fields,
    orders,
    tasks,
);
