//! What the entity service is asked to make of a lead.

use events::{DirectoryEntryId, LeadConversionRequested, Mark, Price, StageId};

use super::lead::Lead;
use super::source::LeadDefaults;

/// A lead's cost is in whole units, an order's price in hundredths.
const MINOR_PER_UNIT: i64 = 100;

/// The request to make a client and an order of `lead`, which takes from its source's `defaults`
/// what it does not say itself.
///
/// Nothing is judged here. Only the entity service knows which ids the account has and what an order
/// takes: what it drops it names in a warning, and takes the default instead of an unknown id.
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
        // One too large for minor units is no order's price either way.
        cost: lead
            .cost
            .map(|units| Price(units.saturating_mul(MINOR_PER_UNIT))),
        marks: lead
            .marks
            .iter()
            .map(|(key, value)| Mark {
                key: key.to_owned(),
                value: value.to_owned(),
            })
            .collect(),
        default_origin_id: defaults.origin_id.map(DirectoryEntryId),
        default_office_id: defaults.office_id.map(DirectoryEntryId),
        default_city_id: defaults.city_id.map(DirectoryEntryId),
        default_stage_id: defaults.stage_id.map(StageId),
    }
}

#[cfg(test)]
mod tests {
    use events::{LeadId, Timestamp};
    use serde_json::Map;

    use super::*;
    use crate::domain::lead::{LeadState, Marks};
    use crate::domain::source::SourceId;

    fn lead() -> Lead {
        Lead {
            id: LeadId(1),
            source_id: SourceId(1),
            request_id: None,
            state: LeadState::Converting,
            first_id: None,
            other_count: 0,
            name: None,
            phone: None,
            phone_digits: None,
            phone_normalized: None,
            email: None,
            email_normalized: None,
            owner_id: None,
            origin_id: None,
            remote_id: None,
            office_id: None,
            city_id: None,
            stage_id: None,
            cost: None,
            marks: Marks::default(),
            extra: Map::new(),
            warnings: Vec::new(),
            reject_reason: None,
            client_id: None,
            order_id: None,
            revision: 1,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }

    #[test]
    fn a_cost_that_no_order_can_have_is_passed_on() {
        for (units, minor, is_valid) in [
            (0, 0, true),
            (1_500, 150_000, true),
            (9_999_999_999_999, 999_999_999_999_900, true),
            (10_000_000_000_000, 1_000_000_000_000_000, false),
            (-1, -100, true),
            (-10_000_000_000_000, -1_000_000_000_000_000, false),
            (i64::MAX, i64::MAX, false),
            (i64::MIN, i64::MIN, false),
        ] {
            let lead = Lead {
                cost: Some(units),
                ..lead()
            };
            let cost = conversion_request(&lead, &LeadDefaults::default()).cost;
            assert_eq!(cost, Some(Price(minor)), "{units}");
            assert_eq!(cost.is_some_and(Price::is_valid), is_valid, "{units}");
        }
    }

    #[test]
    fn the_defaults_go_along_whatever_was_sent() {
        let defaults = LeadDefaults {
            origin_id: Some(2),
            stage_id: Some(3),
            owner_id: Some(4),
            office_id: Some(5),
            city_id: None,
        };
        let lead = Lead {
            origin_id: Some(-7),
            stage_id: Some(99_999),
            city_id: Some(0),
            owner_id: Some(-1),
            ..lead()
        };
        let request = conversion_request(&lead, &defaults);
        assert_eq!(request.origin_id, Some(DirectoryEntryId(-7)));
        assert_eq!(request.default_origin_id, Some(DirectoryEntryId(2)));
        assert_eq!(request.stage_id, Some(StageId(99_999)));
        assert_eq!(request.default_stage_id, Some(StageId(3)));
        // What the lead does not say is asked for as before.
        assert_eq!(request.office_id, Some(DirectoryEntryId(5)));
        assert_eq!(request.default_office_id, Some(DirectoryEntryId(5)));
        assert_eq!(request.city_id, Some(DirectoryEntryId(0)));
        assert_eq!(request.default_city_id, None);
        assert_eq!(request.owner_id, Some(-1));
    }
}
