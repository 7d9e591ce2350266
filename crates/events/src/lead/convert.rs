//! Leads' messages as protobuf.

use crate::{
    ClientId, DirectoryEntryId, LeadConversionRequested, LeadConverted, LeadId, Mark, OrderId,
    Price, StageId, raw,
};

impl LeadConversionRequested {
    pub(crate) fn to_raw(&self) -> raw::LeadConversionRequested {
        raw::LeadConversionRequested {
            lead_id: self.lead_id.0,
            name: self.name.clone(),
            phone: self.phone.clone(),
            email: self.email.clone(),
            phone_e164: self.phone_e164.clone().unwrap_or_default(),
            email_normalized: self.email_normalized.clone().unwrap_or_default(),
            owner_id: self.owner_id,
            origin_id: self.origin_id.map(|id| id.0),
            office_id: self.office_id.map(|id| id.0),
            city_id: self.city_id.map(|id| id.0),
            stage_id: self.stage_id.map(|id| id.0),
            cost_minor: self.cost.map(|cost| cost.0),
            marks: self.marks.iter().map(Mark::to_raw).collect(),
            default_origin_id: self.default_origin_id.map(|id| id.0),
            default_office_id: self.default_office_id.map(|id| id.0),
            default_city_id: self.default_city_id.map(|id| id.0),
            default_stage_id: self.default_stage_id.map(|id| id.0),
        }
    }

    pub(crate) fn from_raw(raw: raw::LeadConversionRequested) -> Self {
        Self {
            lead_id: LeadId(raw.lead_id),
            name: raw.name,
            phone: raw.phone,
            email: raw.email,
            phone_e164: unless_empty(raw.phone_e164),
            email_normalized: unless_empty(raw.email_normalized),
            owner_id: raw.owner_id,
            origin_id: raw.origin_id.map(DirectoryEntryId),
            office_id: raw.office_id.map(DirectoryEntryId),
            city_id: raw.city_id.map(DirectoryEntryId),
            stage_id: raw.stage_id.map(StageId),
            cost: raw.cost_minor.map(Price),
            marks: raw.marks.into_iter().map(Mark::from_raw).collect(),
            default_origin_id: raw.default_origin_id.map(DirectoryEntryId),
            default_office_id: raw.default_office_id.map(DirectoryEntryId),
            default_city_id: raw.default_city_id.map(DirectoryEntryId),
            default_stage_id: raw.default_stage_id.map(StageId),
        }
    }
}

fn unless_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

impl LeadConverted {
    pub(crate) fn to_raw(&self) -> raw::LeadConverted {
        raw::LeadConverted {
            lead_id: self.lead_id.0,
            client_id: self.client_id.0,
            order_id: self.order_id.0,
            warnings: self.warnings.clone(),
        }
    }

    pub(crate) fn from_raw(raw: raw::LeadConverted) -> Self {
        Self {
            lead_id: LeadId(raw.lead_id),
            client_id: ClientId(raw.client_id),
            order_id: OrderId(raw.order_id),
            warnings: raw.warnings,
        }
    }
}
