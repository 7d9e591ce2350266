//! Orders: what a request can set, and how.

use events::{
    ClientId, Color, DirectoryEntryId, Mark, OrderId, OrderSnapshot, PipelineId, PipelineSummary,
    Price, StageId, StageSummary, Timestamp,
};
use http_api::Presence;

/// The most advertising marks of one order.
pub(crate) const MAX_MARKS: usize = 100;

/// The stage that an order is in, and the pipeline of that stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placement {
    pub(crate) stage: StageSummary,
    pub(crate) pipeline: PipelineSummary,
}

/// What a request says about an order; what it does not say stays, or gets its
/// default in a new one.
#[derive(Debug, Clone, Default)]
pub(crate) struct OrderPatch {
    pub(crate) name: Option<String>,
    pub(crate) price: Presence<Price>,
    pub(crate) category_id: Presence<DirectoryEntryId>,
    pub(crate) stage_id: Option<StageId>,
    pub(crate) pipeline_id: Option<PipelineId>,
    pub(crate) origin_id: Presence<DirectoryEntryId>,
    pub(crate) client_id: Presence<ClientId>,
    pub(crate) owner_id: Presence<i64>,
    pub(crate) office_id: Presence<DirectoryEntryId>,
    pub(crate) city_id: Presence<DirectoryEntryId>,
    pub(crate) archived: Option<bool>,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) color: Presence<Color>,
    pub(crate) text: Option<String>,
    pub(crate) marks: Presence<Vec<MarkPatch>>,
}

/// A mark to set, or to remove if it has no value.
#[derive(Debug, Clone)]
pub(crate) struct MarkPatch {
    pub(crate) key: String,
    pub(crate) value: Option<String>,
}

/// A new order before the request's values: everything at its default. The id is
/// the database's to give.
pub(crate) fn blank(placement: Placement, now: Timestamp) -> OrderSnapshot {
    OrderSnapshot {
        id: OrderId(0),
        name: String::new(),
        price: None,
        category_id: None,
        stage: placement.stage,
        pipeline: placement.pipeline,
        origin_id: None,
        client_id: None,
        client: None,
        owner_id: None,
        office_id: None,
        city_id: None,
        archived: false,
        tags: Vec::new(),
        color: None,
        text: String::new(),
        marks: Vec::new(),
        created_at: now,
        updated_at: now,
    }
}

impl OrderPatch {
    /// Merges into `order` all that needs no look-up: everything but the stage,
    /// the pipeline and the client's summary.
    pub(crate) fn merge_into(self, order: &mut OrderSnapshot) {
        if let Some(name) = self.name {
            order.name = name;
        }
        self.price.merge_into_option(&mut order.price);
        self.category_id.merge_into_option(&mut order.category_id);
        self.origin_id.merge_into_option(&mut order.origin_id);
        self.client_id.merge_into_option(&mut order.client_id);
        self.owner_id.merge_into_option(&mut order.owner_id);
        self.office_id.merge_into_option(&mut order.office_id);
        self.city_id.merge_into_option(&mut order.city_id);
        if let Some(archived) = self.archived {
            order.archived = archived;
        }
        if let Some(tags) = self.tags {
            order.tags = tags;
        }
        self.color.merge_into_option(&mut order.color);
        if let Some(text) = self.text {
            order.text = text;
        }
        match self.marks {
            Presence::Absent => {}
            Presence::Null => order.marks.clear(),
            Presence::Value(marks) => merge_marks(&mut order.marks, marks),
        }
    }
}

/// Marks keep their place when they get another value; new ones go to the end.
fn merge_marks(marks: &mut Vec<Mark>, patches: Vec<MarkPatch>) {
    for MarkPatch { key, value } in patches {
        let place = marks.iter().position(|mark| mark.key == key);
        match (place, value) {
            (Some(place), Some(value)) => marks[place].value = value,
            (Some(place), None) => drop(marks.remove(place)),
            (None, Some(value)) => marks.push(Mark { key, value }),
            (None, None) => {}
        }
    }
}

/// The tags of a comma-separated text: trimmed, without repeats and blanks
/// (WIRE 1). The first of equal ones counts.
pub(crate) fn parse_tags(text: &str) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in text.split(',').map(str::trim) {
        if !tag.is_empty() && !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_are_trimmed_and_unique() {
        assert_eq!(
            parse_tags(" vip ,spb,,vip, New York ,"),
            ["vip", "spb", "New York"]
        );
        assert_eq!(parse_tags(" , ,"), Vec::<String>::new());
    }

    #[test]
    fn marks_merge_by_key() {
        let mark = |key: &str, value: &str| Mark {
            key: key.to_owned(),
            value: value.to_owned(),
        };
        let patch = |key: &str, value: Option<&str>| MarkPatch {
            key: key.to_owned(),
            value: value.map(str::to_owned),
        };
        let mut marks = vec![mark("utmSource", "ya"), mark("gclid", "1"), mark("ip", "x")];
        merge_marks(
            &mut marks,
            vec![
                patch("yclid", Some("7")),
                patch("gclid", None),
                patch("utmSource", Some("google")),
                patch("unknown", None),
            ],
        );
        assert_eq!(
            marks,
            [
                mark("utmSource", "google"),
                mark("ip", "x"),
                mark("yclid", "7")
            ]
        );
    }

    proptest! {
        #[test]
        fn tags_survive_the_round_trip(text in "[a-z ,\u{a0}ж]{0,40}") {
            let tags = parse_tags(&text);
            prop_assert_eq!(&parse_tags(&tags.join(",")), &tags);
            prop_assert!(tags.iter().all(|tag| !tag.is_empty() && tag.trim() == tag));
        }
    }
}
