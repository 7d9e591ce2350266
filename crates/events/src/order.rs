//! Orders (deals).

mod convert;
pub(crate) mod keys;

use serde::{Deserialize, Serialize};

use crate::{
    Action, ClientId, ClientSnapshot, Color, DirectoryEntryId, OrderId, PipelineId, Price, StageId,
    Timestamp,
};

/// An order was added, edited or deleted.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderChanged {
    /// What happened.
    pub action: Action,
    /// Starts at 1 and grows by exactly one per event of this order.
    pub revision: i64,
    /// The state after the change; on delete the last one.
    pub order: OrderSnapshot,
    /// Wire keys of what an edit changed (`marks` stands for all marks).
    pub changed: Vec<String>,
    /// The state before an edit; `None` on add and delete. What `changed` does
    /// not name is as after the edit once the event has travelled.
    pub previous: Option<OrderSnapshot>,
}

/// An order at one moment, with all that a receiver may ask about it.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderSnapshot {
    /// The order's id.
    pub id: OrderId,
    /// Title.
    pub name: String,
    /// The amount, where one is set.
    pub price: Option<Price>,
    /// Entry of the directory `order_category`.
    pub category_id: Option<DirectoryEntryId>,
    /// The stage it is in (`id_status` on the wire).
    pub stage: StageSummary,
    /// The pipeline of that stage.
    pub pipeline: PipelineSummary,
    /// Entry of the directory `origin`.
    pub origin_id: Option<DirectoryEntryId>,
    /// The client it belongs to.
    pub client_id: Option<ClientId>,
    /// That client as it was at this moment.
    pub client: Option<ClientSnapshot>,
    /// The responsible employee, an id of the account's own.
    pub owner_id: Option<i64>,
    /// Entry of the directory `office`.
    pub office_id: Option<DirectoryEntryId>,
    /// Entry of the directory `city`.
    pub city_id: Option<DirectoryEntryId>,
    /// Whether it is in the archive.
    pub archived: bool,
    /// Trimmed, without repeats; on the wire one string, comma separated.
    pub tags: Vec<String>,
    /// Color on the board.
    pub color: Option<Color>,
    /// Description.
    pub text: String,
    /// Advertising marks: utm labels, click ids.
    pub marks: Vec<Mark>,
    /// When the order was added.
    pub created_at: Timestamp,
    /// When the order was last changed.
    pub updated_at: Timestamp,
}

/// The stage of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageSummary {
    /// The stage's id.
    pub id: StageId,
    /// The stage's name.
    pub name: String,
    /// What being in it means.
    pub kind: StageKind,
}

/// What being in a stage means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StageKind {
    /// Still in work.
    Open,
    /// Closed with success.
    Won,
    /// Closed without.
    Lost,
}

impl StageKind {
    /// The wire name: `open`, `won`, `lost`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    /// From the wire name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Open, Self::Won, Self::Lost]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// The pipeline of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineSummary {
    /// The pipeline's id.
    pub id: PipelineId,
    /// The pipeline's name.
    pub name: String,
}

/// One advertising mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Such as `utmSource`.
    pub key: String,
    /// Its value.
    pub value: String,
}
