//! The presets; one literal each.

use super::{Events, FIRST_NAME, FixedAnswer, LAST_NAME, Preset};
use crate::domain::source::Limits;

/// WIRE 2, for senders that are programs.
const OF_PROGRAMS: Limits = Limits {
    per_second: 2_000,
    burst: 4_000,
    per_address_per_minute: 0,
};
/// WIRE 2, for forms that people fill in. A builder's servers send what all visitors of a site fill
/// in, so a busy site's source is given a higher limit, or none.
const OF_FORMS: Limits = Limits {
    per_address_per_minute: 60,
    ..OF_PROGRAMS
};
/// WIRE 2.
const DOUBLE_CLICK_SECONDS: u32 = 60;
/// A name that programs like to fill in and no form of a business has.
const HONEYPOT: &str = "confirm_website";

const OK: FixedAnswer = FixedAnswer {
    status: 200,
    content_type: "text/plain; charset=utf-8",
    body: "ok",
};

/// A sender that follows S1.
const WEBHOOK: Preset = Preset {
    name: "webhook",
    answer: None,
    accept_get: false,
    honeypot: "",
    limits: OF_PROGRAMS,
    double_click_seconds: 0,
    aliases: &[],
    pages: &[],
    secrets: &[],
    foreign_names: &[],
    events: None,
    takes_no_contact: false,
};

/// All presets; the first is for senders that follow S1.
pub(crate) static PRESETS: [Preset; 8] = [
    WEBHOOK,
    // Forms of sites made with it. Wants 200, asks again twice otherwise; its own id of a lead is
    // `tranid`; cookies come in one field if its owner ticked that.
    Preset {
        name: "tilda",
        answer: Some(OK),
        honeypot: HONEYPOT,
        limits: OF_FORMS,
        double_click_seconds: DOUBLE_CLICK_SECONDS,
        aliases: &[
            ("tranid", "remoteId"),
            ("payment.amount", "cost"),
            ("payment.delivery_fio", "name"),
        ],
        ..WEBHOOK
    },
    // Lead forms under advertisements. `column_id`s are those of its documentation; `is_test` is
    // known everywhere.
    Preset {
        name: "google_ads",
        answer: Some(FixedAnswer {
            status: 200,
            content_type: "application/json",
            body: "{}",
        }),
        aliases: &[
            ("lead_id", "remoteId"),
            ("gcl_id", "gclid"),
            ("user_column_data[column_id=FULL_NAME].string_value", "name"),
            (
                "user_column_data[column_id=PHONE_NUMBER].string_value",
                "phone",
            ),
            (
                "user_column_data[column_id=WORK_PHONE].string_value",
                "phone",
            ),
            ("user_column_data[column_id=EMAIL].string_value", "email"),
            (
                "user_column_data[column_id=WORK_EMAIL].string_value",
                "email",
            ),
            (
                "user_column_data[column_id=FIRST_NAME].string_value",
                FIRST_NAME,
            ),
            (
                "user_column_data[column_id=LAST_NAME].string_value",
                LAST_NAME,
            ),
        ],
        secrets: &["google_key"],
        ..WEBHOOK
    },
    // Quizzes on sites.
    Preset {
        name: "marquiz",
        answer: Some(OK),
        honeypot: HONEYPOT,
        limits: OF_FORMS,
        double_click_seconds: DOUBLE_CLICK_SECONDS,
        aliases: &[
            ("contacts.name", "name"),
            ("contacts.phone", "phone"),
            ("contacts.email", "email"),
            ("extra.utm.source", "utmSource"),
            ("extra.utm.utm_source", "utmSource"),
            ("extra.utm.medium", "utmMedium"),
            ("extra.utm.utm_medium", "utmMedium"),
            ("extra.utm.name", "utmCampaign"),
            ("extra.utm.campaign", "utmCampaign"),
            ("extra.utm.utm_campaign", "utmCampaign"),
            ("extra.utm.content", "utmContent"),
            ("extra.utm.utm_content", "utmContent"),
            ("extra.utm.term", "utmTerm"),
            ("extra.utm.utm_term", "utmTerm"),
            ("extra.cookies.roistat_visit", "roistatId"),
            ("extra.cookies._ym_uid", "ymClientId"),
            ("extra.referrer", "referrer"),
        ],
        pages: &["extra.href"],
        ..WEBHOOK
    },
    // A chat. It tells of every step of a chat, always with the same `chat_id`, and a visitor may leave
    // an email first and a phone later: only what ends it counts. If a chat ends in two ways (a message
    // that nobody was there for, and its end), the second is a repeat of the first.
    Preset {
        name: "jivo",
        answer: Some(FixedAnswer {
            status: 200,
            content_type: "application/json",
            body: "{\"result\":\"ok\"}",
        }),
        aliases: &[
            ("chat_id", "remoteId"),
            ("visitor.name", "name"),
            ("visitor.phone", "phone"),
            ("call.phone", "phone"),
            ("visitor.email", "email"),
            ("session.utm_json.source", "utmSource"),
            ("session.utm_json.medium", "utmMedium"),
            ("session.utm_json.campaign", "utmCampaign"),
            ("session.utm_json.content", "utmContent"),
            ("session.utm_json.term", "utmTerm"),
            ("session.ip_addr", "ip"),
        ],
        pages: &["page.url"],
        events: Some(Events {
            path: "event_name",
            taken: &["chat_finished", "offline_message", "call_event"],
        }),
        takes_no_contact: true,
        ..WEBHOOK
    },
    // A call tracker that sends everything in the query; `data` is JSON in one of its values.
    Preset {
        name: "roistat",
        answer: Some(OK),
        accept_get: true,
        aliases: &[
            ("id", "remoteId"),
            ("visit", "roistatId"),
            ("visit_id", "roistatId"),
            ("caller", "phone"),
            ("data.phone", "phone"),
            ("data.email", "email"),
            ("data.name", "name"),
        ],
        pages: &["data.page", "data.landing_page"],
        ..WEBHOOK
    },
    // A call tracker. The beginning and the end of a call are two requests with one id;
    // `phonenumber` is the company's, and who withholds his number has none.
    Preset {
        name: "calltouch",
        answer: Some(OK),
        accept_get: true,
        aliases: &[
            ("callid", "remoteId"),
            ("requestid", "remoteId"),
            ("id", "remoteId"),
            ("callerphone", "phone"),
            ("yaclientid", "ymClientId"),
            ("ref", "referrer"),
        ],
        pages: &["url", "callurl", "requesturl"],
        foreign_names: &["phonenumber"],
        takes_no_contact: true,
        ..WEBHOOK
    },
    // A bridge between services; its users name the fields as S1 does, and it reads the answer.
    Preset {
        name: "albato",
        ..WEBHOOK
    },
];
