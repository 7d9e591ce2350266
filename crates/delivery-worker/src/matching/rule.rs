//! The rules that an event has to pass to fire a webhook.

use super::{Occasion, Subject};

/// A rule, by what it looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Rule {
    /// The webhook chose such events.
    Event,
    /// The order is, or was, in the stage or pipeline that was asked for.
    Stage,
    /// One of the fields that were asked for changed.
    Changed,
    /// It is not a change of the token that is skipped.
    SkipOwn,
    /// The condition holds.
    Condition,
}

impl Rule {
    /// All rules, in the order in which they are told; the cheap ones come first.
    pub(crate) const ALL: [Self; 5] = [
        Self::Event,
        Self::Stage,
        Self::Changed,
        Self::SkipOwn,
        Self::Condition,
    ];

    /// The wire name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Stage => "stage",
            Self::Changed => "changed",
            Self::SkipOwn => "skip_own",
            Self::Condition => "condition",
        }
    }

    /// Whether it lets an event pass.
    pub(super) fn passes(self, subject: Subject<'_>, occasion: &Occasion<'_>) -> bool {
        let filter = subject.filter;
        match self {
            Self::Event => subject.events.intersects(occasion.switch),
            Self::Stage => {
                is_where_asked(subject, occasion)
                    && subject.trigger.is_none_or(|trigger| {
                        occasion
                            .order()
                            .is_some_and(|change| trigger.event.is(change, trigger.stage))
                    })
            }
            Self::Changed => {
                filter.changed.is_empty()
                    || filter
                        .changed
                        .iter()
                        .any(|field| field.is_changed(&occasion.record))
            }
            Self::SkipOwn => match &filter.skip_token {
                Some(token) => occasion.event.actor.token_id.as_ref() != Some(token),
                None => true,
            },
            Self::Condition => filter
                .condition
                .as_ref()
                .is_none_or(|condition| condition.holds(&occasion.record)),
        }
    }
}

/// Whether the order is in one of the stages and pipelines of the filter, after
/// the change.
fn is_where_asked(subject: Subject<'_>, occasion: &Occasion<'_>) -> bool {
    let filter = subject.filter;
    if filter.stages.is_empty() && filter.pipelines.is_empty() {
        return true;
    }
    let Some(order) = occasion.order().map(|change| &change.order) else {
        return false;
    };
    (filter.stages.is_empty() || filter.stages.contains(&order.stage.id))
        && (filter.pipelines.is_empty() || filter.pipelines.contains(&order.pipeline.id))
}
