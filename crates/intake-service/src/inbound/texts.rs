//! What senders are told that is about no field.

use crate::domain::request::Outcome;
use crate::reading::Language;

/// Why a request brings no lead, apart from its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    /// 400.
    Malformed,
    /// 400: JSON of more than one lead.
    SeveralLeads,
    /// 400: JSON that is no object.
    NoFields,
    /// 404; the same for a token that nobody has and one that is switched off.
    NotFound,
    /// 405.
    NotAllowed,
    /// 408.
    Slow,
    /// 413: more than 256 KiB.
    TooLong,
    /// 413: more than 200 keys.
    TooManyKeys,
    /// 413: more than 5 levels.
    TooDeep,
    /// 415.
    Unsupported,
    /// 429.
    TooFast,
    /// 503.
    Later,
}

impl Problem {
    /// The status line's code.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::Malformed | Self::SeveralLeads | Self::NoFields => 400,
            Self::NotFound => 404,
            Self::NotAllowed => 405,
            Self::Slow => 408,
            Self::TooLong | Self::TooManyKeys | Self::TooDeep => 413,
            Self::Unsupported => 415,
            Self::TooFast => 429,
            Self::Later => 503,
        }
    }

    /// As the journal has it, of those that it has.
    pub(crate) fn outcome(self) -> Outcome {
        match self {
            Self::TooLong | Self::TooManyKeys | Self::TooDeep => Outcome::TooLarge,
            Self::Unsupported => Outcome::Unsupported,
            Self::NotFound => Outcome::Disabled,
            Self::NotAllowed => Outcome::NotAllowed,
            Self::Malformed
            | Self::SeveralLeads
            | Self::NoFields
            | Self::Slow
            | Self::TooFast
            | Self::Later => Outcome::Malformed,
        }
    }

    /// As metrics count it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Malformed | Self::SeveralLeads | Self::NoFields => "malformed",
            Self::NotFound => "not_found",
            Self::NotAllowed => "not_allowed",
            Self::Slow => "slow",
            Self::TooLong | Self::TooManyKeys | Self::TooDeep => "too_large",
            Self::Unsupported => "unsupported",
            Self::TooFast => "too_fast",
            Self::Later => "unavailable",
        }
    }

    /// A sentence for the sender.
    pub(crate) fn text(self, language: Language) -> &'static str {
        match language {
            Language::Russian => self.russian(),
            Language::English => self.english(),
        }
    }

    fn russian(self) -> &'static str {
        match self {
            Self::Malformed => "Тело запроса не удалось прочитать: проверьте JSON или форму.",
            Self::SeveralLeads => {
                "Тело запроса — список из нескольких объектов; отправляйте по одной заявке."
            }
            Self::NoFields => {
                "Тело запроса — JSON без имён полей; отправьте объект с именами и значениями."
            }
            Self::NotFound => "Источник не найден или отключён.",
            Self::NotAllowed => "Этот метод здесь не поддерживается; отправьте POST.",
            Self::Slow => "Тело запроса не пришло вовремя; отправьте запрос ещё раз.",
            Self::TooLong => "Тело запроса не может превышать 256 КиБ.",
            Self::TooManyKeys => "Количество полей не может превышать 200.",
            Self::TooDeep => "Вложенность полей не может превышать 5.",
            Self::Unsupported => "Формат не поддерживается; отправьте JSON или форму без сжатия.",
            Self::TooFast => "Слишком много запросов; повторите позже.",
            Self::Later => "Сервис временно недоступен; повторите запрос позже.",
        }
    }

    fn english(self) -> &'static str {
        match self {
            Self::Malformed => "The body cannot be read: check the JSON or the form.",
            Self::SeveralLeads => {
                "The body is a list of several objects; send one lead per request."
            }
            Self::NoFields => {
                "The body is JSON without names of fields; send an object of names and values."
            }
            Self::NotFound => "There is no such source, or it is switched off.",
            Self::NotAllowed => "This method does not work here; send a POST.",
            Self::Slow => "The body did not arrive in time; send the request again.",
            Self::TooLong => "The body must not be longer than 256 KiB.",
            Self::TooManyKeys => "There must not be more than 200 fields.",
            Self::TooDeep => "Fields must not be nested deeper than 5.",
            Self::Unsupported => "This format cannot be read; send JSON or a form, uncompressed.",
            Self::TooFast => "Too many requests; repeat this one later.",
            Self::Later => "The service cannot answer now; repeat the request later.",
        }
    }
}
