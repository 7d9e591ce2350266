//! People who were erased after a backup was made, and are in it.

use std::collections::{BTreeMap, BTreeSet};

use database::DatabaseError;
use outbox::recovery::{KnownErasure, list_erasures};

use super::{Recovery, Restored};

/// Those whom a restored service has again, by service.
#[derive(Debug, Default)]
pub(super) struct Erasures {
    pub(super) forgotten: Vec<(Restored, Vec<KnownErasure>)>,
}

impl Erasures {
    pub(super) async fn find(of: &Recovery) -> Result<Self, DatabaseError> {
        let mut all = BTreeMap::new();
        let mut own = Vec::new();
        for (service, database) in of.databases() {
            let erasures = database.read(list_erasures).await?;
            let ids: BTreeSet<Vec<u8>> = erasures.iter().map(|it| it.event_id.clone()).collect();
            all.extend(erasures.into_iter().map(|it| (it.event_id.clone(), it)));
            own.push((service, ids));
        }
        let mut forgotten = Vec::new();
        for (service, ids) in own {
            let missing = all.values().filter(|it| !ids.contains(&it.event_id));
            let missing: Vec<KnownErasure> = missing.cloned().collect();
            if of.is_restored(service) && !missing.is_empty() {
                forgotten.push((service, missing));
            }
        }
        Ok(Self { forgotten })
    }
}
