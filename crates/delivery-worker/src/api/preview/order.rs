//! An order as `GET /orders/{id}` answers it, out of a request (WIRE 5).

use events::{
    ClientId, Color, DirectoryEntryId, Mark, OrderId, OrderSnapshot, PipelineSummary, Price,
    StageId, StageSummary, Timestamp,
};
use http_api::{FieldError, Fields, Invalid, Presence, TextLimit, check_text, code, read_text};
use serde_json::Value;

use crate::domain::stage::AccountStages;

/// Names and other single lines.
pub(super) const LINE: TextLimit = TextLimit::Chars(255);
/// Descriptions.
pub(super) const TEXT: TextLimit = TextLimit::Bytes(64 << 10);
const MARK_KEY: TextLimit = TextLimit::Chars(64);
const MARK_VALUE: TextLimit = TextLimit::Chars(2_048);
const MAX_MARKS: usize = 100;
/// The id of an order that names none.
const USUAL_ID: i64 = 1;

/// Keys of an order as far as they were sent.
#[derive(Debug, Clone, Default)]
pub(super) struct OrderDraft {
    id: Option<i64>,
    name: Option<String>,
    price: Presence<Price>,
    category_id: Presence<i64>,
    stage_id: Option<i64>,
    pipeline_id: Option<i64>,
    origin_id: Presence<i64>,
    pub(super) client_id: Presence<i64>,
    owner_id: Presence<i64>,
    office_id: Presence<i64>,
    city_id: Presence<i64>,
    archived: Option<bool>,
    tags: Option<Vec<String>>,
    color: Presence<Color>,
    text: Option<String>,
    marks: Option<Vec<Mark>>,
    pub(super) revision: Option<i64>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
}

impl OrderDraft {
    /// Reads a whole order, of which only the stage has to be there.
    pub(super) fn read_new(fields: &mut Fields) -> Self {
        let stage_id = fields.required_id("id_status");
        let mut draft = Self::read(fields);
        draft.stage_id = Some(stage_id);
        let id = fields.id("id");
        draft.id = fields.not_null("id", id);
        let revision = fields.integer("revision", 1..=i64::MAX);
        draft.revision = fields.not_null("revision", revision);
        draft.created_at = read_time(fields, "created_at");
        draft.updated_at = read_time(fields, "updated_at");
        draft
    }

    /// Reads former values of what an edit changed.
    pub(super) fn read_previous(fields: &mut Fields) -> Self {
        let stage_id = fields.id("id_status");
        let stage_id = fields.not_null("id_status", stage_id);
        let mut draft = Self::read(fields);
        draft.stage_id = stage_id;
        draft
    }

    fn read(fields: &mut Fields) -> Self {
        let pipeline_id = fields.id("id_pipeline");
        Self {
            name: text(fields, "name", LINE),
            price: fields.custom("price", read_price),
            category_id: fields.id("id_cat"),
            pipeline_id: fields.not_null("id_pipeline", pipeline_id),
            origin_id: fields.id("id_origin"),
            client_id: fields.id("id_client"),
            owner_id: fields.id("id_owner"),
            office_id: fields.id("id_office"),
            city_id: fields.id("id_city"),
            archived: flag(fields, "archive"),
            tags: text(fields, "tags", TEXT).map(|tags| split_tags(&tags)),
            color: fields.custom("color", read_color),
            text: text(fields, "text", TEXT),
            marks: read_marks(fields),
            ..Self::default()
        }
    }

    /// An order with what was sent. Errors point below `at`.
    pub(super) fn into_order(
        self,
        places: &AccountStages,
        now: Timestamp,
        at: &str,
    ) -> Result<OrderSnapshot, Vec<FieldError>> {
        let (stage, pipeline) = self
            .place(places, StageId(self.stage_id.unwrap_or_default()), at)
            .map_err(|error| vec![error])?;
        let updated_at = self.updated_at.unwrap_or(now);
        let mut order = OrderSnapshot {
            id: OrderId(self.id.unwrap_or(USUAL_ID)),
            name: String::new(),
            price: None,
            category_id: None,
            stage,
            pipeline,
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
            created_at: self.created_at.unwrap_or(updated_at),
            updated_at,
        };
        self.merge_into(&mut order);
        Ok(order)
    }

    /// The order before an edit, from that after it.
    pub(super) fn into_previous(
        self,
        order: &OrderSnapshot,
        places: &AccountStages,
        at: &str,
    ) -> Result<OrderSnapshot, Vec<FieldError>> {
        let mut before = order.clone();
        if self.stage_id.is_some() || self.pipeline_id.is_some() {
            let stage_id = self.stage_id.map_or(order.stage.id, StageId);
            (before.stage, before.pipeline) = self
                .place(places, stage_id, at)
                .map_err(|error| vec![error])?;
        }
        self.merge_into(&mut before);
        if before.client_id != order.client_id {
            // Nothing is known of it but the id.
            before.client = None;
        }
        Ok(before)
    }

    /// The error if the stage that was sent is none.
    pub(super) fn misplaced(&self, places: &AccountStages, at: &str) -> Option<FieldError> {
        self.place(places, StageId(self.stage_id?), at).err()
    }

    fn place(
        &self,
        places: &AccountStages,
        stage: StageId,
        at: &str,
    ) -> Result<(StageSummary, PipelineSummary), FieldError> {
        let Some((stage, pipeline)) = places.summarize(stage) else {
            return Err(FieldError::new(
                format!("{at}/id_status"),
                code::NOT_FOUND,
                format!("There is no stage {stage}; send the id of one that exists."),
            ));
        };
        match self.pipeline_id {
            Some(sent) if sent != pipeline.id.0 => Err(FieldError::new(
                format!("{at}/id_pipeline"),
                code::INVALID,
                format!(
                    "Stage {} is of pipeline {}; send that one, or leave it out.",
                    stage.id, pipeline.id
                ),
            )),
            _ => Ok((stage, pipeline)),
        }
    }

    fn merge_into(self, order: &mut OrderSnapshot) {
        let entry = |presence: Presence<i64>| presence.map(DirectoryEntryId);
        set(&mut order.name, self.name);
        self.price.merge_into_option(&mut order.price);
        entry(self.category_id).merge_into_option(&mut order.category_id);
        entry(self.origin_id).merge_into_option(&mut order.origin_id);
        self.client_id
            .map(ClientId)
            .merge_into_option(&mut order.client_id);
        self.owner_id.merge_into_option(&mut order.owner_id);
        entry(self.office_id).merge_into_option(&mut order.office_id);
        entry(self.city_id).merge_into_option(&mut order.city_id);
        set(&mut order.archived, self.archived);
        set(&mut order.tags, self.tags);
        self.color.merge_into_option(&mut order.color);
        set(&mut order.text, self.text);
        set(&mut order.marks, self.marks);
    }
}

fn set<T>(target: &mut T, sent: Option<T>) {
    if let Some(sent) = sent {
        *target = sent;
    }
}

/// Null means empty: texts are never null (WIRE 1).
pub(super) fn text(fields: &mut Fields, key: &str, limit: TextLimit) -> Option<String> {
    match fields.text(key, limit) {
        Presence::Absent => None,
        Presence::Null => Some(String::new()),
        Presence::Value(text) => Some(text),
    }
}

/// Null means false.
fn flag(fields: &mut Fields, key: &str) -> Option<bool> {
    match fields.boolean(key) {
        Presence::Absent => None,
        Presence::Null => Some(false),
        Presence::Value(flag) => Some(flag),
    }
}

pub(super) fn read_time(fields: &mut Fields, key: &str) -> Option<Timestamp> {
    let time = fields.custom(key, |value| {
        let text = read_text(value, LINE)?;
        Timestamp::parse_rfc3339(&text).ok_or_else(|| {
            Invalid::new(
                code::INVALID,
                "Send a time as RFC 3339, such as \"2026-01-02T03:04:05Z\".",
            )
        })
    });
    fields.not_null(key, time)
}

fn read_price(value: &Value) -> Result<Price, Invalid> {
    let Value::Number(number) = value else {
        return Err(Invalid::wrong_type("a number", value));
    };
    Price::parse(number).map_err(|error| Invalid::new(code::INVALID, format!("A price {error}.")))
}

fn read_color(value: &Value) -> Result<Color, Invalid> {
    let text = value
        .as_str()
        .ok_or_else(|| Invalid::wrong_type("text", value))?;
    Color::parse(text)
        .ok_or_else(|| Invalid::new(code::INVALID, "Send six hex digits, such as \"AD3939\"."))
}

fn split_tags(text: &str) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in text.split(',').map(str::trim) {
        if !tag.is_empty() && !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    tags
}

fn read_marks(fields: &mut Fields) -> Option<Vec<Mark>> {
    let marks = fields.entries("marks", MAX_MARKS, |key, value| {
        check_text(key, MARK_KEY)?;
        if key.is_empty() || key.chars().any(char::is_control) {
            return Err(Invalid::new(
                code::INVALID,
                "Send a key of 1 to 64 characters without control characters.",
            ));
        }
        read_text(value, MARK_VALUE)
    });
    let mark = |(key, value)| Mark { key, value };
    match marks {
        Presence::Absent => None,
        Presence::Null => Some(Vec::new()),
        Presence::Value(marks) => Some(marks.into_iter().map(mark).collect()),
    }
}
