//! Requests that were blanked when their person was erased.

use events::LeadConversionRequested;

use super::with_phone;
use crate::app::{TestApp, asked, conversions, lead};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_made_of_an_erased_lead() {
    let app = TestApp::start().await;
    let leads = app.leads().await;
    let whole = LeadConversionRequested {
        name: "Иван".to_owned(),
        owner_id: Some(7),
        ..with_phone(1, "79998888881", "+79998888881")
    };
    let mut blanked = asked(app.account_id, whole);
    assert!(blanked.blank_person(|text| text.contains("79998888881")));
    leads.publish(&blanked).await;
    // An account that is not known is not opened for it either.
    let account_id = app.other_account_id + 7;
    leads.publish(&asked(account_id, lead(2))).await;
    leads.publish(&blanked).await;
    // The queue keeps its order: when this one is answered, they were taken in.
    let named = LeadConversionRequested {
        name: "Ольга".to_owned(),
        ..lead(3)
    };
    let events = leads.convert([named]).await;
    assert_eq!(conversions(&events)[0].lead_id.0, 3);
    assert_eq!(events.len(), 3);
    for (rows, number) in [
        ("clients", 1),
        ("orders", 1),
        ("lead_conversions", 1),
        ("inbox_events", 3),
        ("parked_events", 0),
        ("accounts", 2),
    ] {
        assert_eq!(app.count_rows(rows).await, number, "{rows}");
    }
    leads
        .counted(&[("erased", 2), ("redelivered", 1), ("client_added", 1)])
        .await;
}
