//! What a new account starts with, so that its first order needs no settings.

use crate::domain::directory::DirectoryKind;

/// The first pipeline; its stages are the
/// [default ones](crate::domain::stage::default_stages).
pub(crate) const PIPELINE: &str = "Продажи";

/// The first entries of the directories that are not the account's own business,
/// as offices and cities are. The first of each is the default.
pub(crate) const ENTRIES: [(DirectoryKind, &[&str]); 5] = [
    (DirectoryKind::OrderCategory, &["Основная"]),
    (
        DirectoryKind::Origin,
        &["Сайт", "Телефон", "Реклама", "Рекомендация"],
    ),
    (
        DirectoryKind::ClientStatus,
        &["Новый", "В работе", "Постоянный", "Неактивный"],
    ),
    (
        DirectoryKind::TaskStatus,
        &["Новая", "В работе", "Выполнена"],
    ),
    (
        DirectoryKind::TaskType,
        &["Звонок", "Встреча", "Письмо", "Прочее"],
    ),
];
