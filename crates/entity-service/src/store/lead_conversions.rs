//! What each lead became, for ever.

use std::collections::HashMap;

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{AccountId, ClientId, LeadConverted, LeadId, OrderId, Timestamp};
use serde_json::Value;

use crate::store::schema::lead_conversions;
use crate::store::unreadable::unreadable;

#[derive(Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = lead_conversions)]
#[diesel(treat_none_as_default_value = false)]
struct ConversionRow {
    lead_id: i64,
    account_id: i64,
    client_id: i64,
    order_id: i64,
    converted_at_us: i64,
    warnings: Value,
}

impl ConversionRow {
    fn into_conversion(self) -> Result<LeadConverted, DatabaseError> {
        let unreadable = || unreadable("lead_conversions.warnings", &self.warnings.to_string());
        let warnings = self.warnings.as_array().ok_or_else(unreadable)?;
        Ok(LeadConverted {
            lead_id: LeadId(self.lead_id),
            client_id: ClientId(self.client_id),
            order_id: OrderId(self.order_id),
            warnings: warnings
                .iter()
                .map(|warning| warning.as_str().map(str::to_owned).ok_or_else(unreadable))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// Which of these leads were converted, and into what.
pub(crate) fn list_conversions(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    lead_ids: &[i64],
) -> Result<HashMap<LeadId, LeadConverted>, DatabaseError> {
    let rows: Vec<ConversionRow> = on_backend!(conn, |c| lead_conversions::table
        .filter(lead_conversions::account_id.eq(account_id.0))
        .filter(lead_conversions::lead_id.eq_any(lead_ids))
        .select(ConversionRow::as_select())
        .load(c))?;
    rows.into_iter()
        .map(|row| {
            let conversion = row.into_conversion()?;
            Ok((conversion.lead_id, conversion))
        })
        .collect()
}

/// Notes what leads became.
pub(crate) fn insert_conversions(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    conversions: &[&LeadConverted],
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let rows: Vec<ConversionRow> = conversions
        .iter()
        .map(|conversion| ConversionRow {
            lead_id: conversion.lead_id.0,
            account_id: account_id.0,
            client_id: conversion.client_id.0,
            order_id: conversion.order_id.0,
            converted_at_us: now.0,
            warnings: Value::from(conversion.warnings.clone()),
        })
        .collect();
    on_backend!(conn, |c| diesel::insert_into(lead_conversions::table)
        .values(&rows)
        .execute(c))?;
    Ok(())
}
