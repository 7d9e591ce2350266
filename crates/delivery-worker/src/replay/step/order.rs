//! Old revisions that an ordered webhook must not get behind newer ones.

use std::collections::{HashMap, HashSet};

use database::{Connection, DatabaseError};
use events::AccountId;

use crate::domain::delivery::DeliveryState;
use crate::domain::webhook::WebhookId;
use crate::registry::SendPlan;
use crate::store::replays::candidates::{RecordName, list_newest_revisions};

/// What makes a revision too old for a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Newest {
    /// A newer one was delivered.
    Delivered,
    /// A newer one was delivered, or waits.
    DeliveredOrWaiting,
}

impl Newest {
    /// `None` for a webhook that takes revisions in any order.
    pub(super) fn of(plan: &SendPlan) -> Option<Self> {
        match (plan.ordered, plan.latest_only) {
            (_, true) => Some(Self::DeliveredOrWaiting),
            (true, false) => Some(Self::Delivered),
            (false, false) => None,
        }
    }

    fn states(self) -> &'static [DeliveryState] {
        match self {
            Self::Delivered => &[DeliveryState::Delivered],
            Self::DeliveredOrWaiting => &[DeliveryState::Delivered, DeliveryState::Pending],
        }
    }
}

/// The newest revision of each record that counts.
#[derive(Debug, Default)]
pub(super) struct Revisions(HashMap<RecordName, i64>);

impl Revisions {
    /// Of these records; nothing is asked if nothing would be too old.
    pub(super) fn read<'a>(
        conn: &mut Connection<'_>,
        newest: Option<Newest>,
        account_id: AccountId,
        webhook: WebhookId,
        records: impl Iterator<Item = (&'a str, Option<i64>)>,
    ) -> Result<Self, DatabaseError> {
        let Some(newest) = newest else {
            return Ok(Self::default());
        };
        let records: HashSet<RecordName> = records
            .filter_map(|(component, id)| Some((component.to_owned(), id?)))
            .collect();
        if records.is_empty() {
            return Ok(Self::default());
        }
        list_newest_revisions(conn, account_id, webhook, &records, newest.states()).map(Self)
    }

    /// Whether a newer revision of the record is there.
    pub(super) fn have_newer(
        &self,
        component: &str,
        record_id: Option<i64>,
        revision: Option<i64>,
    ) -> bool {
        let (Some(record_id), Some(revision)) = (record_id, revision) else {
            return false;
        };
        self.0
            .get(&(component.to_owned(), record_id))
            .is_some_and(|newest| *newest > revision)
    }
}
