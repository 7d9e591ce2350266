//! Random leads that ask for their conversion, and what they became.

use events::{ClientId, LeadConversionRequested, LeadConverted, LeadId, OrderId, Price, StageId};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{entry, marks, text};

pub(super) fn lead_requested() -> impl Strategy<Value = LeadConversionRequested> {
    let texts = (text(), text(), text());
    let normalized = (
        option::of("\\+[0-9]{11}"),
        option::of("[a-z]{1,5}@[a-z]{1,5}"),
    );
    let ids = (
        option::of(any::<i64>()),
        entry(),
        entry(),
        entry(),
        option::of(any::<i64>()),
    );
    let defaults = (entry(), entry(), entry(), option::of(any::<i64>()));
    let cost = option::of(any::<i64>());
    let wanted = (ids, defaults);
    (any::<i64>(), texts, normalized, wanted, cost, marks()).prop_map(
        |(lead_id, texts, normalized, (ids, defaults), cost, marks)| LeadConversionRequested {
            lead_id: LeadId(lead_id),
            name: texts.0,
            phone: texts.1,
            email: texts.2,
            phone_e164: normalized.0,
            email_normalized: normalized.1,
            owner_id: ids.0,
            origin_id: ids.1,
            office_id: ids.2,
            city_id: ids.3,
            stage_id: ids.4.map(StageId),
            cost: cost.map(Price),
            marks,
            default_origin_id: defaults.0,
            default_office_id: defaults.1,
            default_city_id: defaults.2,
            default_stage_id: defaults.3.map(StageId),
        },
    )
}

pub(super) fn lead_converted() -> impl Strategy<Value = LeadConverted> {
    let ids = (any::<i64>(), any::<i64>(), any::<i64>());
    (ids, vec(text(), 0..3)).prop_map(|(ids, warnings)| LeadConverted {
        lead_id: LeadId(ids.0),
        client_id: ClientId(ids.1),
        order_id: OrderId(ids.2),
        warnings,
    })
}
