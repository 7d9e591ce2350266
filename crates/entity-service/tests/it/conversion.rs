//! Leads become clients and orders.

mod cleaning;
mod clients;
mod defaults;
mod erased;
mod faults;
mod orders;
mod repeating;
mod sharing;

use events::LeadConversionRequested;

use crate::app::lead;

/// A lead with a Russian mobile, as the intake service sends it.
fn with_phone(id: i64, phone: &str, e164: &str) -> LeadConversionRequested {
    LeadConversionRequested {
        phone: phone.to_owned(),
        phone_e164: Some(e164.to_owned()),
        ..lead(id)
    }
}

/// A lead with an email whose comparable form is its own.
fn with_email(id: i64, email: &str) -> LeadConversionRequested {
    LeadConversionRequested {
        email: email.to_owned(),
        email_normalized: Some(email.to_owned()),
        ..lead(id)
    }
}
