//! What is known of the senders that sources are made for: data, not code.
//!
//! A preset says under which names a sender sends what S1 names, what it wants to be answered, and
//! what is usual with it. Nothing is decided by a preset's name: a new sender is a new row.

mod table;

use crate::domain::source::{Answer, Limits};

pub(crate) use table::PRESETS;

/// Keys of the parts of a name, for `aliases` beside the keys of S1: they are joined where nothing
/// else is the name.
pub(crate) const FIRST_NAME: &str = "firstName";
/// See [`FIRST_NAME`].
pub(crate) const LAST_NAME: &str = "lastName";

/// One kind of sender.
#[derive(Debug, PartialEq)]
pub(crate) struct Preset {
    /// Its name on the wire and in the database.
    pub(crate) name: &'static str,
    /// What is answered when all is well; `None`: S1's body.
    pub(crate) answer: Option<FixedAnswer>,
    /// Whether `GET` with a query brings a lead as well.
    pub(crate) accept_get: bool,
    /// A field that people do not see and leave blank; empty: none.
    pub(crate) honeypot: &'static str,
    pub(crate) limits: Limits,
    /// Within how many seconds the same request again is a double click, which makes no second
    /// lead; 0: never.
    pub(crate) double_click_seconds: u32,
    /// Where the sender puts what S1 names: a path and a key of S1, the better path first. Paths
    /// are explained at `reading::path`. What goes to `remoteId` is by which repeats are known.
    pub(crate) aliases: &'static [(&'static str, &'static str)],
    /// Paths of addresses of the visitor's page, whose own query may have the marks.
    pub(crate) pages: &'static [&'static str],
    /// Names of secrets between the sender and its owner. Leads do not have them; the journal does,
    /// since it keeps requests as they came, and they are masked in what it shows.
    pub(crate) secrets: &'static [&'static str],
    /// Names, folded as `reading::names` says, that are no aliases with this sender, since it means
    /// something else by them.
    pub(crate) foreign_names: &'static [&'static str],
    /// Of a sender of many events, those that may make a lead; `None`: all that it sends.
    pub(crate) events: Option<Events>,
    /// Whether what comes without a contact is in order with this sender, which would only send it
    /// again: it is answered as a success and makes no lead.
    pub(crate) takes_no_contact: bool,
}

/// Which events of a sender may make a lead.
#[derive(Debug, PartialEq)]
pub(crate) struct Events {
    /// Path of the event's name. A request without one is read like any other.
    pub(crate) path: &'static str,
    /// The names; letter case does not matter.
    pub(crate) taken: &'static [&'static str],
}

/// An answer that is the same every time.
#[derive(Debug, PartialEq)]
pub(crate) struct FixedAnswer {
    status: u16,
    content_type: &'static str,
    body: &'static str,
}

impl Preset {
    /// From the name on the wire and in the database.
    pub(crate) fn parse(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// What is answered when all is well; `None`: S1's body.
    pub(crate) fn answer(&self) -> Option<Answer> {
        self.answer.as_ref().map(|answer| Answer {
            status: answer.status,
            content_type: answer.content_type.to_owned(),
            body: answer.body.to_owned(),
        })
    }

    /// Whether what comes under this name is a secret; letter case does not matter.
    pub(crate) fn is_secret(&self, name: &str) -> bool {
        self.secrets
            .iter()
            .any(|secret| secret.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lead::sent_keys;

    #[test]
    fn every_preset_is_found_by_its_name_once() {
        for preset in &PRESETS {
            assert_eq!(Preset::parse(preset.name), Some(preset));
        }
        assert_eq!(PRESETS.len(), 8);
        assert_eq!(Preset::parse("Tilda"), None);
    }

    #[test]
    fn aliases_lead_to_keys_that_exist() {
        for preset in &PRESETS {
            for (path, key) in preset.aliases {
                let exists =
                    sent_keys().any(|known| known == *key) || [FIRST_NAME, LAST_NAME].contains(key);
                assert!(exists, "{}: {path} → {key}", preset.name);
            }
        }
    }
}
