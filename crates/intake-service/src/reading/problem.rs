//! What is wrong with a field, in words.

use super::Language;

/// A field that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldProblem {
    /// By its name in S1.
    pub(crate) field: &'static str,
    fault: Fault,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Required,
    NoPhone,
    NoEmail,
    NoInteger,
    NoText,
    /// More characters than this.
    TooLong(usize),
}

impl FieldProblem {
    pub(super) fn new(field: &'static str, fault: Fault) -> Self {
        Self { field, fault }
    }

    /// The sentence for the sender; the Russian ones are those of S1 and WIRE 2.
    pub(crate) fn message(&self, language: Language) -> String {
        let title = title(self.field, language);
        match language {
            Language::Russian => match self.fault {
                Fault::Required => format!("Поле {title} обязательно для заполнения."),
                Fault::NoPhone => format!("Поле {title} должно содержать от 5 до 20 цифр."),
                Fault::NoEmail => {
                    format!("Поле {title} должно быть действительным электронным адресом.")
                }
                Fault::NoInteger => format!("Поле {title} должно быть целым числом."),
                Fault::NoText => format!("Поле {title} должно быть строкой."),
                Fault::TooLong(most) => {
                    format!("Количество символов в поле {title} не может превышать {most}.")
                }
            },
            Language::English => match self.fault {
                Fault::Required => format!("The {title} field is required."),
                Fault::NoPhone => format!("The {title} field must have from 5 to 20 digits."),
                Fault::NoEmail => format!("The {title} field must be a valid email address."),
                Fault::NoInteger => format!("The {title} field must be an integer."),
                Fault::NoText => format!("The {title} field must be a string."),
                Fault::TooLong(most) => {
                    format!("The {title} field must not be longer than {most} characters.")
                }
            },
        }
    }

    /// The sentence for the manager of a lead that was taken all the same.
    pub(super) fn warning(&self) -> String {
        let message = self.message(Language::Russian);
        format!("{message} Присланное значение сохранено в дополнительных данных.")
    }
}

/// What S1 calls a field.
fn title(field: &'static str, language: Language) -> &'static str {
    let titles = TITLES.iter().find(|(name, ..)| *name == field);
    match (titles, language) {
        (Some((_, russian, _)), Language::Russian) => russian,
        (Some((_, _, english)), Language::English) => english,
        (None, _) => field,
    }
}

/// Key, Russian (S1), English.
const TITLES: [(&str, &str, &str); 32] = [
    ("name", "Имя", "Name"),
    ("firstName", "Имя", "First Name"),
    ("lastName", "Фамилия", "Last Name"),
    ("phone", "Телефон", "Phone"),
    ("email", "Email", "Email"),
    ("userIdOwner", "ID Ответственного сотрудника", "Owner ID"),
    (
        "sourceId",
        "ID рекламного источника",
        "Advertising Source ID",
    ),
    ("remoteId", "Внешний ID", "External ID"),
    ("locationUnitId", "ID Офиса", "Office ID"),
    ("locationCityId", "ID Города", "City ID"),
    ("funnelStageId", "ID Этапа воронки", "Funnel Stage ID"),
    ("cost", "Сумма (Бюджет)", "Amount (Budget)"),
    ("utmSource", "UTM Source", "UTM Source"),
    ("utmMedium", "UTM Medium", "UTM Medium"),
    ("utmCampaign", "UTM Campaign", "UTM Campaign"),
    ("utmContent", "UTM Content", "UTM Content"),
    ("utmTerm", "UTM Term", "UTM Term"),
    ("utmReferrer", "UTM Referrer", "UTM Referrer"),
    ("openstatService", "openstat Service", "openstat Service"),
    ("openstatCampaign", "openstat Campaign", "openstat Campaign"),
    ("openstatAd", "openstat Ad", "openstat Ad"),
    ("openstatSource", "openstat Source", "openstat Source"),
    ("from", "Метка From", "From Mark"),
    ("yclid", "Метка Яндекс.Директ", "Yandex Direct Mark"),
    ("ymclid", "Метка Яндекс.Маркет", "Yandex Market Mark"),
    (
        "ymClientId",
        "Client ID Яндекс.Метрика",
        "Yandex Metrica Client ID",
    ),
    ("gclid", "Метка Google Adwords", "Google Adwords Mark"),
    ("yqrid", "Метка Яндекс QR", "Yandex QR Mark"),
    ("fbclid", "Метка Facebook", "Facebook Mark"),
    ("roistatId", "Roistat ID", "Roistat ID"),
    ("referrer", "Источник перехода", "Referrer"),
    ("ip", "IP адрес клиента", "Client IP Address"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lead::sent_keys;

    #[test]
    fn messages_are_those_of_the_contract() {
        for (field, fault, russian, english) in [
            (
                "phone",
                Fault::Required,
                "Поле Телефон обязательно для заполнения.",
                "The Phone field is required.",
            ),
            (
                "email",
                Fault::NoEmail,
                "Поле Email должно быть действительным электронным адресом.",
                "The Email field must be a valid email address.",
            ),
            (
                "userIdOwner",
                Fault::NoInteger,
                "Поле ID Ответственного сотрудника должно быть целым числом.",
                "The Owner ID field must be an integer.",
            ),
            (
                "name",
                Fault::TooLong(255),
                "Количество символов в поле Имя не может превышать 255.",
                "The Name field must not be longer than 255 characters.",
            ),
        ] {
            let problem = FieldProblem::new(field, fault);
            assert_eq!(problem.message(Language::Russian), russian);
            assert_eq!(problem.message(Language::English), english);
        }
    }

    #[test]
    fn every_field_has_a_title() {
        for key in sent_keys() {
            assert!(TITLES.iter().any(|(name, ..)| *name == key), "{key}");
        }
    }
}
