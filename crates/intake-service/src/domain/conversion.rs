//! What the entity service is asked to make of a lead.

use events::{DirectoryEntryId, LeadConversionRequested, Mark, Price, StageId};
use serde_json::Number;

use super::lead::Lead;
use super::source::LeadDefaults;

/// The request to make a client and an order of `lead`, which takes from its source's `defaults`
/// what it does not say itself.
///
/// Ids that cannot be ids and a cost that no order can have are left out; the entity service drops
/// those that it does not know.
pub(crate) fn conversion_request(lead: &Lead, defaults: &LeadDefaults) -> LeadConversionRequested {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    LeadConversionRequested {
        lead_id: lead.id,
        name: text(&lead.name),
        // As the sender was answered: one spelling for clients of all sources.
        phone: text(&lead.phone_digits),
        email: text(&lead.email),
        phone_e164: lead.phone_normalized.clone(),
        email_normalized: lead.email_normalized.clone(),
        owner_id: lead.owner_id.or(defaults.owner_id),
        origin_id: lead.origin_id.or(defaults.origin_id).map(DirectoryEntryId),
        office_id: lead.office_id.or(defaults.office_id).map(DirectoryEntryId),
        city_id: lead.city_id.or(defaults.city_id).map(DirectoryEntryId),
        stage_id: lead.stage_id.or(defaults.stage_id).map(StageId),
        cost: lead
            .cost
            .and_then(|units| Price::parse(&Number::from(units)).ok()),
        marks: lead
            .marks
            .iter()
            .map(|(key, value)| Mark {
                key: key.to_owned(),
                value: value.to_owned(),
            })
            .collect(),
    }
}
