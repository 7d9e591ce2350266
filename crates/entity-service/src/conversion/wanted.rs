//! Ids that a lead names, and what the account has of them.

use events::{DirectoryEntryId, StageId};

use super::known::KnownSettings;
use crate::domain::directory::DirectoryKind;
use crate::domain::order::Placement;

/// An id that was asked for, and another one for the case that it is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted<Id> {
    first: Option<Id>,
    second: Option<Id>,
}

impl<Id: Copy + PartialEq> Wanted<Id> {
    /// What the lead asks for, else the default of its source.
    pub(super) fn new(asked: Option<Id>, default: Option<Id>) -> Self {
        let first = asked.or(default);
        Self {
            first,
            second: default.filter(|id| first != Some(*id)),
        }
    }

    /// All that may be taken.
    pub(super) fn ids(self) -> impl Iterator<Item = Id> {
        self.first.into_iter().chain(self.second)
    }
}

impl KnownSettings {
    /// Where the order starts.
    pub(super) fn placement_of(
        &self,
        wanted: Wanted<StageId>,
        warnings: &mut Vec<String>,
    ) -> &Placement {
        let Some(id) = wanted.first else {
            return &self.start;
        };
        if let Some(placement) = self.stage(id) {
            return placement;
        }
        let default = wanted.second.and_then(|id| self.stage(id));
        let taken = default.unwrap_or(&self.start);
        let what = match (default, wanted.second) {
            (Some(_), _) => "не найден: заказ создан на этапе по умолчанию".to_owned(),
            (None, Some(second)) => {
                format!("не найден, этап по умолчанию {second} тоже: заказ создан на этапе")
            }
            (None, None) => "не найден: заказ создан на этапе".to_owned(),
        };
        warnings.push(format!("Этап {id} {what} «{}».", taken.stage.name));
        taken
    }

    /// The entry that the order names; `what` is its directory's name.
    pub(super) fn entry_of(
        &self,
        wanted: Wanted<DirectoryEntryId>,
        kind: DirectoryKind,
        what: &str,
        warnings: &mut Vec<String>,
    ) -> Option<DirectoryEntryId> {
        let id = wanted.first?;
        if self.has_entry(kind, id) {
            return Some(id);
        }
        let default = wanted.second.filter(|id| self.has_entry(kind, *id));
        warnings.push(match (default, wanted.second) {
            (Some(default), _) => {
                format!("{what} {id}: нет в справочнике, в заказе указан {default}, по умолчанию.")
            }
            (None, Some(second)) => format!(
                "{what} {id}: нет в справочнике, по умолчанию {second} тоже нет; в заказе не указан."
            ),
            (None, None) => format!("{what} {id}: нет в справочнике, в заказе не указан."),
        });
        default
    }
}
