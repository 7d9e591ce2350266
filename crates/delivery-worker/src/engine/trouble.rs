//! The tasks that need the database, each with what it says when that fails.

use database::Outage;

/// Whether each of the tasks gets what it asks of the database.
#[derive(Debug)]
pub(crate) struct Troubles {
    pub(crate) ingest: Outage,
    pub(crate) claim: Outage,
    pub(crate) lease: Outage,
    pub(crate) record: Outage,
    pub(crate) sweep: Outage,
    pub(crate) replay: Outage,
    pub(crate) retention: Outage,
}

impl Default for Troubles {
    fn default() -> Self {
        Self {
            ingest: Outage::new("events cannot be stored; they are kept until they can"),
            claim: Outage::new("deliveries cannot be claimed"),
            lease: Outage::new("the lease cannot be renewed"),
            record: Outage::new("outcomes cannot be recorded; nothing is sent until they can"),
            sweep: Outage::new("what is due cannot be looked up"),
            replay: Outage::new("replays stand still"),
            retention: Outage::new("what is old cannot be deleted"),
        }
    }
}
