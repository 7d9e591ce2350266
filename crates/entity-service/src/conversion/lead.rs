//! A lead as its records take it: what a record would refuse is cut or left out,
//! with a sentence for the manager. Nobody waits at the other end who could
//! correct it, and a lead is never lost.

use events::{DirectoryEntryId, LeadConversionRequested, LeadId, Mark, Price, StageId};

use super::marks::clean_marks;
use super::wanted::Wanted;
use crate::domain::client::{normalized_email, normalized_phone};
use crate::domain::text::LINE_CHARS;

/// A phone or an email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contact {
    /// As the client's record gets it; empty if the lead has none.
    pub(super) text: String,
    /// By which clients are compared: the comparable form of `text`.
    pub(super) key: Option<String>,
}

/// A lead that any account can take.
#[derive(Debug, Clone)]
pub(super) struct Lead {
    pub(super) id: LeadId,
    pub(super) name: String,
    pub(super) phone: Contact,
    pub(super) email: Contact,
    /// The order's name.
    pub(super) title: String,
    pub(super) price: Option<Price>,
    pub(super) stage: Wanted<StageId>,
    pub(super) origin: Wanted<DirectoryEntryId>,
    pub(super) office: Wanted<DirectoryEntryId>,
    pub(super) city: Wanted<DirectoryEntryId>,
    pub(super) owner_id: Option<i64>,
    pub(super) marks: Vec<Mark>,
    /// Sentences for the manager.
    pub(super) warnings: Vec<String>,
}

impl Lead {
    /// Cleans what was asked for.
    pub(super) fn of(asked: LeadConversionRequested) -> Self {
        let mut warnings = Vec::new();
        let name = line(&asked.name, "Имя", &mut warnings);
        let phone = contact(
            &asked.phone,
            asked.phone_e164,
            normalized_phone,
            "Телефон",
            &mut warnings,
        );
        let email = contact(
            &asked.email,
            asked.email_normalized,
            normalized_email,
            "Email",
            &mut warnings,
        );
        let who = [&name, &phone.text, &email.text];
        let who = who.into_iter().find(|text| !text.is_empty());
        let title = format!("Заявка: {}", who.map_or("", |who| who));
        let title = line(title.trim_end(), "Название заказа", &mut warnings);
        Self {
            id: asked.lead_id,
            title,
            price: price(asked.cost, &mut warnings),
            stage: Wanted::new(asked.stage_id, asked.default_stage_id),
            origin: Wanted::new(asked.origin_id, asked.default_origin_id),
            office: Wanted::new(asked.office_id, asked.default_office_id),
            city: Wanted::new(asked.city_id, asked.default_city_id),
            owner_id: owner(asked.owner_id, &mut warnings),
            marks: clean_marks(asked.marks, &mut warnings),
            name,
            phone,
            email,
            warnings,
        }
    }

    /// Whether nothing says who asks. No lead comes like that: it is one that was
    /// blanked when its person was erased, and carried out again since.
    pub(super) fn is_erased(&self) -> bool {
        let who = [&self.name, &self.phone.text, &self.email.text];
        who.into_iter().all(String::is_empty)
    }
}

/// One line within its limit.
fn line(sent: &str, what: &str, warnings: &mut Vec<String>) -> String {
    let text = without_nul(sent);
    let text = text.trim();
    match text.char_indices().nth(LINE_CHARS) {
        None => text.to_owned(),
        Some((end, _)) => {
            warnings.push(format!("{what}: сокращено до {LINE_CHARS} знаков."));
            text[..end].to_owned()
        }
    }
}

/// The contact as sent, if it fits and compares as the intake service said: there
/// the region of a phone is the source's. Else in the form that it said, so that
/// the next lead with the same contact finds this client.
fn contact(
    sent: &str,
    normalized: Option<String>,
    normalize: fn(&str) -> Option<String>,
    what: &str,
    warnings: &mut Vec<String>,
) -> Contact {
    let mut unsaid = Vec::new();
    let text = line(sent, what, &mut unsaid);
    let key = normalize(&text);
    match normalized {
        Some(normalized) if key.as_ref() != Some(&normalized) || !unsaid.is_empty() => Contact {
            key: normalize(&normalized),
            text: line(&normalized, what, warnings),
        },
        Some(_) | None => {
            warnings.append(&mut unsaid);
            Contact { text, key }
        }
    }
}

fn price(cost: Option<Price>, warnings: &mut Vec<String>) -> Option<Price> {
    let cost = cost?;
    if cost.is_valid() {
        return Some(cost);
    }
    warnings.push("Стоимость вне допустимых пределов, в заказе не указана.".to_owned());
    None
}

/// There is no directory of employees: any id that can be one is taken.
fn owner(id: Option<i64>, warnings: &mut Vec<String>) -> Option<i64> {
    let id = id?;
    if id > 0 {
        return Some(id);
    }
    warnings.push(format!(
        "Ответственный {id} не указан в заказе: номера сотрудников начинаются с 1."
    ));
    None
}

/// PostgreSQL's text takes none.
pub(super) fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::order::MAX_MARKS;
    use crate::domain::text::{MARK_KEY_CHARS, MARK_VALUE_CHARS};

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            ".{0,40}",
            "[ \0\u{a0}]{0,3}",
            "\0?[Яa]{250,260}\0?",
            "[+78]?[0-9() -]{0,30}(,.{0,240})?",
            "[a-zЯ]{0,70}@[a-z]{1,60}\\.ru",
        ]
    }

    fn mark() -> impl Strategy<Value = Mark> {
        let key = prop_oneof!["[a-c]?", ".{0,3}", "[aЯ]{60,70}", "[a-z]{3}"];
        let value = prop_oneof![".{0,3}", Just("Я\0".repeat(2_100))];
        (key, value).prop_map(|(key, value)| Mark { key, value })
    }

    fn asked() -> impl Strategy<Value = LeadConversionRequested> {
        let contacts = (text(), text(), text());
        let known = (any::<bool>(), any::<bool>());
        let numbers = (any::<Option<i64>>(), any::<Option<i64>>());
        let marks = vec(mark(), 0..120);
        (contacts, known, numbers, marks).prop_map(
            |((name, phone, email), (by_phone, by_email), (cost, owner_id), marks)| {
                LeadConversionRequested {
                    lead_id: LeadId(1),
                    phone_e164: normalized_phone(&phone).filter(|_| by_phone),
                    email_normalized: normalized_email(&email).filter(|_| by_email),
                    name,
                    phone,
                    email,
                    owner_id,
                    origin_id: None,
                    office_id: None,
                    city_id: None,
                    stage_id: None,
                    cost: cost.map(Price),
                    marks,
                    default_origin_id: None,
                    default_office_id: None,
                    default_city_id: None,
                    default_stage_id: None,
                }
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn whatever_was_sent_fits_the_records(asked in asked()) {
            let (phone, email) = (asked.phone_e164.clone(), asked.email_normalized.clone());
            let lead = Lead::of(asked);
            for line in [&lead.name, &lead.phone.text, &lead.email.text, &lead.title] {
                prop_assert!(line.chars().count() <= LINE_CHARS);
                prop_assert!(!line.contains('\0'));
                prop_assert_eq!(line.trim(), line);
            }
            prop_assert!(lead.title.starts_with("Заявка:"));
            prop_assert!(lead.price.is_none_or(|price| price.0 >= 0));
            prop_assert!(lead.owner_id.is_none_or(|id| id > 0));
            prop_assert!(lead.marks.len() <= MAX_MARKS);
            for (at, mark) in lead.marks.iter().enumerate() {
                prop_assert!((1..=MARK_KEY_CHARS).contains(&mark.key.chars().count()));
                prop_assert!(mark.value.chars().count() <= MARK_VALUE_CHARS);
                prop_assert!(!mark.value.contains('\0'));
                prop_assert!(lead.marks[..at].iter().all(|other| other.key != mark.key));
            }
            // Who was comparable is found by the same form again.
            prop_assert!(phone.is_none() || lead.phone.key == phone);
            prop_assert!(email.is_none() || lead.email.key == email);
            prop_assert_eq!(&lead.phone.key, &normalized_phone(&lead.phone.text));
            prop_assert_eq!(&lead.email.key, &normalized_email(&lead.email.text));
        }
    }
}
