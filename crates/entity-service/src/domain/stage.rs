//! Stages: the steps of a pipeline that an order goes through.

use events::{Color, StageId, StageKind, StageSnapshot};
use http_api::Presence;

/// The most stages that one pipeline has.
pub(crate) const MAX_STAGES: u8 = 100;

/// The kinds by their wire names.
pub(crate) const STAGE_KINDS: [(&str, StageKind); 3] = [
    ("open", StageKind::Open),
    ("won", StageKind::Won),
    ("lost", StageKind::Lost),
];

/// A stage that is to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewStage {
    /// Its name.
    pub(crate) name: String,
    /// What being in it means.
    pub(crate) kind: StageKind,
    /// Color on the board.
    pub(crate) color: Option<Color>,
}

/// What shall change of a stage; what is `None` or absent stays.
#[derive(Debug, Clone)]
pub(crate) struct StagePatch {
    /// Its name.
    pub(crate) name: Option<String>,
    /// What being in it means.
    pub(crate) kind: Option<StageKind>,
    /// Its place; past the end means the end.
    pub(crate) position: Option<i64>,
    /// Color on the board.
    pub(crate) color: Presence<Color>,
}

impl NewStage {
    fn of(name: &str, kind: StageKind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            color: None,
        }
    }
}

/// What a pipeline gets whose creator names no stages: four open ones, won and lost.
pub(crate) fn default_stages() -> Vec<NewStage> {
    vec![
        NewStage::of("Новая", StageKind::Open),
        NewStage::of("В работе", StageKind::Open),
        NewStage::of("Предложение", StageKind::Open),
        NewStage::of("Ожидает оплаты", StageKind::Open),
        NewStage::of("Успешно завершена", StageKind::Won),
        NewStage::of("Отказ", StageKind::Lost),
    ]
}

/// Whether a pipeline with these kinds of stages has somewhere to start: orders
/// begin in the first open stage.
pub(crate) fn has_open(kinds: impl IntoIterator<Item = StageKind>) -> bool {
    kinds.into_iter().any(|kind| kind == StageKind::Open)
}

/// Whether `stages` would still have an open one if `changed` were not open.
pub(crate) fn has_open_without(stages: &[StageSnapshot], changed: StageId) -> bool {
    has_open(
        stages
            .iter()
            .filter(|stage| stage.id != changed)
            .map(|stage| stage.kind),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(id: i64, kind: StageKind) -> StageSnapshot {
        StageSnapshot {
            id: StageId(id),
            name: String::new(),
            kind,
            position: id,
            color: None,
        }
    }

    #[test]
    fn the_last_open_stage_is_recognized() {
        let stages = [
            stage(1, StageKind::Open),
            stage(2, StageKind::Won),
            stage(3, StageKind::Lost),
        ];
        assert!(!has_open_without(&stages, StageId(1)));
        assert!(has_open_without(&stages, StageId(2)));
        assert!(!has_open([]));
    }

    #[test]
    fn the_default_stages_are_four_open_won_and_lost() {
        let kinds: Vec<StageKind> = default_stages().iter().map(|stage| stage.kind).collect();
        use StageKind::{Lost, Open, Won};
        assert_eq!(kinds, [Open, Open, Open, Open, Won, Lost]);
    }
}
