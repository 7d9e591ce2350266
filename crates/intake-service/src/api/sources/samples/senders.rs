//! What senders send, one row each: their own names, and a lead that could be one.

/// A lead in the dress of one sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dress {
    /// JSON, as text.
    Json(&'static str),
    /// A form.
    Form(&'static [(&'static str, &'static str)]),
    /// The query of a `GET`.
    Query(&'static [(&'static str, &'static str)]),
}

/// S1's names, for senders that have none of their own.
const PLAIN: Dress =
    Dress::Json(r#"{"name":"Иван","phone":"79998888888","email":"ivan@example.com"}"#);

/// Of presets, by name.
const DRESSES: [(&str, Dress); 6] = [
    (
        "tilda",
        Dress::Form(&[
            ("Name", "Иван"),
            ("Phone", "+7 (999) 888-88-88"),
            ("Email", "ivan@example.com"),
            ("tranid", "1234567:7654321"),
            ("formid", "form12345"),
        ]),
    ),
    (
        "google_ads",
        Dress::Json(
            r#"{"lead_id":"sample-1","user_column_data":[{"column_id":"FULL_NAME","string_value":"Иван"},{"column_id":"PHONE_NUMBER","string_value":"+79998888888"},{"column_id":"EMAIL","string_value":"ivan@example.com"}],"api_version":"1.0","form_id":1,"campaign_id":1,"google_key":"secret"}"#,
        ),
    ),
    (
        "marquiz",
        Dress::Json(
            r#"{"contacts":{"name":"Иван","phone":"+79998888888","email":"ivan@example.com"},"quiz":{"id":"sample","name":"Окна"},"answers":[{"q":"Сколько окон?","a":"Три"}],"extra":{"href":"https://example.com/?utm_source=yandex"}}"#,
        ),
    ),
    (
        "jivo",
        Dress::Json(
            r#"{"event_name":"chat_finished","chat_id":1,"visitor":{"name":"Иван","phone":"79998888888","email":"ivan@example.com"},"page":{"url":"https://example.com/?utm_source=yandex"}}"#,
        ),
    ),
    (
        "roistat",
        Dress::Query(&[
            ("id", "1"),
            ("visit", "100001"),
            ("name", "Иван"),
            ("phone", "79998888888"),
            ("email", "ivan@example.com"),
        ]),
    ),
    (
        "calltouch",
        Dress::Query(&[
            ("id", "1"),
            ("callerphone", "79998888888"),
            ("url", "https://example.com/?utm_source=yandex"),
        ]),
    ),
];

/// How the sender of this preset dresses a lead.
pub(super) fn dress_of(preset: &str) -> Dress {
    let found = DRESSES.iter().find(|(name, _)| *name == preset);
    found.map_or(PLAIN, |(_, dress)| *dress)
}
