//! The two messages by which a lead becomes a client and an order.

mod convert;

use crate::{ClientId, DirectoryEntryId, LeadId, Mark, OrderId, Price, StageId};

/// The intake service asks for a client and an order.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadConversionRequested {
    /// The lead.
    pub lead_id: LeadId,
    /// As sent.
    pub name: String,
    /// As S1 answers it: digits without `+`.
    pub phone: String,
    /// As sent.
    pub email: String,
    /// E.164, where the phone has one.
    pub phone_e164: Option<String>,
    /// In comparable form, where the email is valid.
    pub email_normalized: Option<String>,
    /// The responsible employee.
    pub owner_id: Option<i64>,
    /// Entry of the directory `origin`.
    pub origin_id: Option<DirectoryEntryId>,
    /// Entry of the directory `office`.
    pub office_id: Option<DirectoryEntryId>,
    /// Entry of the directory `city`.
    pub city_id: Option<DirectoryEntryId>,
    /// The stage that the order shall start in.
    pub stage_id: Option<StageId>,
    /// Becomes the order's price, if it is one that an order can have.
    pub cost: Option<Price>,
    /// Advertising marks.
    pub marks: Vec<Mark>,
    /// What the lead's source has instead of an `origin_id` that the account does not have.
    pub default_origin_id: Option<DirectoryEntryId>,
    /// The same for `office_id`.
    pub default_office_id: Option<DirectoryEntryId>,
    /// The same for `city_id`.
    pub default_city_id: Option<DirectoryEntryId>,
    /// The same for `stage_id`.
    pub default_stage_id: Option<StageId>,
}

/// The entity service made them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadConverted {
    /// The lead.
    pub lead_id: LeadId,
    /// The client found or made.
    pub client_id: ClientId,
    /// The order made.
    pub order_id: OrderId,
    /// Sentences for the manager, such as an id that was unknown and dropped.
    pub warnings: Vec<String>,
}
