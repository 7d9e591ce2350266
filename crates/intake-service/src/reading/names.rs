//! The names that S1's fields have elsewhere, in Russian and English.
//!
//! Names are compared folded: lower case, letters and digits only. So `UTM_Source`, `utm-source` and
//! `utmSource` are one name, as are `E-mail` and `email`, `_ym_uid` and `ymuid`.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::domain::lead::sent_keys;
use crate::preset::{FIRST_NAME, LAST_NAME};

/// Folded names besides those of S1; of one field, the better ones first.
const ALIASES: &[(&str, &str)] = &[
    ("fullname", "name"),
    ("fio", "name"),
    ("фио", "name"),
    ("имя", "name"),
    ("вашеимя", "name"),
    ("имяклиента", "name"),
    ("yourname", "name"),
    ("clientname", "name"),
    ("customername", "name"),
    ("contactname", "name"),
    ("username", "name"),
    ("imya", "name"),
    ("firstname", FIRST_NAME),
    ("lastname", LAST_NAME),
    ("фамилия", LAST_NAME),
    ("surname", LAST_NAME),
    ("tel", "phone"),
    ("телефон", "phone"),
    ("mobile", "phone"),
    ("phonenumber", "phone"),
    ("номертелефона", "phone"),
    ("ваштелефон", "phone"),
    ("телефонклиента", "phone"),
    ("контактныйтелефон", "phone"),
    ("мобильный", "phone"),
    ("мобильныйтелефон", "phone"),
    ("mobilephone", "phone"),
    ("mobilenumber", "phone"),
    ("telephone", "phone"),
    ("telefon", "phone"),
    ("yourphone", "phone"),
    ("yourtel", "phone"),
    ("userphone", "phone"),
    ("clientphone", "phone"),
    ("customerphone", "phone"),
    ("contactphone", "phone"),
    ("contactphonenumber", "phone"),
    ("cell", "phone"),
    ("cellphone", "phone"),
    ("msisdn", "phone"),
    ("phones", "phone"),
    ("телефоны", "phone"),
    ("phonenumbers", "phone"),
    ("mail", "email"),
    ("почта", "email"),
    ("емейл", "email"),
    ("имейл", "email"),
    ("емайл", "email"),
    ("электроннаяпочта", "email"),
    ("вашапочта", "email"),
    ("вашemail", "email"),
    ("адресэлектроннойпочты", "email"),
    ("emailaddress", "email"),
    ("youremail", "email"),
    ("useremail", "email"),
    ("clientemail", "email"),
    ("customeremail", "email"),
    ("contactemail", "email"),
    ("emails", "email"),
    ("emailaddresses", "email"),
    ("tranid", "remoteId"),
    ("leadid", "remoteId"),
    ("leadgenid", "remoteId"),
    ("requestid", "remoteId"),
    ("externalid", "remoteId"),
    ("budget", "cost"),
    ("бюджет", "cost"),
    ("ymuid", "ymClientId"),
    ("yaclientid", "ymClientId"),
    ("yandexclientid", "ymClientId"),
    ("metrikaclientid", "ymClientId"),
    ("roistatvisit", "roistatId"),
    ("roistat", "roistatId"),
    ("referer", "referrer"),
    ("httpreferer", "referrer"),
    ("httpreferrer", "referrer"),
    ("ipaddress", "ip"),
    ("ipaddr", "ip"),
    ("userip", "ip"),
    ("clientip", "ip"),
    ("visitorip", "ip"),
    ("remoteaddr", "ip"),
    ("remoteip", "ip"),
];

/// Folded names of those who are not the client: employees, and the company that is called. `user`
/// and `author` are none of them, since sites call their visitors so.
const OTHERS: [&str; 63] = [
    "agent",
    "agents",
    "operator",
    "operators",
    "manager",
    "managers",
    "managerinfo",
    "salesmanager",
    "employee",
    "employees",
    "staff",
    "worker",
    "workers",
    "seller",
    "responsible",
    "responsibleuser",
    "responsibleemployee",
    "responsibles",
    "owner",
    "leadowner",
    "dealowner",
    "userowner",
    "assignee",
    "assignees",
    "assigned",
    "assignedto",
    "assignedby",
    "assigneduser",
    "createdby",
    "updatedby",
    "modifiedby",
    "creator",
    "admin",
    "support",
    "company",
    "companies",
    "companyinfo",
    "organization",
    "organisation",
    "organizations",
    "department",
    "departments",
    "shop",
    "store",
    "vendor",
    "агент",
    "оператор",
    "операторы",
    "менеджер",
    "менеджеры",
    "сотрудник",
    "сотрудники",
    "работник",
    "ответственный",
    "ответственные",
    "исполнитель",
    "владелец",
    "продавец",
    "администратор",
    "компания",
    "организация",
    "отдел",
    "магазин",
];

/// Folded names of addresses of the visitor's page.
const PAGES: [&str; 12] = [
    "page",
    "pageurl",
    "url",
    "href",
    "location",
    "landing",
    "landingpage",
    "landingurl",
    "sourceurl",
    "formurl",
    "siteurl",
    "страница",
];

/// A field of S1, and how good the name is: the lower the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) key: &'static str,
    pub(super) order: usize,
}

static KNOWN: LazyLock<HashMap<String, Known>> = LazyLock::new(|| {
    let own = sent_keys().map(|key| (fold(key), key));
    let others = ALIASES.iter().map(|(name, key)| ((*name).to_owned(), *key));
    let mut known = HashMap::new();
    for (order, (name, key)) in own.chain(others).enumerate() {
        known.entry(name).or_insert(Known { key, order });
    }
    known
});

/// The field that S1 gives this very name.
pub(super) fn exact(name: &str) -> Option<&'static str> {
    sent_keys().find(|key| *key == name)
}

/// The field that a folded name stands for.
pub(super) fn known(folded: &str) -> Option<Known> {
    KNOWN.get(folded).copied()
}

/// The same with a number behind it: `phone2`, `tel123`.
pub(super) fn numbered(folded: &str) -> Option<Known> {
    let name = folded.trim_end_matches(|character: char| character.is_ascii_digit());
    if name.len() == folded.len() {
        return None;
    }
    known(name)
}

/// Whether what stands under a folded name is of an employee or of the company, also with a number
/// behind it.
pub(super) fn is_of_others(folded: &str) -> bool {
    let name = folded.trim_end_matches(|character: char| character.is_ascii_digit());
    OTHERS.contains(&name)
}

/// Whether a folded name is one of an address of the visitor's page.
pub(super) fn is_page(folded: &str) -> bool {
    PAGES.contains(&folded)
}

/// See the module.
pub(super) fn fold(name: &str) -> String {
    name.chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_every_spelling() {
        for (name, key) in [
            ("Phone", "phone"),
            ("ТЕЛЕФОН", "phone"),
            ("Ваш телефон:", "phone"),
            ("E-Mail", "email"),
            ("Почта", "email"),
            ("Full Name", "name"),
            ("utm_source", "utmSource"),
            ("UTM-Source", "utmSource"),
            ("_ym_uid", "ymClientId"),
            ("gcl_id", "gclid"),
            ("roistat_visit", "roistatId"),
            ("leadgen_id", "remoteId"),
            ("referer", "referrer"),
            ("user_id_owner", "userIdOwner"),
        ] {
            assert_eq!(
                known(&fold(name)).map(|known| known.key),
                Some(key),
                "{name}"
            );
        }
        for name in ["visit", "id", "comment", "", "phone2"] {
            assert_eq!(known(&fold(name)), None, "{name}");
        }
        assert_eq!(numbered("phone2").map(|known| known.key), Some("phone"));
        assert_eq!(numbered("phone"), None);
    }

    #[test]
    fn employees_and_companies_are_known() {
        for name in ["Agent", "agent_2", "Ответственный", "responsible-user"] {
            assert!(is_of_others(&fold(name)), "{name}");
        }
        for name in ["user", "author", "client", "contact", "2", ""] {
            assert!(!is_of_others(&fold(name)), "{name}");
        }
        for name in OTHERS {
            assert_eq!(fold(name), name);
            assert_eq!(OTHERS.iter().filter(|other| **other == name).count(), 1);
            assert_eq!(known(name), None, "{name}");
        }
    }

    #[test]
    fn aliases_are_folded_and_stand_once() {
        for (index, (name, _)) in ALIASES.iter().enumerate() {
            assert_eq!(fold(name), *name);
            assert!(
                !ALIASES
                    .iter()
                    .skip(index + 1)
                    .any(|(other, _)| other == name),
                "{name}"
            );
        }
    }
}
