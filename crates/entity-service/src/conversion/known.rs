//! What an account has of all that some leads name, read at once.

use std::collections::HashMap;

use database::{Connection, DatabaseError};
use events::{AccountId, ClientId, ClientSnapshot, DirectoryEntryId, StageId, Timestamp};

use super::lead::Lead;
use super::wanted::Wanted;
use crate::domain::directory::DirectoryKind;
use crate::domain::order::Placement;
use crate::domain::pipeline::NewPipeline;
use crate::domain::seed;
use crate::domain::stage::default_stages;
use crate::domain::stored::Stored;
use crate::records::pipelines::add_pipeline;
use crate::store::author::Author;
use crate::store::clients::lock_clients;
use crate::store::error::StoreError;
use crate::store::matches::{Holders, find_holders};
use crate::store::references::{
    find_first_entry, find_first_placement, list_entry_kinds, list_placements,
};

/// How often clients are looked for that others delete meanwhile.
const LOOKS: usize = 5;

/// The account's settings that leads name, and its defaults.
#[derive(Debug)]
pub(super) struct KnownSettings {
    /// The status of new clients.
    pub(super) client_status: Option<DirectoryEntryId>,
    /// Where orders start.
    pub(super) start: Placement,
    stages: HashMap<i64, Placement>,
    entries: HashMap<i64, DirectoryKind>,
}

impl KnownSettings {
    pub(super) fn read(
        conn: &mut Connection<'_>,
        account_id: AccountId,
        leads: &[&Lead],
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let stages: Vec<i64> = leads
            .iter()
            .flat_map(|lead| lead.stage.ids())
            .map(|id| id.0)
            .collect();
        let entries: Vec<i64> = leads
            .iter()
            .flat_map(|lead| [lead.origin, lead.office, lead.city])
            .flat_map(Wanted::ids)
            .map(|id| id.0)
            .collect();
        Ok(Self {
            client_status: find_first_entry(conn, account_id, DirectoryKind::ClientStatus)?,
            start: start(conn, account_id, now)?,
            stages: match stages.as_slice() {
                [] => HashMap::new(),
                _ => list_placements(conn, account_id, stages)?,
            },
            entries: match entries.as_slice() {
                [] => HashMap::new(),
                entries => list_entry_kinds(conn, account_id, entries)?,
            },
        })
    }

    /// The stage with its pipeline, if it is the account's.
    pub(super) fn stage(&self, id: StageId) -> Option<&Placement> {
        self.stages.get(&id.0)
    }

    /// Whether the account's directory of this kind has the entry.
    pub(super) fn has_entry(&self, kind: DirectoryKind, id: DirectoryEntryId) -> bool {
        self.entries.get(&id.0) == Some(&kind)
    }
}

/// Where the account's orders start. One that has no open stage at all gets the
/// pipeline that accounts begin with: the lead has to go somewhere.
fn start(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    now: Timestamp,
) -> Result<Placement, StoreError> {
    if let Some(start) = find_first_placement(conn, account_id)? {
        return Ok(start);
    }
    let pipeline = NewPipeline {
        name: seed::PIPELINE.to_owned(),
        position: None,
        stages: default_stages(),
    };
    add_pipeline(conn, &Author::system(account_id, now), &pipeline)?;
    let start = find_first_placement(conn, account_id)?;
    Ok(start.ok_or(DatabaseError::NotFound)?)
}

/// The account's clients that leads may belong to.
#[derive(Debug)]
pub(super) struct KnownClients {
    holders: Holders,
    clients: HashMap<ClientId, Stored<ClientSnapshot>>,
}

impl KnownClients {
    /// Finds the clients and keeps them from other writers until the transaction
    /// ends.
    pub(super) fn lock(
        conn: &mut Connection<'_>,
        account_id: AccountId,
        leads: &[&Lead],
    ) -> Result<Self, DatabaseError> {
        let keys = |key: fn(&Lead) -> Option<&String>| {
            let keys = leads.iter().filter_map(|lead| key(lead));
            keys.map(String::as_str).collect::<Vec<&str>>()
        };
        let phones = keys(|lead| lead.phone.key.as_ref());
        let emails = keys(|lead| lead.email.key.as_ref());
        for _ in 0..LOOKS {
            let mut known = Self {
                holders: find_holders(conn, account_id, &phones, &emails)?,
                clients: HashMap::new(),
            };
            let mut ids: Vec<i64> = leads
                .iter()
                .filter_map(|lead| Some(known.client_of(lead)?.0))
                .collect();
            ids.sort_unstable();
            ids.dedup();
            if !ids.is_empty() {
                known.clients = lock_clients(conn, account_id, &ids)?;
            }
            if known.clients.len() == ids.len() {
                return Ok(known);
            }
        }
        Err(DatabaseError::Conflict(
            diesel::result::Error::RollbackTransaction,
        ))
    }

    /// The client that a lead belongs to: one with its phone, else one with its
    /// email. Of several with the phone one that has the email too goes first,
    /// then the lowest id.
    pub(super) fn client_of(&self, lead: &Lead) -> Option<ClientId> {
        let (phone, email) = (lead.phone.key.as_ref(), lead.email.key.as_ref());
        let by_both = || {
            let both = (phone?.clone(), email?.clone());
            self.holders.by_both.get(&both)
        };
        by_both()
            .or_else(|| self.holders.by_phone.get(phone?))
            .or_else(|| self.holders.by_email.get(email?))
            .copied()
    }

    /// The client with the lead's email.
    pub(super) fn holder_of_email(&self, lead: &Lead) -> Option<ClientId> {
        let key = lead.email.key.as_ref()?;
        self.holders.by_email.get(key).copied()
    }

    /// The client, if it was found by one of the leads.
    pub(super) fn get(&self, id: ClientId) -> Option<&Stored<ClientSnapshot>> {
        self.clients.get(&id)
    }

    /// Notes what a client is now, with the contacts that it got from the lead.
    pub(super) fn note(&mut self, client: Stored<ClientSnapshot>, lead: &Lead) {
        let id = client.record.id;
        let phone = lead
            .phone
            .key
            .clone()
            .filter(|_| client.record.phone == lead.phone.text);
        let email = lead
            .email
            .key
            .clone()
            .filter(|_| client.record.email == lead.email.text);
        let holders = &mut self.holders;
        if let (Some(phone), Some(email)) = (&phone, &email) {
            let both = (phone.clone(), email.clone());
            holders.by_both.entry(both).or_insert(id);
        }
        if let Some(phone) = phone {
            holders.by_phone.entry(phone).or_insert(id);
        }
        if let Some(email) = email {
            holders.by_email.entry(email).or_insert(id);
        }
        self.clients.insert(id, client);
    }
}
